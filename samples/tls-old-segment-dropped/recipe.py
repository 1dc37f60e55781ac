#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A copy of a segment is held up on the path and arrives in the next connection on the same ports."""
import pathlib
import socket
import ssl
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab
from tls_tcp import Client, serve

HELLO = b'a request of the first connection, which the path doubles\n'


class Holder:
    """Copies the client's segments with data when told, and lets the copies go when told."""

    def __init__(self):
        self.hold, self.go, self.held = False, False, []

    def __call__(self, frame, upwards):
        if not upwards or frame[12:14] != b'\x08\x00' or frame[23] != 6:
            return frame
        tcp = 14 + 4 * (frame[14] & 15)
        end = 14 + int.from_bytes(frame[16:18], 'big')
        if end - tcp - 4 * (frame[tcp + 12] >> 4) == 0:
            return frame
        if self.hold:
            self.held.append(frame)
        if not self.go:
            return frame
        late, self.held, self.go = self.held, [], False
        return [*late, frame]


def behave(c):
    while True:
        said = c.hear()
        c.say(said[::-1])
        if said.startswith(b'last'):
            break
    c.close_notify()
    c.s.shutdown(socket.SHUT_WR)
    while c.s.recv(4096):           # the client's close_notify and FIN
        pass


holder = Holder()
with Lab(__file__, wire=holder) as lab:
    serve(lab, behave)
    lab.capture()
    client = Client(lab, 40001, ssl.TLSVersion.TLSv1_2)
    holder.hold = True
    client.say(HELLO)
    holder.hold = False
    print(client.hear())
    client.say(b'last words\n')
    print(client.hear(), client.hear())
    client.close()
    client = Client(lab, 40001, ssl.TLSVersion.TLSv1_2)
    holder.go = True
    client.say(b'a request of the second connection\n')
    print(client.hear())
    client.say(b'last words\n')
    print(client.hear(), client.hear())
    client.close()
    lab.finish()
