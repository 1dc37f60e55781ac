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
    server = lab.mbedtls_server('await-close')
    client = lab.openssl_client(40001, '-mtu', '256', '-cipher', 'ECDHE', '-curves', 'X25519:P-256')
    # In two datagrams each time: at once, after 1 s and after 3 s.
    lab.wait_datagrams(7, to_server=True, message=CLIENT_HELLO)
    lab.save(keys=False)
