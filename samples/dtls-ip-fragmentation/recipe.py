#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root and the Debian packages
python3 iproute2 tcpdump openssl gcc libmbedtls-dev
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls_lab import SERVER_HELLO, Lab

with Lab(capture_at='client') as lab:
    # Fragments behind the first have no ports; many firewalls drop what has none.
    lab.path.hook = lambda datagram: datagram.source_port is not None or datagram.frame[12:14] != b'\x08\x00'
    server = lab.mbedtls_server('await-close', chain=True)
    client = lab.openssl_client(40001)
    # At once, after 1 s and after 3 s.
    lab.wait_datagrams(3, to_server=False, message=SERVER_HELLO)
    lab.save(keys=False)
