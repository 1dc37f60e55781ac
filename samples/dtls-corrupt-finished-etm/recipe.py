#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root and the Debian packages
python3 iproute2 tcpdump openssl
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls_lab import HANDSHAKE, Lab

with Lab() as lab:

    def flip_a_bit_in_finished(datagram):
        if not (datagram.to_server and datagram.has(type_=HANDSHAKE, epoch=1)):
            return True
        finished = [record for record in datagram.records() if record.epoch == 1][0]
        payload = bytearray(datagram.payload)
        payload[finished.offset + 13 + 20] ^= 0x10
        lab.path.send(datagram.with_payload(bytes(payload)))

    lab.path.hook = flip_a_bit_in_finished
    server = lab.openssl_server()
    client = lab.openssl_client(40001, '-cipher', 'ECDHE-RSA-AES128-SHA')
    client.wait_for('sslv3 alert bad record mac')
    client.wait_end()
    lab.save()
