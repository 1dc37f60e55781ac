#!/usr/bin/env python3
# Debian: gcc libssl-dev iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A UDP proxy gives one datagram of a client to the server of another: DTLS 1.2, AES-GCM."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_proxy import ProxyLab, UdpProxy

GCM = ('-dtls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256')

with ProxyLab(__file__) as lab:
    lab.dtls_servers(2)
    proxy = UdpProxy(lab)
    lab.capture_servers('udp')
    first, second = (lab.s_client(port, *GCM, port=4433) for port in (40001, 40002))
    lab.type(first, 'the first client\n')
    lab.type(second, 'the second client\n')
    proxy.err(link=0, upwards=True, to=1)
    lab.type(first, 'a request that goes astray\n')
    proxy.wait_made()
    lab.type(first, 'the first goes on\n')
    lab.type(second, 'and so does the second\n')
    lab.eof(first)
    lab.eof(second)
    lab.finish()
