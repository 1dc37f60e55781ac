#!/usr/bin/env python3
# Debian: golang-go patch iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A client that answers KeyUpdate and keeps its old key."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_go_mistakes import mistaken_client
from tls_lab import Lab

with Lab(__file__) as lab:
    server = lab.s_server('-tls1_3', '-keylogfile', lab.keys)
    client = mistaken_client(lab, 'update-unused', log_keys=False)
    lab.capture()
    client('open x 40001')
    client('send x one')
    lab.type(server, 'K\n')
    lab.type(server, 'answer\n')
    client('echo x two')
    client('send x three')
    client('wait x')
    client('close x')
    lab.finish()
