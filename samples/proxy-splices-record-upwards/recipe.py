#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A proxy writes one record of a client to the server's side of another: CBC, encrypt-then-MAC."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_proxy import Proxy, ProxyLab

CBC = ('-tls1_2', '-cipher', 'ECDHE-RSA-AES256-SHA384')

with ProxyLab(__file__) as lab:
    lab.s_servers(2, '-tls1_2', '-rev', '-quiet')
    proxy = Proxy(lab, servers=2)
    lab.capture_both()
    first, second = lab.s_client(40001, *CBC), lab.s_client(40002, *CBC)
    lab.type(first, 'the first client\n')
    lab.type(second, 'the second client\n')
    proxy.err('splices', link=0, upwards=True, to=1)
    lab.type(first, 'a request that goes astray\n')
    proxy.wait_made()
    lab.eof(first)
    lab.eof(second)
    lab.finish()
