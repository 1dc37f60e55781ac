#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root and the Debian packages
python3 iproute2 tcpdump openssl gcc libmbedtls-dev
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls_lab import CLIENT_HELLO, HELLO_VERIFY, Lab

ROUNDS = 10

with Lab(capture_at='client') as lab:

    def alter_cookie(datagram):
        """Changes the last octet of the cookie that the client sends back; slows the loop down and ends it."""
        if len(lab.datagrams(message=HELLO_VERIFY)) > ROUNDS:
            return False
        if datagram.to_server and datagram.has(message=CLIENT_HELLO):
            hello = bytearray(datagram.payload)
            session_id_length = hello[59]
            cookie = 60 + session_id_length
            hello[cookie + hello[cookie]] ^= 0x01 if hello[cookie] else 0
            datagram = datagram.with_payload(bytes(hello))
        lab.path.send(datagram, after=0.02)
        return False

    lab.path.hook = alter_cookie
    server = lab.mbedtls_server()
    client = lab.openssl_client(40001)
    lab.wait_datagrams(ROUNDS + 1, message=HELLO_VERIFY)
    client.kill()
    lab.save(keys=False)
