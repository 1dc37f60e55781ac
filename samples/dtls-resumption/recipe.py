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
    server = lab.openssl_server()
    for number, option in ((1, '-sess_out'), (2, '-sess_in')):
        client = lab.openssl_client(40000 + number, option, 'session.pem')
        lab.wait_datagrams(number, to_server=False, type_=HANDSHAKE, epoch=1)
        client.type('request %d' % number)
        server.wait_for('request %d' % number)
        server.type('answer %d' % number)
        client.wait_for('answer %d' % number)
        client.end_of_input()
        client.wait_end()
    lab.save()
