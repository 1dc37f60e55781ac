#!/usr/bin/env python3
# Debian: golang-go iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A client says close_notify and closes while an answer to it is still unread: RST instead of FIN."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_go_story import ANY, GCM, Story
from tls_lab import Lab

with Lab(__file__) as lab:
    story = Story(lab, patched=False)
    story.up()
    lab.capture()
    for port, how in ((40001, GCM), (40002, ANY)):
        story.client(f'open x {port} {how}')
        story.client('echo x hello')
        story.client('send x an answer nobody reads')
        story.client('close x')
    lab.finish()
