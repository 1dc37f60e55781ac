#!/usr/bin/env python3
# Debian: curl haproxy iproute2 nginx-light nmap openssl python3 tcpdump; needs root (network namespaces).
"""Port scans and health checks of every kind, at a server that is well."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lab"))
import socket
import struct
import time

from honest_lab import curl, haproxy, nginx, prepare, run
from tls_lab import Lab, NAME, SERVER

CHECKS = '''
defaults
  mode http
  timeout client 5s
  timeout connect 1s
  timeout server 5s
  default-server inter 900ms
frontend f
  bind 127.0.0.1:9000
  default_backend plain
backend plain
  server a {server}:8443 check
backend tls
  server a {server}:8443 check check-ssl verify none
backend http
  option httpchk GET /
  http-check send hdr Host {name}
  server a {server}:8443 check check-ssl ssl verify none sni str({name}) check-sni {name}
'''


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    s.close()


def shake_hands(lab, local):
    raw = lab.connect(local)
    return lab.within('c', lambda: lab.tls_context('c').wrap_socket(raw, server_hostname=NAME))


with Lab(__file__) as lab:
    prepare(lab)
    nginx(lab, keepalive='1s')
    lab.capture()
    curl(lab)
    for flag in ('-sS', '-sT', '-sF', '-sX'):
        run(lab, 'c', 'nmap', '-n', '-Pn', '--max-retries', 0, flag, '-p', '443,8443', SERVER)
    lab.connect(40001).close()
    time.sleep(0.3)
    reset(lab.connect(40002))
    time.sleep(0.3)
    half = lab.connect(40003)
    half.shutdown(socket.SHUT_WR)
    half.recv(10)
    half.close()
    for local, version in ((40004, '-tls1_3'), (40005, '-tls1_2')):
        lab.visit(local, version, say=None)
    shake_hands(lab, 40006).close()
    time.sleep(0.3)
    reset(shake_hands(lab, 40007))
    time.sleep(0.3)
    polite = shake_hands(lab, 40008)
    try:
        polite.unwrap()
    except OSError:
        pass
    polite.close()
    time.sleep(0.3)
    curl(lab, '-I')
    text = CHECKS.format(server=SERVER, name=NAME)
    (lab.tmp / 'haproxy.cfg').write_text(text)
    checker = lab.start('c', 'haproxy', '-db', '-f', lab.tmp / 'haproxy.cfg')
    time.sleep(1.5)
    lab.stop(checker)
    curl(lab)
    lab.finish()
