#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root and the Debian packages
python3 python3-aiortc iproute2 tcpdump openssl chromium
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from webrtc_lab import record

record('call(asItIs);', seconds=12, begins_again=True)
