#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root and the Debian packages
python3 iproute2 tcpdump openssl golang-go golang-github-pion-dtls.v2-dev
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls_lab import CLIENT_IP, SERVER_HELLO, SERVER_IP, SERVER_PORT, Lab

with Lab(capture_at='client') as lab:
    pion = lab.pion()
    clients = {}

    def loses_from_each_burst(counts):
        """Loses the datagram of the server's n-th burst that counts[n] says; nothing once they are used up."""
        bursts = []

        def hook(datagram):
            if datagram.to_server or not datagram.source_port:
                return True
            if datagram.has(message=SERVER_HELLO):
                bursts.append(0)
            if not bursts:
                return True
            bursts[-1] += 1
            return len(bursts) > len(counts) or bursts[-1] != counts[len(bursts) - 1]
        return hook

    def meets(losses, start, until):
        lab.path.hook = loses_from_each_burst(losses)
        server = lab.openssl_server('-mtu', '256')
        client = start()
        until(client)
        client.kill()
        server.kill()

    def pion_client(port):
        return lambda: lab.on_client('client', [pion, 'client', '%s:%d' % (CLIENT_IP, port), '%s:%d' % (SERVER_IP, SERVER_PORT),
                                                '1s', lab.keys])

    def after(hellos):
        """The flight has been sent so often since this conversation began."""
        before = len(lab.datagrams(to_server=False, message=SERVER_HELLO))
        return lambda client: lab.wait_datagrams(before + hellos, seconds=20, to_server=False, message=SERVER_HELLO)

    once = [3]
    meets(once, lambda: lab.openssl_client(40001, '-mtu', '256'), lambda client: client.wait_for('Verify return code'))
    meets(once, pion_client(40002), after(4))
    meets([3, 2, 3, 2], pion_client(40003), after(4))
    lab.save()
