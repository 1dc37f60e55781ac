#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A server that names one authority of client certificates, and clients with certificates of another one and of that one."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab

with Lab(__file__) as lab:
    lab.certificate()
    lab.certificate('good', usage='clientAuth')
    lab.authority('foreign', '/C=ZZ/O=Foreign/CN=another authority')
    lab.certificate('bad', usage='clientAuth', ca='foreign')
    lab.s_server('-rev', '-quiet', '-no_tls1_3', '-Verify', '2', '-verify_return_error',
                 '-CAfile', lab.tmp / 'ca.pem', '-num_tickets', '0', '-no_ticket')
    lab.capture()
    more = ('-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256')
    chain = ('-cert_chain', lab.tmp / 'foreign.pem')
    lab.visit(40001, *more, '-cert', lab.tmp / 'bad.pem', '-key', lab.tmp / 'bad.key', *chain)
    lab.visit(40002, *more, '-cert', lab.tmp / 'bad.pem', '-key', lab.tmp / 'bad.key')
    lab.visit(40003, *more, '-cert', lab.tmp / 'good.pem', '-key', lab.tmp / 'good.key')
    lab.finish()
