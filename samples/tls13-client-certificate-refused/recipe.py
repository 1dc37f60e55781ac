#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""TLS 1.3 with a server that insists on a client certificate: none, one of another authority, and a good one."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab

with Lab(__file__) as lab:
    lab.certificate()
    lab.certificate('good', usage='clientAuth')
    lab.authority('foreign', '/CN=another authority')
    lab.certificate('bad', usage='clientAuth', ca='foreign')
    lab.s_server('-rev', '-quiet', '-tls1_3', '-Verify', '2', '-verify_return_error', '-CAfile', lab.tmp / 'ca.pem')
    lab.capture()
    for port, suite in ((40001, 'TLS_AES_128_GCM_SHA256'), (40002, 'TLS_AES_256_GCM_SHA384')):
        lab.visit(port, '-ciphersuites', suite, say=None)
    lab.visit(40003, '-cert', lab.tmp / 'bad.pem', '-key', lab.tmp / 'bad.key', say=None)
    lab.visit(40004, '-cert', lab.tmp / 'good.pem', '-key', lab.tmp / 'good.key')
    lab.finish()
