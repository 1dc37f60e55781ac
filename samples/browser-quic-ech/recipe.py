#!/usr/bin/env python3
"""Makes the capture again: recipe.py [OUTPUT-FOLDER]. Needs root and the Debian packages
python3 iproute2 tcpdump openssl chromium ngtcp2-client ngtcp2-server
"""

import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from browser_lab import SERVER_IP, BrowserLab

HTTPS = '''
import http.server, ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('cert.pem', 'key.pem')
server = http.server.ThreadingHTTPServer(('%s', 443), http.server.SimpleHTTPRequestHandler)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
''' % SERVER_IP

# What each client of ngtcp2 asks for: the server without and with Retry; version 2, which it knows as a draft only.
CLIENTS = (
    (4433, ('-vv1',)),
    (4434, ('-vv1',)),
    (4433, ('-vv2draft',)),
)

with BrowserLab('port 443 or port 4433 or port 4434') as lab:
    lab.certificate()
    lab.start(lab.server, sys.executable, '-c', HTTPS)
    for port, options in ((4433, ()), (4434, ('-V',))):
        lab.start(lab.server, 'gtlsserver', '-q', *options, SERVER_IP, str(port), lab.path('key.pem'), lab.path('cert.pem'))
    time.sleep(1)
    for port, options in CLIENTS:
        lab.start(lab.browser, 'gtlsclient', '-q', '--exit-on-all-streams-close', '--timeout=1s', *options, SERVER_IP,
                  str(port), 'https://ngtcp2.example.org:%d/' % port)
        time.sleep(2)
    only = '--host-resolver-rules=MAP www.example.org %s, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1' % SERVER_IP
    lab.browse('https://www.example.org/cert.pem', only, '--disable-quic', '--ignore-certificate-errors',
               '--ssl-key-log-file=' + lab.path('keys.log'), seconds=4)
    lab.browse('https://www.example.org:4433/', only, '--origin-to-force-quic-on=www.example.org:4433',
               '--ignore-certificate-errors', seconds=2)
    lab.save(keys=True)
