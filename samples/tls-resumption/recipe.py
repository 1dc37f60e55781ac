#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""Session tickets in TLS 1.2, session identifiers in TLS 1.2, and PSK resumption in TLS 1.3."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab

with Lab(__file__) as lab:
    lab.s_server('-rev', '-quiet')
    lab.capture()
    for port, flags in ((40001, ['-tls1_2']), (40003, ['-tls1_2', '-no_ticket']), (40005, ['-tls1_3'])):
        session = lab.tmp / f'session-{port}'
        lab.visit(port, *flags, '-sess_out', session)
        text = lab.visit(port + 1, *flags, '-sess_in', session)
        assert 'Reused' in text, text
    lab.finish()
