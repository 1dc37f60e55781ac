#!/usr/bin/env python3
"""Makes the capture again: MBEDTLS=SOURCE-FOLDER recipe.py [OUTPUT-FOLDER]; see lab/dtls_cid.py. Needs root and the Debian packages
python3 iproute2 tcpdump gcc make
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls_cid import CidLab

with CidLab() as lab:
    lab.cid_server(lab.program(), 'c1d5e2f3a401')
    client = lab.cid_client(lab.program('own-id'), 40001, 'TLS-PSK-WITH-AES-128-GCM-SHA256', 'id', '0badcafe0001', succeeds=False)
    lab.wait_datagrams(4, to_server=True, type_=20)
    client.kill()
    lab.save()
