#!/usr/bin/env python3
# Debian: curl iproute2 libnss3-tools nginx-light openssl python3 tcpdump; needs root (network namespaces).
"""NSS, the stack of Firefox, by its own tools: its client visits nginx, and curl and its client visit its server."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lab"))
from honest_lab import curl, nginx, prepare
from tls_lab import Lab, NAME, SERVER, sh

GET = f'GET / HTTP/1.0\r\nHost: {NAME}\r\n\r\n'

with Lab(__file__) as lab:
    prepare(lab)
    db = f'sql:{lab.tmp}/db'
    (lab.tmp / 'db').mkdir()
    sh('certutil', '-N', '-d', db, '--empty-password')
    sh('certutil', '-A', '-d', db, '-n', 'ca', '-t', 'CT,,', '-i', lab.tmp / 'ca.pem')
    sh('openssl', 'pkcs12', '-export', '-in', lab.tmp / 'server.pem', '-inkey', lab.tmp / 'server.key', '-name', 'server',
       '-passout', 'pass:', '-out', lab.tmp / 'server.p12')
    sh('pk12util', '-i', lab.tmp / 'server.p12', '-d', db, '-W', '', '-K', '')
    nginx(lab)
    lab.start('s', 'selfserv', '-d', db, '-n', 'server', '-p', '8444', '-V', 'tls1.2:tls1.3', '-u', wait_port=8444)
    lab.capture()
    # -V is the range of versions, -u asks for a ticket.
    def tstclnt(port, *flags):
        """It never ends by itself, even where the server has."""
        p = lab.start('c', 'tstclnt', '-h', SERVER, '-a', NAME, '-p', port, '-d', db, '-u', *flags, env={'SSLKEYLOGFILE': str(lab.keys)})
        lab.type(p, GET, 1)
        lab.stop(p)
        print(lab.output(p)[-60:])
    tstclnt(8443, '-V', 'tls1.2:tls1.3')
    tstclnt(8443, '-V', 'tls1.2:tls1.2')
    tstclnt(8443, '-V', 'tls1.2:tls1.2', '-r', '2')
    tstclnt(8444, '-V', 'tls1.3:tls1.3')
    curl(lab, port=8444)
    curl(lab, '--tls-max', '1.2', port=8444)
    lab.finish()
