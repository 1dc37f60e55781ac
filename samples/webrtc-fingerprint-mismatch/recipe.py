#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root and the Debian packages
python3 python3-aiortc iproute2 tcpdump openssl chromium
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from webrtc_lab import record

# The first call is told another fingerprint than that of its peer's certificate, the second the right one.
CALLS = '''
const wrong = (sdp) => sdp.replace(/(a=fingerprint:sha-256 )(..)/g, (_, name, octet) => name + (octet === '00' ? '01' : '00'));
async function callAndClose(change) {
  const caller = await call(change);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  caller.close();
}
callAndClose(wrong).then(() => callAndClose(asItIs));
'''

record(CALLS, seconds=10)
