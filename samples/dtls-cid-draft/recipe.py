#!/usr/bin/env python3
"""Makes the capture again: MBEDTLS=SOURCE-FOLDER recipe.py [OUTPUT-FOLDER]; see lab/dtls_cid.py. Needs root and the Debian packages
python3 iproute2 tcpdump gcc make
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls_cid import CidLab

CLIENTS = (
    (40001, 'TLS-PSK-WITH-AES-128-GCM-SHA256', 'id', '0badcafe'),
    (40002, 'TLS-PSK-WITH-AES-128-CCM-8', 'id', ''),
    (40003, 'TLS-PSK-WITH-AES-128-CBC-SHA256', 'id', '0badf00d'),
    (40004, 'TLS-PSK-WITH-AES-128-CBC-SHA', 'id', '0badbeef', 'no-etm'),
)

# MBEDTLS is 2.28.3 here.
with CidLab() as lab:
    program = lab.program()
    lab.cid_server(program, *['c1d5e2f3a4%02x' % n for n in range(4)])
    for client in [lab.cid_client(program, *options) for options in CLIENTS]:
        lab.ask(client)
        lab.ask(client, 'another one')
        lab.close(client)
    lab.save()
