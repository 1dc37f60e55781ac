#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A server that spoke TLS a moment ago drops what the client sends: SYN after SYN, no answer."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import CLIENT, Lab

with Lab(__file__) as lab:
    lab.s_server('-rev', '-quiet')
    lab.capture()
    lab.visit(40001)
    lab.inside('s', 'ip', 'route', 'add', 'blackhole', CLIENT + '/32')
    print(lab.connect(40002, timeout=8))
    lab.finish()
