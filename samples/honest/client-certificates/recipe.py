#!/usr/bin/env python3
# Debian: curl default-jdk-headless gnutls-bin iproute2 nginx-light openssl python3 tcpdump; needs root (network namespaces).
"""nginx asks for a certificate that it does not need: some clients have one, some have none."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lab"))
from honest_lab import curl, nginx, prepare, run
from tls_lab import Lab, NAME, SERVER

with Lab(__file__) as lab:
    prepare(lab)
    cert, key = lab.certificate('client', 'client.example.test', 'clientAuth')
    nginx(lab, server=f'ssl_verify_client optional; ssl_client_certificate {lab.tmp}/ca.pem;')
    lab.capture()
    curl(lab)
    curl(lab, '--tls-max', '1.2')
    curl(lab, '--cert', cert, '--key', key)
    curl(lab, '--cert', cert, '--key', key, '--tls-max', '1.2')
    run(lab, 'c', 'gnutls-cli', '--x509cafile', lab.tmp / 'ca.pem', '--x509certfile', cert, '--x509keyfile', key,
        '--sni-hostname', NAME, '--verify-hostname', NAME, '-p', 8443, SERVER, ok=False,
        text=f'GET / HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n')
    lab.finish()
