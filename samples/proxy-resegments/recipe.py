#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A sound proxy that writes in odd pieces and takes its time, with two clients at once."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_proxy import Proxy, ProxyLab

WAYS = (('-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256'), ('-tls1_2', '-cipher', 'ECDHE-RSA-AES128-SHA256'), ('-tls1_3',))

with ProxyLab(__file__, settle=1.5) as lab:
    lab.s_servers(3, '-rev', '-quiet')
    Proxy(lab, servers=3, cut=(1, 400, 3, 60, 5, 17), delay=0.02)
    lab.capture_both()
    clients = [lab.s_client(40001 + n, *flags) for n, flags in enumerate(WAYS)]
    for client in clients:
        lab.type(client, 'a line that comes in pieces\n', pause=0.1)
    lab.type(clients[0], 'and one more\n')
    for client in clients:
        lab.eof(client)
    lab.finish()
