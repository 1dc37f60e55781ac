#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root and the Debian packages
python3 iproute2 tcpdump openssl golang-go golang-github-pion-dtls.v2-dev
"""

import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls_lab import CLIENT_IP, SERVER_IP, SERVER_PORT, Lab

ONE_WAY = 0.3

with Lab(capture_at='client') as lab:
    def by_satellite(datagram):
        lab.path.send(datagram, after=ONE_WAY)

    lab.path.hook = by_satellite
    pion = lab.pion()
    there = '%s:%d' % (SERVER_IP, SERVER_PORT)
    certificate = lab.certificate()
    # The timer of both sides, and the client's port.
    for interval, port in (('100ms', 40001), ('1s', 40002)):
        server = lab.on_server('server', [pion, 'server', there, interval, *certificate])
        server.wait_for('waiting for a client')
        client = lab.on_client('client', [pion, 'client', '%s:%d' % (CLIENT_IP, port), there, interval, lab.keys])
        client.wait_for('closed', seconds=25)
        client.wait_end()
        time.sleep(4 * ONE_WAY)
        server.kill()
    lab.save()
