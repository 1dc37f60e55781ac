#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A proxy gives one record of the server to another client: TLS 1.3."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_proxy import Proxy, ProxyLab

with ProxyLab(__file__) as lab:
    lab.s_servers(2, '-tls1_3', '-rev', '-quiet')
    proxy = Proxy(lab, servers=2)
    lab.capture_clients()
    first, second = lab.s_client(40001, '-tls1_3'), lab.s_client(40002, '-tls1_3')
    lab.type(first, 'the first client\n')
    lab.type(second, 'the second client\n')
    proxy.err('splices', link=0, to=1)
    lab.type(first, 'whose answer goes astray\n')
    proxy.wait_made()
    lab.type(first, 'and one more\n')
    lab.eof(first)
    lab.eof(second)
    lab.finish()
