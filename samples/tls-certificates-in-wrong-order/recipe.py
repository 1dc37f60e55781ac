#!/usr/bin/env python3
# Debian: curl gcc iproute2 libmbedtls-dev nginx-light openssl procps python3 tcpdump; needs root (network namespaces).
"""nginx with the two intermediate certificates in the wrong order: OpenSSL does not mind, Mbed TLS does; then in the right order."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from honest_lab import curl, nginx, prepare, run
from tls_lab import CLIENT, HERE, NAME, SERVER, Lab, sh


def intermediate(lab, name, issuer):
    tmp = lab.tmp
    (tmp / f'{name}.ext').write_text('basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n')
    sh('openssl', 'req', '-newkey', 'rsa:2048', '-nodes', '-subj', f'/CN=tls lab {name}', '-keyout', tmp / f'{name}.key',
       '-out', tmp / f'{name}.csr')
    sh('openssl', 'x509', '-req', '-in', tmp / f'{name}.csr', '-CA', tmp / f'{issuer}.pem', '-CAkey', tmp / f'{issuer}.key',
       '-CAcreateserial', '-days', 7300, '-sha256', '-extfile', tmp / f'{name}.ext', '-out', tmp / f'{name}.pem')


with Lab(__file__) as lab:
    prepare(lab)
    tmp = lab.tmp
    intermediate(lab, 'policy', 'ca')
    intermediate(lab, 'issuing', 'policy')
    lab.certificate('leaf', ca='issuing')
    for port, order in ((8443, ('leaf', 'policy', 'issuing')), (8444, ('leaf', 'issuing', 'policy'))):
        (tmp / f'chain-{port}.pem').write_text(''.join((tmp / f'{name}.pem').read_text() for name in order))
        nginx(lab, port, server=f'ssl_certificate {tmp}/chain-{port}.pem; ssl_certificate_key {tmp}/leaf.key;')
    sh('gcc', '-O1', '-o', tmp / 'client', HERE / 'tls_mbedtls_client.c', '-lmbedtls', '-lmbedx509', '-lmbedcrypto')
    lab.capture()
    curl(lab, '--tls-max', '1.2', '--local-port', '40001')
    mbedtls = lambda local, port: print(run(lab, 'c', tmp / 'client', SERVER, port, CLIENT, local, NAME, tmp / 'ca.pem', lab.keys,
                                            ok=False))
    mbedtls(40002, 8443)
    mbedtls(40003, 8444)
    lab.finish()
