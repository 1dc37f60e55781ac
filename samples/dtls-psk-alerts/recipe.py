#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root and the Debian packages
python3 iproute2 tcpdump openssl gcc libmbedtls-dev
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls_lab import Lab

RIGHT, WRONG = '00112233445566778899aabbccddeeff', '00112233445566778899aabbccddeefe'
SUITE = ('-cipher', 'PSK-AES128-GCM-SHA256')

with Lab() as lab:
    # The server's only identity is "lab".
    server = lab.mbedtls_server('await-close', 'psk', RIGHT, certificate=None)
    for number, (port, identity, key) in enumerate(((40001, 'sensor-9', RIGHT), (40002, 'lab', WRONG)), 1):
        client = lab.openssl_client(port, '-psk_identity', identity, '-psk', key, *SUITE)
        server.wait_for('handshake failed', number)
        client.wait_end()
    client = lab.openssl_client(40003, '-psk_identity', 'lab', '-psk', RIGHT, *SUITE)
    server.wait_for('handshake done')
    client.type('request')
    client.wait_end()
    server.wait_for('the client closed as well')
    print(server.log())
    lab.save()
