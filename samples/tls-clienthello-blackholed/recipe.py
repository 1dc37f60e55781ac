#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A device that takes the first segment for the whole ClientHello and drops what follows before the server has answered."""
import pathlib
import ssl
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Engine, Lab
from tls_tcp import serve


class OneSegmentInspector:
    def __init__(self):
        self.first, self.answered = {}, set()

    def __call__(self, frame, upwards):
        if frame[12:14] != b'\x08\x00' or frame[23] != 6:
            return frame
        tcp = 14 + 4 * (frame[14] & 15)
        length = 14 + int.from_bytes(frame[16:18], 'big') - tcp - 4 * (frame[tcp + 12] >> 4)
        port = frame[tcp:tcp + 2] if upwards else frame[tcp + 2:tcp + 4]
        if length == 0 or port in self.answered:
            return frame
        if not upwards:
            self.answered.add(port)
            return frame
        sequence = frame[tcp + 4:tcp + 8]
        return frame if self.first.setdefault(port, sequence) == sequence else []


def behave(c):
    c.say(c.hear()[::-1])
    c.close_notify()
    time.sleep(0.2)


def visit(lab, local, patience, protocols):
    context = lab.tls_context('c', ssl.TLSVersion.TLSv1_3)
    context.set_alpn_protocols(protocols)
    s, engine = lab.connect(local, timeout=patience), Engine(context)
    try:
        engine.run(s, engine.tls.do_handshake)
        engine.run(s, engine.tls.write, b'hello\n')
        print(engine.run(s, engine.tls.read, 100))
        engine.run(s, engine.tls.unwrap)
    except OSError as e:
        print(local, e)
    s.close()
    time.sleep(lab.settle)


with Lab(__file__, wire=OneSegmentInspector()) as lab:
    serve(lab, behave)
    lab.capture('c')
    # OpenSSL 3.0 knows no post-quantum key share; names of protocols make the ClientHello as large.
    visit(lab, 40001, 4, ['http/1.1'] + [f'a-protocol-that-fills-segments-{n:02}' for n in range(46)])
    visit(lab, 40002, 10, ['http/1.1'])
    lab.finish()
