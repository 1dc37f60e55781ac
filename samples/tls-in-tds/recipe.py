#!/usr/bin/env python3
# Debian: iproute2 openssl python3 tcpdump; needs root (network namespaces).
"""TLS as Microsoft SQL Server carries it: the handshake in packets of TDS, the rest in the stream; once for the whole
connection, once for the login alone, and once not at all."""
import pathlib
import ssl
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab, NAME, sh
from upgrade_dialogues import exactly

OFF, ON, NOT_SUPPORTED = 0, 1, 2
PRELOGIN, RESULT, BATCH = 0x12, 0x04, 0x01


def packet(kind, body):
    return bytes([kind, 1]) + (8 + len(body)).to_bytes(2, 'big') + bytes(4) + body


def prelogin(kind, encryption):
    return packet(kind, bytes.fromhex('00000b00060100110001ff') + bytes.fromhex('0f0007d00000') + bytes([encryption]))


def unpack(s):
    head = exactly(s, 8)
    return exactly(s, int.from_bytes(head[2:4], 'big') - 8)


class Wrapped:
    """TLS of Python's ssl, whose handshake goes through packets."""

    def __init__(self, context, s, **how):
        self.s, self.inp, self.out = s, ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.inp, self.out, **how)
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.flush(True)
                self.inp.write(unpack(s))
        self.flush(True)

    def flush(self, wrapped):
        data = self.out.read()
        for at in range(0, len(data), 500):
            s = data[at:at + 500]
            self.s.sendall(packet(PRELOGIN, s) if wrapped else s)

    def write(self, data):
        self.tls.write(data)
        self.flush(False)

    def read(self):
        while True:
            try:
                return self.tls.read(2000)
            except ssl.SSLWantReadError:
                self.inp.write(self.s.recv(4000))


with Lab(__file__, settle=0.1) as lab:
    sh('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', 7300,
       '-subj', f'/CN={NAME}', '-addext', f'subjectAltName=DNS:{NAME}', '-keyout', lab.tmp / 'server.key',
       '-out', lab.tmp / 'server.pem')
    sh('cp', lab.tmp / 'server.pem', lab.tmp / 'ca.pem')
    server, client = lab.tls_context('s', ssl.TLSVersion.TLSv1_2), lab.tls_context('c', ssl.TLSVersion.TLSv1_2)
    server.num_tickets = 0
    answers = iter([ON, OFF, NOT_SUPPORTED])

    def behave(s):
        unpack(s)
        encryption = next(answers)
        s.sendall(prelogin(RESULT, encryption))
        if encryption == NOT_SUPPORTED:
            unpack(s)
            s.sendall(packet(RESULT, b'no login'))
            return
        t = Wrapped(server, s, server_side=True)
        t.read()
        if encryption == ON:
            t.write(packet(RESULT, b'logged in'))
            t.read()
            t.write(packet(RESULT, b'rows'))
        else:
            s.sendall(packet(RESULT, b'logged in'))
            unpack(s)
            s.sendall(packet(RESULT, b'rows in the clear'))
        s.recv(100)

    lab.listener(1433, behave)
    lab.capture()
    for local, encryption in ((40001, ON), (40002, OFF), (40003, OFF)):
        s = lab.connect(local, 1433)
        s.sendall(prelogin(PRELOGIN, encryption))
        answer = unpack(s)[-1]
        if answer == NOT_SUPPORTED:
            s.sendall(packet(0x10, b'login in the clear'))
            print(unpack(s))
        else:
            t = Wrapped(client, s, server_hostname=NAME)
            t.write(packet(0x10, b'login'))
            if answer == ON:
                print(t.read())
                t.write(packet(BATCH, b'select'))
                print(t.read())
            else:
                print(unpack(s))
                s.sendall(packet(BATCH, b'select'))
                print(unpack(s))
        s.close()
        time.sleep(0.1)
    lab.finish()
