#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A proxy gives two clients the ServerHello of each other: TLS 1.2 and TLS 1.3."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_proxy import Proxy, ProxyLab, is_hello

with ProxyLab(__file__, settle=0.6) as lab:
    lab.s_servers(2, '-rev', '-quiet')
    proxy = Proxy(lab, servers=2)
    lab.capture_clients()
    for first, version in ((0, '-tls1_3'), (2, '-tls1_2')):
        box = {}
        for link in (first, first + 1):
            proxy.err('swaps', link=link, when=is_hello, box=box)
            lab.s_client(40001 + link, version)
        proxy.wait_made(first + 2)
    lab.finish()
