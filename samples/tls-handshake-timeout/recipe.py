#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""Handshakes in which somebody falls silent: a server that is stuck, a client that is, and one that is merely slow."""
import pathlib
import ssl
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Engine, Lab


def stuck(s):
    """Leaves the ClientHello in the socket until the client has gone."""
    time.sleep(5)


def slow(s):
    """Answers after all, to a client that is patient."""
    time.sleep(4)
    with contexts.pop(0).wrap_socket(s, server_side=True) as tls:
        tls.sendall(tls.recv(100)[::-1])
        tls.unwrap()


def impatient(s):
    """Sends its flight, waits 4 s for the answer, and closes."""
    inp, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = contexts.pop(0).wrap_bio(inp, out, server_side=True)
    inp.write(s.recv(65536))
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        s.sendall(out.read())
    time.sleep(4)


def open_with_hello(lab, local, version):
    s, engine = lab.connect(local, timeout=20), Engine(lab.tls_context('c', version))
    try:
        engine.tls.do_handshake()
    except ssl.SSLWantReadError:
        s.sendall(engine.out.read())
    return s, engine


V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
with Lab(__file__) as lab:
    lab.certificate()
    contexts = [lab.tls_context('s', v) for v in (V13, V12, V13)]
    turns = [stuck, slow, impatient, impatient]
    lab.listener(8443, lambda s: turns.pop(0)(s))
    lab.capture()

    s, _ = open_with_hello(lab, 40001, V13)
    time.sleep(4)
    s.close()
    time.sleep(2)

    s, engine = open_with_hello(lab, 40002, V13)
    engine.run(s, engine.tls.do_handshake)
    engine.run(s, engine.tls.write, b'hello')
    print(engine.run(s, engine.tls.read, 100))
    s.close()

    for local, version in ((40003, V12), (40004, V13)):
        s, _ = open_with_hello(lab, local, version)
        time.sleep(4.5)
        print(len(s.recv(65536)), 'octets of the server, looked at too late')
        s.close()
    lab.finish()
