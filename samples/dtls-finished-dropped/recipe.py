#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root and the Debian packages
python3 iproute2 tcpdump openssl
"""

import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls_lab import HANDSHAKE, Lab

with Lab() as lab:

    def damage(datagram):
        """Flips a bit of the client's Finished each time it comes, as a device with faulty memory does."""
        if not datagram.to_server or datagram.source_port != 40001 or not datagram.has(type_=HANDSHAKE, epoch=1):
            return True
        payload = bytearray(datagram.payload)
        for record in datagram.records():
            if record.type == HANDSHAKE and record.epoch == 1:
                payload[record.offset + 13 + record.length - 1] ^= 0x01
        lab.path.send(datagram.with_payload(bytes(payload)))
        return False

    lab.path.hook = damage
    server = lab.openssl_server('-cipher', 'ECDHE-RSA-AES128-GCM-SHA256')
    client = lab.openssl_client(40001)
    lab.wait_datagrams(4, to_server=True, epoch=1, seconds=20)
    time.sleep(0.2)
    client.kill()
    server.kill()

    server = lab.openssl_server('-cipher', 'ECDHE-RSA-AES128-GCM-SHA256')
    client = lab.openssl_client(40002)
    lab.wait_datagrams(1, to_server=False, epoch=1)
    time.sleep(0.3)
    client.end_of_input()
    client.wait_end()
    lab.save()
