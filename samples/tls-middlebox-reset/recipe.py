#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A filter two hops from the client that resets in the name of the server, which is nine hops and 40 ms further."""
import pathlib
import socket
import ssl
import struct
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Engine, Lab, tcp_checksum
from tls_tcp import serve


def header_checksum(frame):
    total = sum(struct.unpack('!10H', bytes(frame[14:24]) + b'\0\0' + bytes(frame[26:34])))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return (~total & 0xffff).to_bytes(2, 'big')


def with_ttl(frame, ttl):
    out = bytearray(frame)
    out[22] = ttl
    out[24:26] = header_checksum(out)
    return bytes(out)


class NameFilter:
    """Resets both sides of a connection whose ClientHello has this name, and keeps the ClientHello."""

    def __init__(self, name):
        self.name, self.back = name, None

    def __call__(self, frame, upwards):
        if frame[12:14] != b'\x08\x00' or frame[23] != 6:
            return frame
        if upwards and self.name in frame:
            self.back.send(self.reset_for(frame))
            return []
        if not upwards:
            time.sleep(0.04)
        return with_ttl(frame, frame[22] - 11)

    def reset_for(self, frame):
        tcp = 14 + 4 * (frame[14] & 15)
        end = 14 + int.from_bytes(frame[16:18], 'big')
        after = int.from_bytes(frame[tcp + 4:tcp + 8], 'big') + end - tcp - 4 * (frame[tcp + 12] >> 4)
        out = bytearray(frame[6:12] + frame[:6] + frame[12:14] + b'\x45\0\0\x28' + bytes(4) + b'\x3e\x06\0\0'
                        + frame[30:34] + frame[26:30] + frame[tcp + 2:tcp + 4] + frame[tcp:tcp + 2]
                        + frame[tcp + 8:tcp + 12] + (after & 0xffffffff).to_bytes(4, 'big') + b'\x50\x14' + bytes(6))
        out[24:26] = header_checksum(out)
        out[34 + 16:34 + 18] = tcp_checksum(out, 34, len(out))
        return bytes(out)


def behave(c):
    c.say(c.hear()[::-1])
    c.close_notify()
    time.sleep(0.2)


def visit(lab, local, name):
    context = lab.tls_context('c', ssl.TLSVersion.TLSv1_3)
    context.check_hostname = False
    engine = Engine(context)
    engine.tls = context.wrap_bio(engine.inp, engine.out, server_hostname=name)
    s = lab.connect(local)
    try:
        engine.run(s, engine.tls.do_handshake)
        engine.run(s, engine.tls.write, b'hello\n')
        print(engine.run(s, engine.tls.read, 100))
        engine.run(s, engine.tls.unwrap)
    except OSError as e:
        print(local, e)
    s.close()
    time.sleep(lab.settle)


def towards_client():
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    s.bind(('x0', 0))
    return s


device = NameFilter(b'unwanted.example.test')
with Lab(__file__, wire=device) as lab:
    device.back = lab.within('m', towards_client)
    serve(lab, behave)
    lab.capture('c')
    visit(lab, 40001, 'server.example.test')
    visit(lab, 40002, 'unwanted.example.test')
    visit(lab, 40003, 'server.example.test')
    lab.finish()
