#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root, the Debian packages python3 iproute2 tcpdump openssl gcc,
and wolfSSL as lab/dtls13_lab.py says."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls13_lab import Lab13

TALK = ('say=hello', 'wait=100', 'close')
SUITES = ('TLS13-AES128-GCM-SHA256', 'TLS13-AES256-GCM-SHA384', 'TLS13-CHACHA20-POLY1305-SHA256',
          'TLS13-AES128-CCM-SHA256')

with Lab13() as lab:
    for port, suite in enumerate(SUITES, 40001):
        # With a cookie the server answers the first ClientHello with HelloRetryRequest.
        cookie = ['cookie'] if port % 2 else []
        lab.talk(port, ['suite=' + suite, *cookie], ['suite=' + suite, *TALK])
    lab.talk(40005, ['cid=5'], ['cid=8', *TALK])
    lab.save()
