#!/usr/bin/env python3
# Debian: gcc libssl-dev iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""The UDP proxy of the other samples, which passes everything on."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_proxy import ProxyLab, UdpProxy

WAYS = (('-cipher', 'ECDHE-RSA-AES128-GCM-SHA256'), ('-cipher', 'ECDHE-RSA-CHACHA20-POLY1305'), ('-cipher', 'ECDHE-RSA-AES128-SHA'))

with ProxyLab(__file__) as lab:
    lab.dtls_servers(3)
    proxy = UdpProxy(lab)
    lab.capture_both('udp')
    clients = [lab.s_client(40001 + n, '-dtls1_2', *flags, port=4433) for n, flags in enumerate(WAYS)]
    for line in ('before', 'it is the answer to this', 'after'):
        for client in clients:
            lab.type(client, line + '\n', pause=0.05)
    for client in clients:
        lab.eof(client)
    lab.finish()
