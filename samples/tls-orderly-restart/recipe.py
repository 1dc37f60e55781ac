#!/usr/bin/env python3
# Debian: golang-go iproute2 procps openssl patch python3 tcpdump; needs root (network namespaces).
"""A Go server is stopped with close_notify on every connection and started again."""
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
    story.visits(40001)
    story.idle(40011, 40012, how=GCM)
    story.idle(40013, how=CBC)
    story.idle(40014, how=ANY)
    lab.stop(story.server)
    story.gone(40011, 40012, 40013, 40014)
    story.up()
    story.visits(40002, how=GCM)
    story.visits(40003, how=CBC)
    story.visits(40004, how=ANY)
    lab.finish()
