#!/usr/bin/env python3
# Debian: golang-go patch iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A client whose Finished carries wrong verify_data, protected as it should be."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import HERE, GoClient, Lab

with Lab(__file__) as lab:
    lab.s_server('-tls1_2', '-rev', '-quiet')
    sound = GoClient(lab, lab.go(HERE / 'tls_client.go'), lab.tmp / 'ca.pem')
    wrong = GoClient(lab, lab.go(HERE / 'tls_client.go', HERE / 'tls_go_wrong_client_finished.patch'), lab.tmp / 'ca.pem')
    lab.capture()
    wrong('open x 40001 max=1.2 suites=c02f', expect='failed remote error: tls: error decrypting message')
    wrong('open x 40002 max=1.2 suites=c013', expect='failed remote error: tls: error decrypting message')
    sound('open y 40003 max=1.2 suites=c02f')
    sound('echo y hello')
    sound('close y')
    lab.finish()
