#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A server closes idle connections; the client uses them again just then, and its request is lost."""
import pathlib
import ssl
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab
from tls_tcp import Client, serve

polite = []


def behave(c):
    c.say(c.hear()[::-1])
    time.sleep(0.5)
    if polite:
        c.close_notify()


with Lab(__file__) as lab:
    serve(lab, behave)
    lab.capture()
    for local, version in ((40001, ssl.TLSVersion.TLSv1_2), (40002, ssl.TLSVersion.TLSv1_3)):
        client = Client(lab, local, version)
        client.say(b'first request\n')
        print(client.hear())
        time.sleep(0.6)
        client.say(b'second request\n')
        try:
            print(client.hear())
        except OSError as e:
            print(e)
        client.s.close()
        polite.append(True)
    lab.finish()
