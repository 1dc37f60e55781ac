#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root and the Debian packages
python3 iproute2 tcpdump openssl
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls_lab import CERTIFICATE, HANDSHAKE, Lab

with Lab(capture_at='client') as lab:
    fragments = []

    def reorder_and_lose(datagram):
        """Of the first server flight: the second certificate fragment comes after the third, the fourth is lost."""
        if datagram.to_server or not datagram.has(message=CERTIFICATE):
            return True
        fragments.append(datagram)
        if len(fragments) in (2, 4):
            return False
        if len(fragments) == 3:
            lab.path.send(datagram)
            lab.path.send(fragments[1])
            return False
        return True

    lab.path.hook = reorder_and_lose
    server = lab.openssl_server('-mtu', '256')
    client = lab.openssl_client(40001, '-mtu', '256')
    lab.wait_datagrams(to_server=False, type_=HANDSHAKE, epoch=1)
    client.type('request')
    server.wait_for('request')
    server.type('answer')
    client.wait_for('answer')
    client.end_of_input()
    client.wait_end()
    lab.save()
