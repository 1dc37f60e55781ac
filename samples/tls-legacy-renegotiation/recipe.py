#!/usr/bin/env python3
# Debian: gnutls-bin iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A server without secure renegotiation, which OpenSSL 3 refuses unless it is told to take such; and one that has it."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab

with Lab(__file__) as lab:
    lab.certificate()
    serve = lambda port, flags: lab.start(
        's', 'gnutls-serv', '-q', '--echo', '-p', port, '--x509certfile', lab.tmp / 'server.pem', '--x509keyfile', lab.tmp / 'server.key',
        '--priority', 'NORMAL:-VERS-ALL:+VERS-TLS1.2' + flags, wait_port=port)
    serve(8443, ':%DISABLE_SAFE_RENEGOTIATION')
    serve(8444, '')
    lab.capture()
    print(lab.visit(40001, '-tls1_2', say=None)[:300])
    print(lab.visit(40002, '-tls1_2', '-legacy_server_connect')[-80:])
    print(lab.visit(40003, '-tls1_2', port=8444)[-80:])
    lab.finish()
