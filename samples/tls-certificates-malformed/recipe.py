#!/usr/bin/env python3
# Debian: golang-go iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A server whose file with the certificate is cut, one with octets behind it, and one in order. TLS 1.2."""
import pathlib
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lab"))
from tls_lab import Lab, sh

with Lab(__file__) as lab:
    program = lab.go(HERE / 'server.go')
    certificate, key = lab.certificate()
    sh('openssl', 'x509', '-in', certificate, '-outform', 'DER', '-out', lab.tmp / 'whole.der')
    whole = (lab.tmp / 'whole.der').read_bytes()
    (lab.tmp / 'cut.der').write_bytes(whole[:512])
    (lab.tmp / 'behind.der').write_bytes(whole + b'\r\n')
    for port, name in ((8443, 'whole'), (8444, 'cut'), (8445, 'behind')):
        lab.start('s', program, f'192.0.2.1:{port}', lab.tmp / f'{name}.der', key, wait_port=port)
    lab.capture()
    for port in (8443, 8444, 8445):
        print(lab.visit(31558 + port, '-tls1_2', port=port, say='hello' if port == 8443 else None)[-400:])
    lab.finish()
