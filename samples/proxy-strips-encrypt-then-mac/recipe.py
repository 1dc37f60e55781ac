#!/usr/bin/env python3
# Debian: gnutls-bin iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A proxy takes encrypt_then_mac out of the ClientHello, or out of the ServerHello."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_proxy import Proxy, ProxyLab, is_hello, without_extension

PRIORITY = 'NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC:-MAC-ALL:+SHA1:%NO_SESSION_HASH'

with ProxyLab(__file__) as lab:
    lab.s_server('-tls1_2', '-rev', '-quiet')
    proxy = Proxy(lab)
    lab.capture_both()
    for link, upwards in ((0, True), (1, False)):
        proxy.err('edits', link=link, upwards=upwards, when=is_hello, how=without_extension(22))
        lab.gnutls_client(PRIORITY)
        proxy.wait_made(1 + link)
    lab.finish()
