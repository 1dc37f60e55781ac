#!/usr/bin/env python3
# Debian: iproute2 openssl python3 tcpdump; needs root (network namespaces).
"""FTP that turns to TLS, back to plain text with CCC, and to TLS once more, on one TCP connection; in TLS 1.2 and 1.3."""
import pathlib
import ssl
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab, NAME, sh
from upgrade_dialogues import until

VERSIONS = {2121: ssl.TLSVersion.TLSv1_2, 2122: ssl.TLSVersion.TLSv1_3}

with Lab(__file__, settle=0.1) as lab:
    sh('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', 7300,
       '-subj', f'/CN={NAME}', '-addext', f'subjectAltName=DNS:{NAME}', '-keyout', lab.tmp / 'server.key',
       '-out', lab.tmp / 'server.pem')
    sh('cp', lab.tmp / 'server.pem', lab.tmp / 'ca.pem')

    def serve(port):
        context = lab.tls_context('s', VERSIONS[port])
        context.num_tickets = 0

        def behave(s):
            s.sendall(b'220 hi\r\n')
            for _ in range(2):
                until(s, b'\n')
                s.sendall(b'234 AUTH TLS ok\r\n')
                t = context.wrap_socket(s.dup(), server_side=True)
                until(t, b'\n')
                t.sendall(b'200 clear now\r\n')
                t.unwrap()
                until(s, b'\n')
                s.sendall(b'215 plain again here\r\n')
            s.recv(100)
        lab.listener(port, behave)

    for port in VERSIONS:
        serve(port)
    lab.capture()
    for local, port in ((40001, 2121), (40002, 2122)):
        s = lab.connect(local, port)
        until(s, b'\n')
        for _ in range(2):
            s.sendall(b'AUTH TLS\r\n')
            until(s, b'\n')
            t = lab.tls_context('c', VERSIONS[port]).wrap_socket(s, server_hostname=NAME)
            t.sendall(b'CCC\r\n')
            t.recv(100)
            s = t.unwrap()
            s.sendall(b'SYST\r\n')
            print(s.recv(100))
        s.close()
        time.sleep(0.1)
    lab.finish()
