#!/usr/bin/env python3
"""Makes the capture again: MBEDTLS=SOURCE-FOLDER recipe.py [OUTPUT-FOLDER]; see lab/dtls_cid.py. Needs root and the Debian packages
python3 iproute2 tcpdump gcc make
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls_cid import CidLab, Translator

with CidLab() as lab:
    program = lab.program()
    translator = Translator(lab.path)
    lab.cid_server(program, 'c1d5e2f3a401', 'c1d5e2f3a402')
    one = lab.cid_client(program, 40001, 'TLS-PSK-WITH-AES-128-GCM-SHA256', 'id', '0badcafe')
    other = lab.cid_client(program, 40002, 'TLS-PSK-WITH-AES-128-CCM-8', 'id', '')
    lab.ask(one)
    lab.ask(other)
    translator.out[40001] = 50001
    lab.ask(one, 'from another port')
    # The port that the first client had is given to the second one.
    translator.out[40002] = 40001
    lab.ask(other, 'from the port of the first client')
    translator.out[40001] = 50002
    lab.ask(one, 'from a third port')
    lab.close(one)
    lab.close(other)
    lab.save()
