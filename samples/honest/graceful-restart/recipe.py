#!/usr/bin/env python3
# Debian: curl haproxy iproute2 nginx-light openssl python3 tcpdump; needs root (network namespaces).
"""Servers that replace themselves while connections are open: nginx by reload and by a new binary, two processes that share a
port, HAProxy by a successor."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lab"))
import pathlib
import signal
import ssl
import time

from honest_lab import curl, haproxy, nginx, prepare, program
from tls_lab import Lab, NAME

SHARED = '''
import signal, socket, ssl, sys, threading
c = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
c.load_cert_chain(sys.argv[1], sys.argv[2])
l = socket.socket()
l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
l.bind(("", 8002)); l.listen(16)
signal.signal(signal.SIGTERM, lambda *_: l.close())
open_ = []
def serve(s):
    with c.wrap_socket(s, server_side=True) as t:
        while t.recv(4096):
            t.sendall(b"answer")
        t.unwrap()
while True:
    try:
        s, _ = l.accept()
    except OSError:
        break
    t = threading.Thread(target=serve, args=(s,)); t.start(); open_.append(t)
for t in open_:
    t.join()
'''
HAPROXY = '''
defaults
  mode http
  timeout client 10s
  timeout connect 2s
  timeout server 10s
frontend f
  bind :8003 ssl crt {tmp}/bundle.pem
  http-request return status 200 content-type text/plain string sound
'''


class Idle:
    """A connection that stays open and asks from time to time."""

    def __init__(self, lab, local, port):
        self.lab = lab
        raw = lab.connect(local, port)
        self.s = lab.within('c', lambda: lab.tls_context('c').wrap_socket(raw, server_hostname=NAME))

    def ask(self, last=False):
        close = 'Connection: close\r\n' if last else ''
        self.s.sendall(f'GET / HTTP/1.1\r\nHost: {NAME}\r\n{close}\r\n'.encode())
        self.s.recv(4096)
        time.sleep(self.lab.settle)

    def close(self):
        try:
            self.s.settimeout(2)
            while self.s.recv(4096):
                pass
            self.s.unwrap()
        except (OSError, ssl.SSLError):
            pass
        self.s.close()
        time.sleep(self.lab.settle)


with Lab(__file__) as lab:
    prepare(lab)
    master = nginx(lab, 8001)
    own = (lab.tmp / 'server.pem', lab.tmp / 'server.key')
    shared = program(lab, 'shared.py', SHARED)
    first = lab.start('s', sys.executable, shared, *own, wait_port=8002)
    older = haproxy(lab, HAPROXY.format(tmp=lab.tmp), 8003)
    lab.capture()

    idle = [Idle(lab, 40001 + n, 8001) for n in range(3)]
    idle[0].ask()
    idle[1].ask()
    master.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    idle[2].ask(last=True)
    for one in idle:
        one.close()
    curl(lab, port=8001)

    kept = Idle(lab, 40011, 8002)
    kept.ask()
    lab.start('s', sys.executable, shared, *own)
    time.sleep(1)
    first.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    Idle(lab, 40012, 8002).close()
    kept.ask()
    kept.close()

    kept = Idle(lab, 40021, 8003)
    kept.ask()
    haproxy(lab, HAPROXY.format(tmp=lab.tmp), 8003, '-sf', older.pid)
    time.sleep(0.5)
    kept.close()
    curl(lab, port=8003)
    lab.finish()
