#!/usr/bin/env python3
# Debian: gcc iproute2 libssl-dev openssl procps python3 tcpdump; needs root (network namespaces).
"""A server that says close_notify, and then sends another record, in TLS 1.2 and in TLS 1.3."""
import pathlib
import ssl
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import HERE, Lab, sh
from tls_tcp import Client

with Lab(__file__) as lab:
    lab.certificate()
    program = lab.tmp / 'tls_openssl_after_close'
    sh('gcc', '-O1', '-o', program, HERE / 'tls_openssl_after_close.c', '-lssl', '-lcrypto')
    lab.start('s', program, 8443, lab.tmp / 'server.pem', lab.tmp / 'server.key', wait_port=8443)
    lab.capture()
    for local, version in ((40001, ssl.TLSVersion.TLSv1_2), (40002, ssl.TLSVersion.TLSv1_3)):
        client = Client(lab, local, version)
        client.say(b'hello\n')
        print(client.hear(), client.hear())
        client.close()
    lab.finish()
