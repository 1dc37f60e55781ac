#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A proxy takes extended_master_secret out of the ClientHello, or out of the ServerHello."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_proxy import Proxy, ProxyLab, is_hello, without_extension

with ProxyLab(__file__) as lab:
    lab.s_server('-tls1_2', '-rev', '-quiet')
    proxy = Proxy(lab)
    lab.capture_both()
    for link, upwards in ((0, True), (1, False)):
        proxy.err('edits', link=link, upwards=upwards, when=is_hello, how=without_extension(23))
        lab.s_client(40001 + link, '-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256')
        proxy.wait_made(1 + link)
    lab.finish()
