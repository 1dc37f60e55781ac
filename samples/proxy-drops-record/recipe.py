#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A proxy leaves one record of the server out: TLS 1.2 with AES-GCM and CBC, TLS 1.3."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_proxy import Proxy, ProxyLab

WAYS = (('-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256'), ('-tls1_2', '-cipher', 'ECDHE-RSA-AES128-SHA256'), ('-tls1_3',))

with ProxyLab(__file__) as lab:
    lab.s_server('-rev', '-quiet')
    proxy = Proxy(lab)
    lab.capture_clients()
    for link, flags in enumerate(WAYS):
        client = lab.s_client(40001 + link, *flags)
        lab.type(client, 'before\n')
        proxy.err('drops', link=link)
        lab.type(client, 'it is the answer to this\n')
        proxy.wait_made(1 + link)
        lab.type(client, 'after\n')
        lab.eof(client)
    lab.finish()
