#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root and the Debian packages
python3 iproute2 tcpdump openssl
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls_lab import HANDSHAKE, SERVER_HELLO, Lab

SUITE = ('-psk_identity', 'sensor-17', '-cipher', 'PSK-AES128-GCM-SHA256')

with Lab() as lab:
    server = lab.openssl_server('-nocert', '-psk', '00112233445566778899aabbccddeeff', *SUITE, certificate=None)
    client = lab.openssl_client(40001, '-psk', 'ffeeddccbbaa99887766554433221100', *SUITE)
    lab.wait_datagrams(4, to_server=True, type_=HANDSHAKE, epoch=1)
    lab.wait_datagrams(4, to_server=False, message=SERVER_HELLO)
    client.kill()
    lab.save()
