#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 stunnel4 tcpdump; needs root (network namespaces).
"""stunnel reads its configuration again while a connection is open, which goes on."""
import os
import pathlib
import signal
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lab"))
from honest_lab import prepare
from tls_lab import Lab

STUNNEL = '''foreground = yes
pid = {tmp}/stunnel.pid
[echo]
accept = 8443
connect = 127.0.0.1:7000
cert = {tmp}/server.pem
key = {tmp}/server.key
'''


def echo(s):
    with s:
        while data := s.recv(4096):
            s.sendall(data)


with Lab(__file__) as lab:
    prepare(lab)
    (lab.tmp / 'stunnel.conf').write_text(STUNNEL.format(tmp=lab.tmp))
    lab.listener(7000, lambda s: threading.Thread(target=echo, args=(s.dup(),), daemon=True).start())
    lab.start('s', 'stunnel4', lab.tmp / 'stunnel.conf', wait_port=8443)
    lab.capture()

    slow = lab.s_client(40001)
    lab.type(slow, 'first\n')
    os.kill(int((lab.tmp / 'stunnel.pid').read_text()), signal.SIGHUP)
    time.sleep(0.5)
    print(lab.visit(40002)[-40:])
    lab.type(slow, 'second\n')
    lab.eof(slow)
    print(lab.visit(40003)[-40:])
    lab.finish()
