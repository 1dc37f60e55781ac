#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root, the Debian packages python3 iproute2 tcpdump openssl gcc,
and wolfSSL as lab/dtls13_lab.py says."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls13_lab import Lab13

RIGHT, WRONG = '00112233445566778899aabbccddeeff', '00112233445566778899aabbccddeefe'

with Lab13() as lab:
    for port, psk in ((40001, RIGHT), (40002, WRONG)):
        lab.talk(port, ['psk=' + RIGHT], ['psk=' + psk, 'say=hello', 'wait=100', 'close'], certificate=None)
    lab.save()
