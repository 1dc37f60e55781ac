#!/usr/bin/env python3
# Debian: apache2-bin curl default-jdk-headless gnutls-bin golang-go haproxy iproute2 nginx-light nodejs openssl python3 tcpdump; needs root (network namespaces).
"""curl visits seven servers, one after the other."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lab"))
from honest_lab import apache, curl, haproxy, nginx, prepare, program
from tls_lab import Lab

PYTHON = '''
import http.server, ssl, sys
c = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
c.load_cert_chain(sys.argv[1], sys.argv[2])
http.server.SimpleHTTPRequestHandler.protocol_version = "HTTP/1.1"
s = http.server.ThreadingHTTPServer(("", int(sys.argv[3])), http.server.SimpleHTTPRequestHandler)
s.socket = c.wrap_socket(s.socket, server_side=True)
s.serve_forever()
'''
NODE = '''
const [cert, key, port] = process.argv.slice(2);
const fs = require('fs');
require('https').createServer({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) }, (q, a) => a.end('sound\\n')).listen(+port);
'''
GO = '''package main

import (
	"io"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "sound\\n") })
	panic(http.ListenAndServeTLS(":"+os.Args[3], os.Args[1], os.Args[2], nil))
}
'''
HAPROXY = '''
global
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
  timeout client 10s
  timeout connect 2s
  timeout server 10s
frontend f
  bind :{port} ssl crt {tmp}/bundle.pem
  http-request return status 200 content-type text/plain string sound
'''

with Lab(__file__) as lab:
    prepare(lab)
    own = (lab.tmp / 'server.pem', lab.tmp / 'server.key')
    (lab.tmp / 'source').mkdir()
    go = lab.go(program(lab, 'source/serve.go', GO))
    nginx(lab, 8001)
    apache(lab, port=8002)
    haproxy(lab, HAPROXY.format(port=8003, tmp=lab.tmp), 8003)
    lab.start('s', 'node', program(lab, 'serve.js', NODE), *own, 8004, wait_port=8004)
    lab.start('s', go, *own, 8005, wait_port=8005)
    lab.start('s', sys.executable, program(lab, 'serve.py', PYTHON), *own, 8006, cwd=lab.tmp / 'www', wait_port=8006)
    lab.start('s', 'gnutls-serv', '--http', '-q', '-p', 8007, '--x509certfile', own[0], '--x509keyfile', own[1], wait_port=8007)
    lab.capture()
    for port in range(8001, 8008):
        curl(lab, '--http1.1', '-o', '/dev/null', port=port)
    lab.finish()
