#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""TLS clients at a plain HTTP port and at a plain SMTP port."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab


def smtp(s):
    """A mail server as terse as can be: greeting, then a complaint for each line it does not know."""
    s.sendall(b'220 mail.example.test ESMTP\r\n')
    while data := s.recv(4096):
        s.sendall(b'500 5.5.2 Error: command not recognized\r\n' * max(1, data.count(b'\n')))


with Lab(__file__) as lab:
    lab.certificate()
    lab.start('s', sys.executable, '-m', 'http.server', '8080', wait_port=8080)
    lab.listener(2525, smtp)
    lab.capture()
    print(lab.visit(40001, port=8080, say=None))
    print(lab.visit(40002, port=2525, say=None))
    lab.finish()
