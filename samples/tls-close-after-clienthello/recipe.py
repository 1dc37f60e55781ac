#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A server that accepts, reads ClientHello and closes without a byte."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab

with Lab(__file__) as lab:
    lab.certificate()
    lab.listener(8443, lambda s: s.recv(4096))
    lab.capture()
    print(lab.visit(40001, say=None))
    print(lab.visit(40002, '-tls1_2', say=None))
    lab.finish()
