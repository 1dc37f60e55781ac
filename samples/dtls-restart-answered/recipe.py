#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root and the Debian packages
python3 iproute2 tcpdump openssl gcc libmbedtls-dev
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls_lab import Lab

with Lab() as lab:
    server = lab.mbedtls_server('stay-open')
    first = lab.openssl_client(40001)
    server.wait_for('handshake done')
    first.type('first request')
    first.wait_for('answer')
    first.kill()

    second = lab.openssl_client(40001)
    server.wait_for('the client starts again from its port')
    server.wait_for('handshake done', count=2)
    second.type('second request')
    second.wait_for('answer')
    second.end_of_input()
    second.wait_end()
    lab.save()
    print(server.log())
