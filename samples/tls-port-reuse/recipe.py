#!/usr/bin/env python3
# Debian: golang-go iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""Three TLS connections in a row on one 5-tuple."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_go_story import ANY, CBC, GCM, Story
from tls_lab import Lab

with Lab(__file__) as lab:
    story = Story(lab, patched=False)
    story.up()
    lab.capture()
    for how in (GCM, CBC, ANY):
        story.client(f'open x 40001 {how}')
        story.client('echo x hello')
        story.client('half x')      # the server answers with its close_notify and FIN,
        story.client('wait x')      # so the TIME-WAIT is on its side
        story.client('close x')
    lab.finish()
