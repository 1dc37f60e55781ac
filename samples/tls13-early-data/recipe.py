#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""0-RTT data that the server accepts."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab

with Lab(__file__) as lab:
    server = lab.s_server('-tls1_3', '-early_data', '-no_anti_replay')
    lab.capture()
    lab.visit(40001, '-sess_out', lab.tmp / 'session')
    (lab.tmp / 'early').write_text('GET /early HTTP/1.0\r\n\r\n')
    p = lab.s_client(40002, '-sess_in', lab.tmp / 'session', '-early_data', lab.tmp / 'early')
    lab.type(p, 'more\n')
    lab.type(server, 'answer\n')
    lab.eof(p)
    assert 'Early data was accepted' in lab.output(p), lab.output(p)
    lab.finish()
