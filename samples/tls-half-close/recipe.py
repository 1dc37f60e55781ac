#!/usr/bin/env python3
# Debian: golang-go iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A client ends its direction with close_notify; the server goes on sending for a while."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_go_story import ANY, Story
from tls_lab import Lab

with Lab(__file__) as lab:
    story = Story(lab, False, '-tail', '200ms')
    story.up()
    lab.capture()
    story.client(f'open x 40001 {ANY}')
    story.client('echo x last request')
    story.client('half x')
    story.client('wait x')
    story.client('close x')
    lab.finish()
