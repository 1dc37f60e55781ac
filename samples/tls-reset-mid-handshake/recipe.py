#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""Handshakes cut by RST: by the client after the server's flight, by the server after ClientHello."""
import ssl
import time
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Engine, Lab, reset


def cut(s):
    """A server (or a device that plays one) that resets whatever says ClientHello."""
    s.recv(4096)
    time.sleep(0.02)
    reset(s)


with Lab(__file__) as lab:
    lab.s_server('-rev', '-quiet')
    lab.listener(8444, cut)
    lab.capture()
    s = lab.connect(40001)
    client = Engine(lab.tls_context('c', ssl.TLSVersion.TLSv1_2))
    try:
        client.tls.do_handshake()
    except ssl.SSLWantReadError:
        s.sendall(client.out.read())
    time.sleep(0.02)
    s.recv(65536)
    time.sleep(0.02)
    reset(s)
    time.sleep(0.3)
    print(lab.visit(40002, port=8444, say=None))
    lab.finish()
