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
    balancer = Translator(lab.path)
    lab.cid_server(program, 'c1d5e2f3a401')
    lab.cid_server(program, 'c1d5e2f3b501', port=4434)
    client = lab.cid_client(program, 40001, 'TLS-PSK-WITH-AES-128-GCM-SHA256', 'id', '0badcafe')
    lab.ask(client)
    lab.ask(client)
    # The client's address changes, and the load balancer chooses by it.
    balancer.out[40001], balancer.to[40001] = 50001, 4434
    for _ in range(3):
        lab.ask(client, answered=False)
    client.kill()
    lab.save()
