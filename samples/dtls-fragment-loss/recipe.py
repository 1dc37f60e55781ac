#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root and the Debian packages
python3 iproute2 tcpdump openssl
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls_lab import CERTIFICATE, SERVER_HELLO, Lab

with Lab(capture_at='client') as lab:
    burst = []

    def lets_three_pass(datagram):
        """A device that lets three datagrams of a burst through, and the rest of it not."""
        if datagram.to_server or not datagram.source_port:
            return True
        if burst and datagram.when - burst[-1] > 0.1:
            burst.clear()
        burst.append(datagram.when)
        return len(burst) <= 3

    lab.path.hook = lets_three_pass
    server = lab.openssl_server('-mtu', '256')
    client = lab.openssl_client(40001, '-mtu', '256')
    # At once, after 1 s and after 3 s.
    lab.wait_datagrams(3, to_server=False, message=SERVER_HELLO)
    lab.wait_datagrams(9, to_server=False, message=CERTIFICATE)
    lab.save(keys=False)
