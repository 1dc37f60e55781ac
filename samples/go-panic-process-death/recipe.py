#!/usr/bin/env python3
# Debian: golang-go iproute2 procps openssl patch python3 tcpdump; needs root (network namespaces).
"""A Go server dies, as a whole process, of two CBC-SHA handshakes."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_go_story import ANY, CBC, Story
from tls_lab import Lab

with Lab(__file__) as lab:
    story = Story(lab, patched=True)
    story.up()
    lab.capture()
    story.visits(40001)
    story.idle(40011, 40012, 40013)
    story.idle(40014, how=ANY)
    story.client(f'open x 40021 {CBC}', expect='failed EOF')
    story.died()
    story.gone(40011, 40012, 40013, 40014)
    story.refused(40031, 40032)
    story.up()
    story.idle(40015, 40016, 40017)
    story.client(f'open y 40022 {CBC}', expect='failed EOF')
    story.died()
    story.gone(40015, 40016, 40017)
    story.refused(40033, 40034)
    story.up()
    story.visits(40002)
    lab.finish()
