#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root and the Debian packages
python3 iproute2 tcpdump openssl gcc libssl-dev
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls_lab import DATA, Lab

with Lab() as lab:
    held = []

    def late_data(datagram):
        """Keeps the first client's third data datagram."""
        if not held and len(lab.datagrams(to_server=True, type_=DATA)) == 3:
            held.append(datagram)
            return False
        return True

    lab.path.hook = late_data
    server = lab.closing_openssl_server()

    first = lab.openssl_client(40001)
    server.wait_for('handshake done')
    for number in range(1, 3):
        first.type('request %d' % number)
        first.wait_for('answer', count=number)
    first.type('request 3, delayed on the path')
    lab.wait_datagrams(3, to_server=True, type_=DATA)
    first.end_of_input()
    first.wait_end()
    server.wait_for('the client closed')

    second = lab.openssl_client(40001)
    server.wait_for('handshake done', count=2)
    second.type('second request')
    second.wait_for('answer')
    lab.path.send(held[0])
    second.type('request after the late record')
    second.wait_for('answer', count=2)
    second.end_of_input()
    second.wait_end()
    lab.save()
    print(server.log())
