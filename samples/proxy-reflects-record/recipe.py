#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A proxy sends records back to the clients that wrote them: TLS 1.2 and TLS 1.3."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_proxy import Proxy, ProxyLab

with ProxyLab(__file__) as lab:
    lab.s_server('-rev', '-quiet')
    proxy = Proxy(lab)
    lab.capture_clients()
    for link, version in enumerate(('-tls1_2', '-tls1_3')):
        client = lab.s_client(40001 + link, version)
        lab.type(client, 'what is answered\n')
        proxy.err('reflects', link=link, upwards=True)
        lab.type(client, 'what comes back\n')
        proxy.wait_made(1 + link)
        lab.eof(client)
    lab.finish()
