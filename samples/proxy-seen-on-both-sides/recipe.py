#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""Sound connections over a proxy, captured on both of its sides."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_proxy import Proxy, ProxyLab

WAYS = (('-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256'), ('-tls1_2', '-cipher', 'ECDHE-RSA-AES128-SHA'), ('-tls1_3',))

with ProxyLab(__file__) as lab:
    lab.s_servers(3, '-rev', '-quiet')
    Proxy(lab, servers=3)
    lab.capture_both()
    clients = [lab.s_client(40001 + n, *flags) for n, flags in enumerate(WAYS)]
    for line in ('before', 'after'):
        for client in clients:
            lab.type(client, line + '\n', pause=0.05)
    for client in clients:
        lab.eof(client)
    lab.finish()
