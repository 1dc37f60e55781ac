#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root and the Debian packages
python3 iproute2 tcpdump openssl
"""

import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls_lab import CLIENT_HELLO, CLIENT_IP, SERVER_IP, SERVER_PORT, Lab

with Lab() as lab:
    # Both ends were told to begin. What comes before both have opened their ports is lost.
    ready = []
    lab.path.hook = lambda datagram: bool(ready)
    left = lab.openssl_client(40001)
    time.sleep(0.4)
    right = lab.on_server('client', ['openssl', 's_client', '-dtls1_2', '-connect', '%s:40001' % CLIENT_IP,
                                     '-bind', '%s:%d' % (SERVER_IP, SERVER_PORT)])
    time.sleep(0.4)
    ready.append(True)
    time.sleep(4)
    lab.wait_datagrams(2, message=CLIENT_HELLO, seconds=20)
    left.kill()
    right.kill()

    # The same with one server.
    server = lab.openssl_server()
    client = lab.openssl_client(40002)
    lab.wait_datagrams(2, epoch=1)
    time.sleep(0.3)
    client.end_of_input()
    client.wait_end()
    lab.save()
    print(left.log(), right.log())
