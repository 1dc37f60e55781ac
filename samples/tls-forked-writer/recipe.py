#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A client that forks: both processes write with one TLS state, so one sequence number protects two records."""
import os
import pathlib
import ssl
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Engine, Lab

with Lab(__file__) as lab:
    lab.s_server('-tls1_2', '-rev', '-quiet')
    context = lab.tls_context('c', ssl.TLSVersion.TLSv1_2)
    context.set_ciphers('ECDHE-RSA-AES128-GCM-SHA256')
    lab.capture()
    s = lab.connect(40001)
    engine = Engine(context)
    engine.run(s, engine.tls.do_handshake)

    def say(text):
        engine.tls.write(text)
        s.sendall(engine.out.read())

    say(b'before\n')
    engine.run(s, engine.tls.read, 100)
    child = os.fork()
    if child == 0:
        say(b'from the child\n')
        os._exit(0)
    os.waitpid(child, 0)
    time.sleep(lab.settle)
    say(b'from the parent\n')
    time.sleep(lab.settle)
    s.close()
    lab.finish()
