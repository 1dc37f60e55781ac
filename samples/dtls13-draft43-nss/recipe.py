#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root and the Debian packages
python3 iproute2 tcpdump openssl gcc libnss3-dev libnspr4-dev
"""

import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from dtls_lab import CLIENT_HELLO, CLIENT_IP, LAB_FOLDER, SERVER_IP, SERVER_PORT, Lab

LABELS = {'2': '%s_HANDSHAKE_TRAFFIC_SECRET', '3': '%s_TRAFFIC_SECRET_0'}

with Lab() as lab:
    program = lab.compile(os.path.join(LAB_FOLDER, 'dtls13_nss.c'), '-I/usr/include/nss', '-I/usr/include/nspr',
                          '-lssl3', '-lsmime3', '-lnss3', '-lnspr4')
    cert, key = lab.certificate('ec')
    cert_der, key_der = (os.path.join(lab.folder, name) for name in ('cert.der', 'key.der'))
    subprocess.run(['openssl', 'x509', '-in', cert, '-outform', 'DER', '-out', cert_der], check=True)
    subprocess.run(['openssl', 'pkcs8', '-topk8', '-nocrypt', '-in', key, '-outform', 'DER', '-out', key_der], check=True)
    for port, how in ((40001, []), (40002, ['short'])):
        secrets = os.path.join(lab.folder, 'secrets-%d' % port)
        server = lab.on_server('server', [program, 'server', SERVER_IP, str(SERVER_PORT), CLIENT_IP, str(port), os.devnull,
                                          *how, cert_der, key_der])
        server.wait_for('ready')
        client = lab.on_client('client', [program, 'client', CLIENT_IP, str(port), SERVER_IP, str(SERVER_PORT), secrets,
                                          *how])
        client.wait_end()
        server.wait_end()
        print(server.log().split('\n'), client.log().split('\n'))
        hello, = (d for d in lab.datagrams(message=CLIENT_HELLO) if d.source_port == port)
        # Behind the headers of record and message, and the version.
        random = hello.payload[27:59].hex()
        with open(secrets) as lines, open(lab.keys, 'a') as log:
            for side, epoch, secret in map(str.split, lines):
                if epoch in LABELS:
                    log.write('%s %s %s\n' % (LABELS[epoch] % side, random, secret))
    lab.save()
