#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces, TCP_REPAIR).
"""A client without TCP timestamps uses a port again, with a lower sequence number, while the server is in TIME-WAIT."""
import pathlib
import socket
import ssl
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab
from tls_tcp import Client, serve

FIRST, LOWER = 3_000_000_000, 1_500_000_000


def behave(c):
    c.say(c.hear()[::-1])
    c.close_notify()
    c.s.shutdown(socket.SHUT_WR)
    while c.s.recv(4096):           # the client's close_notify and FIN
        pass


with Lab(__file__) as lab:
    lab.inside('c', 'sysctl', '-qw', 'net.ipv4.tcp_timestamps=0')
    serve(lab, behave)
    lab.capture()
    for version, isn in ((ssl.TLSVersion.TLSv1_2, FIRST), (ssl.TLSVersion.TLSv1_3, LOWER)):
        began = time.time()
        client = Client(lab, 40001, version, isn)
        print(f'{version.name}: connected after {time.time() - began - lab.settle:.3f} s')
        client.say(b'hello\n')
        print(client.hear(), client.hear())
        client.close()
    lab.finish()
