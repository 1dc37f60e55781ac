#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root and the Debian packages
python3 iproute2 tcpdump openssl gcc libmbedtls-dev
"""

import os
import sys

sys.dont_write_bytecode = True
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls_lab import Lab

with Lab() as lab:
    server = lab.mbedtls_server('await-close', chain=True)
    client = lab.openssl_client(40001)
    server.wait_for('handshake done')
    client.type('request')
    client.wait_end()
    server.wait_for('the client closed as well')
    lab.save()
