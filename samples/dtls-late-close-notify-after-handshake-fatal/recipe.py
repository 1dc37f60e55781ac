#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root and the Debian packages
python3 iproute2 tcpdump openssl gcc libssl-dev
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls_lab import Lab

CBC_WITH_ENCRYPT_THEN_MAC = ('-cipher', 'ECDHE-RSA-AES128-SHA')

with Lab() as lab:
    release_close_notify = lab.hold_close_notify()
    server = lab.closing_openssl_server()

    first = lab.openssl_client(40001, *CBC_WITH_ENCRYPT_THEN_MAC)
    server.wait_for('handshake done')
    for number in range(1, 4):
        first.type('request %d' % number)
        first.wait_for('answer', count=number)
    first.type('close')
    first.wait_end()

    second = lab.openssl_client(40001, *CBC_WITH_ENCRYPT_THEN_MAC)
    server.wait_for('handshake done', count=2)
    second.type('second request')
    second.wait_for('answer')
    release_close_notify()
    server.wait_for('read failed: decryption failed or bad record mac')
    second.wait_for('sslv3 alert bad record mac')
    second.wait_end()
    lab.save()
    print(server.log())
