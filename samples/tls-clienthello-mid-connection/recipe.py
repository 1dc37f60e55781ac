#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A pool hands out a socket that already speaks TLS, and the next user starts TLS on it."""
import ssl
import time
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Engine, Lab

with Lab(__file__) as lab:
    server = lab.s_server('-rev', '-quiet')
    lab.capture()
    for port, version in ((40001, ssl.TLSVersion.TLSv1_2), (40002, ssl.TLSVersion.TLSv1_3)):
        context = lab.tls_context('c', version)
        s = lab.connect(port)
        first = Engine(context)
        first.run(s, first.tls.do_handshake)
        first.run(s, first.tls.write, b'first user\n')
        print(first.run(s, first.tls.read))
        time.sleep(0.5)
        second = Engine(context)
        try:
            second.run(s, second.tls.do_handshake)
        except ssl.SSLError as e:
            print(e)
            s.sendall(second.out.read())
        s.close()
        time.sleep(0.3)
    print(lab.output(server))
    lab.finish()
