#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root, the Debian packages python3 iproute2 tcpdump openssl gcc,
and wolfSSL as lab/dtls13_lab.py says."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls13_lab import Lab13

with Lab13() as lab:
    lab.talk(40001, [], ['say=one', 'wait=100', 'update', 'wait=100', 'say=two', 'wait=100', 'say=update', 'wait=200',
                         'say=three', 'wait=100', 'update', 'wait=100', 'say=four', 'wait=100', 'close'])
    lab.save()
