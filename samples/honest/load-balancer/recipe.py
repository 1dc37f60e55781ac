#!/usr/bin/env python3
# Debian: haproxy iproute2 nginx-light openssl python3 tcpdump; needs root (network namespaces).
"""Balancers in front of nginx that give up idle connections: one closes, one resets."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lab"))
import select
import socket
import struct
import threading
import time

from honest_lab import curl, haproxy, nginx, prepare
from tls_lab import Lab, NAME

#: Seconds; the shortest of well-known balancers is a minute.
IDLE = 11
HAPROXY = '''
defaults
  mode tcp
  timeout client 1s
  timeout connect 1s
  timeout server 1s
frontend f
  bind :8001
  default_backend b
backend b
  server a 127.0.0.1:8443
'''


def balancer(lab, port):
    """Passes octets on, and resets the client's side when nothing went by for a while."""
    def pump(client):
        server = socket.create_connection(('127.0.0.1', 8443))
        ends = {client: server, server: client}
        while True:
            ready, _, _ = select.select(list(ends), [], [], IDLE)
            if not ready:
                break
            for one in ready:
                octets = one.recv(65536)
                if not octets:
                    for end in ends:
                        end.close()
                    return
                ends[one].sendall(octets)
        server.close()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        client.close()

    def loop(l):
        while True:
            client, _ = l.accept()
            threading.Thread(target=in_server, args=(pump, client), daemon=True).start()

    def in_server(work, *args):
        lab.enter('s')
        work(*args)

    def make():
        l = socket.create_server(('', port))
        threading.Thread(target=loop, args=(l,), daemon=True).start()
        return l
    return lab.within('s', make)


def visit(lab, local, port, wait):
    raw = lab.connect(local, port)
    s = lab.within('c', lambda: lab.tls_context('c').wrap_socket(raw, server_hostname=NAME))
    s.sendall(f'GET / HTTP/1.1\r\nHost: {NAME}\r\n\r\n'.encode())
    s.recv(4096)
    time.sleep(wait)
    try:
        s.recv(4096)
        s.unwrap()
    except OSError:
        pass
    s.close()
    time.sleep(0.3)


with Lab(__file__) as lab:
    prepare(lab)
    nginx(lab)
    haproxy(lab, HAPROXY, 8001)
    balancers = [balancer(lab, 8002)]
    lab.capture()
    curl(lab, port=8001)
    visit(lab, 40001, 8001, 1.6)
    visit(lab, 40002, 8002, IDLE + 0.6)
    curl(lab, port=8002)
    lab.finish()
