#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root, the Debian packages python3 iproute2 tcpdump openssl gcc,
and wolfSSL as lab/dtls13_lab.py says. Datagrams are lost behind the tap, at the end that receives them."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls13_lab import Lab13

TALK = ('say=hello', 'wait=100', 'close')

with Lab13() as lab:
    lab.talk(40001, ['lose=2'], TALK)                # the client's Finished
    lab.talk(40002, [], ('lose=6', *TALK))           # the ACK of it
    lab.talk(40003, [], ('lose=1', *TALK))           # the ServerHello
    lab.talk(40004, [], ('lose=3', *TALK))           # the Certificate
    lab.save()
