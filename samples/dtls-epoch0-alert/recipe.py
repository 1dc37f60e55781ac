#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root and the Debian packages
python3 iproute2 tcpdump openssl
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls_lab import DATA, HANDSHAKE, Lab

FATAL_UNEXPECTED_MESSAGE = bytes.fromhex('15 fefd 0000 000000000009 0002 02 0a')

with Lab(capture_at='client') as lab:
    server = lab.openssl_server()
    client = lab.openssl_client(40001)
    lab.wait_datagrams(to_server=False, type_=HANDSHAKE, epoch=1)
    client.type('request 1')
    server.wait_for('request 1')
    server.type('answer 1')
    client.wait_for('answer 1')

    genuine = lab.datagrams(to_server=False, type_=DATA)[-1]
    lab.path.send(genuine.with_payload(FATAL_UNEXPECTED_MESSAGE))

    server.type('answer 2')
    client.wait_for('answer 2')
    client.type('request 2')
    server.wait_for('request 2')
    client.end_of_input()
    client.wait_end()
    lab.save()
