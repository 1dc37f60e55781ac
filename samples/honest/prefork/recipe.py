#!/usr/bin/env python3
# Debian: apache2-bin curl iproute2 openssl python3 tcpdump; needs root (network namespaces).
"""Servers whose children serve one connection and exit, while others are open."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lab"))
import time

from honest_lab import apache, curl, prepare, program
from tls_lab import Lab, NAME

FORKING = '''
import os, socket, ssl, sys
c = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
c.load_cert_chain(sys.argv[1], sys.argv[2])
l = socket.create_server(("", 8002))
while True:
    s, _ = l.accept()
    if os.fork() == 0:
        l.close()
        t = c.wrap_socket(s, server_side=True)
        t.recv(4096)
        t.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 6\\r\\nConnection: close\\r\\n\\r\\nsound\\n")
        t.unwrap()
        os._exit(0)
    s.close()
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
'''

with Lab(__file__) as lab:
    prepare(lab)
    apache(lab, 'prefork', 8001, 'StartServers 2\nMinSpareServers 1\nMaxConnectionsPerChild 1\nKeepAliveTimeout 1\nSSLProtocol all -SSLv3')
    lab.start('s', sys.executable, program(lab, 'forking.py', FORKING), lab.tmp / 'server.pem', lab.tmp / 'server.key', wait_port=8002)
    lab.capture()
    raw = lab.connect(40001, 8001)
    idle = lab.within('c', lambda: lab.tls_context('c').wrap_socket(raw, server_hostname=NAME))
    idle.sendall(f'GET / HTTP/1.1\r\nHost: {NAME}\r\n\r\n'.encode())
    idle.recv(4096)
    curl(lab, port=8001)
    curl(lab, '--tls-max', '1.2', port=8001)
    time.sleep(1.5)
    try:
        idle.unwrap()
    except OSError:
        pass
    idle.close()
    curl(lab, port=8002)
    curl(lab, '--tls-max', '1.2', port=8002)
    lab.finish()
