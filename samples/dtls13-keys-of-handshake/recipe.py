#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root, the Debian packages python3 iproute2 tcpdump openssl gcc,
and wolfSSL as lab/dtls13_lab.py says. The client of 40001 is told to make the mistake of wolfSSL issue 8855; that of 40002
loses the same datagram and makes none."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls13_lab import Lab13

with Lab13() as lab:
    for port, mistake in ((40001, {'LAB_STALE_KEYS': '1'}), (40002, {})):
        lab.talk(port, [], ('lose=3', 'say=hello', 'wait=400', 'say=again', 'wait=400', 'close'), environment=mistake)
    lab.save()
