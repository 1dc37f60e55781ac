#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root and the Debian packages
python3 iproute2 tcpdump openssl gnutls-bin
"""

import os
import struct
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls_lab import CLIENT_HELLO, HELLO_VERIFY, SERVER_PORT, Lab

with Lab() as lab:
    ports = {}

    def other_port(datagram, number):
        """The same datagram with another source port, or back to where it belongs."""
        at = 14 + datagram.ip_length + (0 if datagram.to_server else 2)
        frame = bytearray(datagram.frame)
        struct.pack_into('!H', frame, at, number)
        datagram.frame = bytes(frame)
        return datagram.with_payload(datagram.payload)

    def translate(datagram):
        """A translator that forgets a port as soon as an answer came back, and gives the client the next one."""
        if not datagram.payload:
            return True
        at = 14 + datagram.ip_length
        source, target = struct.unpack_from('!HH', datagram.frame, at)
        if datagram.to_server and source == 40001:
            number = 50001 + len(lab.datagrams(to_server=False, message=HELLO_VERIFY))
            lab.path.send(other_port(datagram, number))
            return False
        if not datagram.to_server and target >= 50001:
            lab.path.send(other_port(datagram, 40001))
            return False
        return True

    lab.path.hook = translate
    cert, key = lab.certificate()
    server = lab.on_server('server', ['gnutls-serv', '-u', '-p', str(SERVER_PORT), '--echo', '--x509certfile', cert,
                                      '--x509keyfile', key, '--priority', 'NORMAL:-VERS-ALL:+VERS-DTLS1.2'])
    time.sleep(1)
    client = lab.openssl_client(40001)
    lab.wait_datagrams(4, message=CLIENT_HELLO)
    time.sleep(0.2)
    client.kill()

    # The same client once more, and the translator keeps its port.
    client = lab.openssl_client(40002)
    lab.wait_datagrams(2, epoch=1)
    time.sleep(0.5)
    client.end_of_input()
    client.wait_end()
    lab.save()
    print(server.log(), client.log())
