#!/usr/bin/env python3
# Debian: golang-go patch iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""The programs of the samples with one mistake each, without a mistake."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_go_mistakes import mistaken_client, mistaken_server, ocsp_response
from tls_lab import Lab

with Lab(__file__) as lab:
    lab.certificate()
    lab.s_server('-rev', '-quiet', '-status_file', ocsp_response(lab), '-groups', 'P-384', '-cipher', 'ALL:@SECLEVEL=0',
                 '-keylogfile', lab.keys)
    client = mistaken_client(lab, '')
    lab.capture()
    for port, how in ((40001, 'max=1.2 suites=c013'), (40002, 'max=1.0 min=1.0 suites=002f'), (40003, 'max=1.2 suites=c030'),
                      (40004, 'max=1.2 suites=cca8'), (40005, 'max=1.2 suites=c02f'), (40006, '')):
        client(f'open x {port} {how}')
        client('echo x hello')
        client('close x')
    mistaken_server(lab, '', '-tickets', '5a' * 32, port=8444)
    lab.visit(40007, '-tls1_2', '-cipher', 'ECDHE-RSA-AES128-SHA', port=8444)
    lab.finish()
