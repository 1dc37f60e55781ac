#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root and the Debian packages
python3 iproute2 tcpdump openssl
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls_lab import HANDSHAKE, Lab

with Lab() as lab:
    server = lab.openssl_server('-client_renegotiation')
    client = lab.openssl_client(40001)
    lab.wait_datagrams(to_server=False, type_=HANDSHAKE, epoch=1)
    client.type('request 1')
    server.wait_for('request 1')
    client.type('R')
    lab.wait_datagrams(to_server=False, type_=HANDSHAKE, epoch=2)
    client.type('request 2')
    server.wait_for('request 2')
    server.type('answer 2')
    client.wait_for('answer 2')
    client.end_of_input()
    client.wait_end()
    lab.save()
