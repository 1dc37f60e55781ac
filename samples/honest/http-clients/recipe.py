#!/usr/bin/env python3
# Debian: curl default-jdk-headless gnutls-bin golang-go iproute2 nginx-light nodejs openssl python3 tcpdump; needs root (network namespaces).
"""Seven clients visit nginx, each in its own way."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lab"))
from honest_lab import go_visitor, nginx, prepare, visit_all
from tls_lab import Lab

with Lab(__file__) as lab:
    prepare(lab)
    go = go_visitor(lab)
    nginx(lab)
    lab.capture()
    visit_all(lab, go)
    lab.finish()
