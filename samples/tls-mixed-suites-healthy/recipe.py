#!/usr/bin/env python3
# Debian: golang-go iproute2 procps openssl patch python3 tcpdump; needs root (network namespaces).
"""The clients of go-panic-process-death against an unpatched Go server."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_go_story import ANY, CBC, Story
from tls_lab import Lab

with Lab(__file__) as lab:
    story = Story(lab, patched=False)
    story.up()
    lab.capture()
    story.visits(40001)
    story.idle(40011, 40012, 40013)
    story.idle(40014, how=ANY)
    story.visits(40021, how=CBC)
    story.visits(40022, how=CBC)
    story.visits(40002)
    for port in (40011, 40012, 40013, 40014):
        story.client(f'echo i{port} still here')
        story.client(f'close i{port}')
    lab.finish()
