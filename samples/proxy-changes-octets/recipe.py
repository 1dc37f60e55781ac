#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A proxy changes one octet of a record: TLS 1.2 with AES-GCM and with CBC, TLS 1.3."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_proxy import Proxy, ProxyLab

LONG = 'what does not arrive whole, ' * 5
WAYS = ((('-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256'), False),
        (('-tls1_2', '-cipher', 'ECDHE-RSA-AES128-SHA'), True),
        (('-tls1_3',), True))

with ProxyLab(__file__) as lab:
    lab.s_server('-rev', '-quiet')
    proxy = Proxy(lab)
    lab.capture_both()
    for link, (flags, upwards) in enumerate(WAYS):
        client = lab.s_client(40001 + link, *flags)
        lab.type(client, 'what arrives whole\n')
        proxy.err('changes', link=link, upwards=upwards)
        lab.type(client, LONG + '\n')
        proxy.wait_made(1 + link)
        lab.eof(client)
    lab.finish()
