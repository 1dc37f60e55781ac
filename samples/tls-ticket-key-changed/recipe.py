#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A TLS 1.2 ticket that is taken up, and the same ticket after the server was started again with a new key."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab

with Lab(__file__) as lab:
    server = lab.s_server('-rev', '-quiet', '-no_tls1_3')
    lab.capture()
    session, newer = lab.tmp / 'session', lab.tmp / 'newer'
    more = ('-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256')
    lab.visit(40001, *more, '-sess_out', session)
    text = lab.visit(40002, *more, '-sess_in', session)
    assert 'Reused' in text, text
    lab.stop(server)
    lab.s_server('-rev', '-quiet', '-no_tls1_3')
    text = lab.visit(40003, *more, '-sess_in', session, '-sess_out', newer)
    assert 'New, ' in text, text
    text = lab.visit(40004, *more, '-sess_in', newer)
    assert 'Reused' in text, text
    lab.finish()
