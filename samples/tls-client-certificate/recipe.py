#!/usr/bin/env python3
# Debian: gnutls-bin iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""Mutual TLS in TLS 1.2 and TLS 1.3, GnuTLS on both sides, and an OpenSSL client."""
import time
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import NAME, SERVER, Lab

with Lab(__file__) as lab:
    cert, key = lab.certificate()
    mine, my_key = lab.certificate('client', 'client.example.test', 'clientAuth')
    ca = lab.tmp / 'ca.pem'
    lab.start('s', 'gnutls-serv', '-p', '8443', '--echo', '--require-client-cert', '--x509certfile', cert,
              '--x509keyfile', key, '--x509cafile', ca, '--verify-client-cert',
              wait_port=8443)
    lab.capture()
    for version in ('NORMAL:-VERS-ALL:+VERS-TLS1.2', 'NORMAL:-VERS-ALL:+VERS-TLS1.3'):
        p = lab.start('c', 'gnutls-cli', '-p', '8443', SERVER, '--x509cafile', ca, '--x509certfile', mine,
                      '--x509keyfile', my_key, '--verify-hostname', NAME, '--sni-hostname', NAME, '--priority', version,
                      env={'SSLKEYLOGFILE': str(lab.keys)})
        time.sleep(0.5)
        lab.type(p, 'hello\n')
        lab.eof(p)
        print(lab.output(p))
    lab.visit(40003, '-tls1_2', '-cert', mine, '-key', my_key)
    lab.finish()
