#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A server that does not come to accept, behind a kernel that resets what does not fit into the queue."""
import pathlib
import ssl
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab
from tls_tcp import Client, serve


class SlowAnswer:
    """Holds a SYN-ACK up, so that several clients have asked before the next one is through."""

    def __init__(self):
        self.armed = False

    def __call__(self, frame, upwards):
        tcp = 14 + 4 * (frame[14] & 15)
        if self.armed and not upwards and frame[12:14] == b'\x08\x00' and frame[23] == 6 and frame[tcp + 13] == 0x12:
            self.armed = False
            time.sleep(0.3)
        return frame


def behave(c):
    c.say(c.hear()[::-1])
    c.close_notify()
    time.sleep(0.1)


def visit(lab, local):
    try:
        client = Client(lab, local, ssl.TLSVersion.TLSv1_3)
        client.say(b'hello\n')
        print(local, client.hear(), client.hear())
        client.close()
    except BaseException as e:
        print(local, e)


answers = SlowAnswer()
with Lab(__file__, wire=answers) as lab:
    lab.inside('s', 'sysctl', '-qw', 'net.ipv4.tcp_abort_on_overflow=1')
    accept = serve(lab, behave, backlog=2)      # room for three
    lab.capture()
    clients = [threading.Thread(target=visit, args=(lab, 40001 + n), daemon=True) for n in range(5)]
    for one in clients[:2]:
        one.start()
    time.sleep(0.5)
    answers.armed = True
    for one in clients[2:]:
        one.start()
    time.sleep(1)
    accept()
    for one in clients:
        one.join(10)
    visit(lab, 40011)
    print(lab.inside('s', 'nstat', '-az', 'TcpExtListenOverflows'))
    lab.finish()
