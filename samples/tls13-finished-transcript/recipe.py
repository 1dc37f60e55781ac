#!/usr/bin/env python3
# Debian: golang-go patch iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A client whose Finished leaves out the server's Finished."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_go_mistakes import mistaken_client
from tls_lab import Lab

with Lab(__file__) as lab:
    lab.s_server('-tls1_3', '-rev', '-quiet', '-keylogfile', lab.keys)
    client = mistaken_client(lab, 'finished-transcript')
    lab.capture()
    client('open x 40001')
    client('wait x')
    client('close x')
    lab.finish()
