#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces, TCP_REPAIR).
"""A client forgets its connection, as after a power cut, and begins again from the same port."""
import pathlib
import ssl
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab
from tls_tcp import Client, serve


def behave(c):
    while True:
        said = c.hear()
        if not said:
            return
        c.say(said[::-1])


with Lab(__file__) as lab:
    serve(lab, behave)
    lab.capture()
    client = Client(lab, 40001, ssl.TLSVersion.TLSv1_2)
    client.say(b'before\n')
    print(client.hear())
    client.forget()
    began = time.time()
    client = Client(lab, 40001, ssl.TLSVersion.TLSv1_2)
    print(f'connected again after {time.time() - began - lab.settle:.3f} s')
    client.say(b'afterwards\n')
    print(client.hear())
    client.close()
    lab.finish()
