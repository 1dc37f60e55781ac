#!/usr/bin/env python3
# Debian: gnutls-bin golang-go iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""Plain HTTP requests to the TLS ports of three stacks."""
import http.client
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import SERVER, CLIENT, Lab

with Lab(__file__) as lab:
    cert, key = lab.certificate()
    lab.s_server('-quiet', '-www', port=8443)
    lab.start('s', lab.go(lab.here / 'https.go'), cert, key, wait_port=8444)
    lab.start('s', 'gnutls-serv', '-p', '8445', '--http', '--x509certfile', cert, '--x509keyfile', key, wait_port=8445)

    def get(port, local):
        c = http.client.HTTPConnection(SERVER, port, timeout=5, source_address=(CLIENT, local))
        try:
            c.request('GET', '/index.html')
            r = c.getresponse()
            return r.status, r.read()
        except Exception as e:
            return repr(e)
        finally:
            c.close()

    lab.capture()
    for port, local in ((8443, 40001), (8444, 40002), (8445, 40003)):
        print(port, lab.within('c', get, port, local))
    lab.finish()
