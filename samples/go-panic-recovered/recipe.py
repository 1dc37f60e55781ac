#!/usr/bin/env python3
# Debian: golang-go iproute2 procps openssl patch python3 tcpdump; needs root (network namespaces).
"""The same panic, but the goroutine of the connection recovers and closes it."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_go_story import CBC, Story
from tls_lab import Lab

with Lab(__file__) as lab:
    story = Story(lab, True, '-onpanic', 'close')
    story.up()
    lab.capture()
    story.idle(40011, 40012, 40013)
    story.client(f'open x 40021 {CBC}', expect='failed EOF')
    story.visits(40001)
    for port in (40011, 40012, 40013):
        story.client(f'echo i{port} still here')
        story.client(f'close i{port}')
    lab.finish()
