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
    lab.cid_server(program)
    client = lab.cid_client(program, 40001, 'TLS-PSK-WITH-AES-128-GCM-SHA256')
    for _ in range(3):
        lab.ask(client)
    translator.out[40001] = 50001
    for _ in range(3):
        lab.ask(client, answered=False)
    client.type('again')
    client.wait_for('handshake done', 2)
    lab.ask(client)
    lab.close(client)
    lab.save()
