#!/usr/bin/env python3
# Debian: golang-go iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A server of TLS 1.3 that signs with another key than that of its certificate."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import HERE, Lab

with Lab(__file__) as lab:
    lab.certificate()
    lab.certificate('renewed')
    program = lab.go(HERE / 'tls_server.go')
    pair = ('-cert', lab.tmp / 'server.pem', '-key', lab.tmp / 'server.key')
    lab.start('s', program, *pair, '-listen', ':8443', '-signer', lab.tmp / 'renewed', wait_port=8443)
    lab.start('s', program, *pair, '-listen', ':8444', wait_port=8444)
    lab.capture()
    for local, port, served in ((40001, 8443, False), (40002, 8444, True)):
        text = lab.visit(local, '-tls1_3', port=port)
        print(local, port, text[-300:])
        assert ('bad signature' in text) != served, text
    lab.finish()
