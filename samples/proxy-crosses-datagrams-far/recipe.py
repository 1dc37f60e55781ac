#!/usr/bin/env python3
# Debian: gcc libssl-dev iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A UDP proxy gives one datagram of a client to the server of another, whose own records are far from its number: DTLS 1.2, ChaCha20-Poly1305."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_proxy import ProxyLab, UdpProxy

CHACHA = ('-dtls1_2', '-cipher', 'ECDHE-RSA-CHACHA20-POLY1305')

with ProxyLab(__file__) as lab:
    lab.dtls_servers(2)
    proxy = UdpProxy(lab)
    lab.capture_servers('udp')
    first, second = (lab.s_client(port, *CHACHA, port=4433) for port in (40001, 40002))
    for n in range(100):
        lab.type(first, f'line {n} of the first client\n', pause=0.01)
    lab.type(second, 'the second client\n')
    proxy.err(link=0, upwards=True, to=1)
    lab.type(first, 'a request that goes astray\n')
    proxy.wait_made()
    lab.type(second, 'the second goes on\n')
    lab.eof(first)
    lab.eof(second)
    lab.finish()
