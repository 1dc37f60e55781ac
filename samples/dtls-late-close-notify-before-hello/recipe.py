#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root and the Debian packages
python3 iproute2 tcpdump openssl gcc libmbedtls-dev
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls_lab import CLIENT_HELLO, Lab

with Lab() as lab:
    lab.hold_close_notify(until=lambda datagram: datagram.has(message=CLIENT_HELLO))
    server = lab.mbedtls_server()

    first = lab.openssl_client(40001, '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256')
    server.wait_for('handshake done')
    first.type('first request')
    first.wait_end()
    server.wait_for('waiting for a client', count=3)

    second = lab.openssl_client(40001, '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256')
    server.wait_for('handshake failed: -0x7900')
    server.wait_for('handshake done', count=2)
    second.type('second request')
    second.wait_end()
    lab.save()
    print(server.log())
