#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root and the Debian packages
python3 iproute2 tcpdump openssl
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls_lab import CHANGE_CIPHER_SPEC, HANDSHAKE, Lab

with Lab() as lab:

    def lose_final_flight_once(datagram):
        return datagram.to_server or not datagram.has(type_=CHANGE_CIPHER_SPEC) \
            or len(lab.datagrams(to_server=False, type_=CHANGE_CIPHER_SPEC)) > 1

    lab.path.hook = lose_final_flight_once
    server = lab.openssl_server()
    client = lab.openssl_client(40001)
    lab.wait_datagrams(2, to_server=False, type_=HANDSHAKE, epoch=1)
    client.type('request')
    server.wait_for('request')
    server.type('answer')
    client.wait_for('answer')
    client.end_of_input()
    client.wait_end()
    lab.save()
