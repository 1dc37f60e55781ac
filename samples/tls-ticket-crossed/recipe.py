#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A TLS 1.2 ticket that is offered to another server, and to the same one under another name."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab

with Lab(__file__) as lab:
    for port in (8443, 8444):
        lab.s_server('-rev', '-quiet', '-no_tls1_3', port=port)
    lab.capture()
    session = lab.tmp / 'session'
    more = ('-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256')
    lab.visit(40001, *more, '-sess_out', session)
    text = lab.visit(40002, *more, '-sess_in', session)
    assert 'Reused' in text, text
    text = lab.visit(40003, *more, '-sess_in', session, port=8444)
    assert 'New, ' in text, text
    text = lab.visit(40004, *more, '-sess_in', session, '-servername', 'other.example.test')
    assert 'Reused' in text, text
    lab.finish()
