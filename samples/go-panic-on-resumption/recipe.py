#!/usr/bin/env python3
# Debian: golang-go iproute2 procps openssl patch python3 tcpdump; needs root (network namespaces).
"""A session of before the faulty release is resumed: the panic comes before ServerHello leaves."""
import os
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_go_story import CBC, Story
from tls_lab import Lab

with Lab(__file__) as lab:
    story = Story(lab, True, '-tickets', os.urandom(32).hex(), patched_later=True)
    story.up()
    lab.capture()
    story.visits(40001, how=CBC + ' cache=1')
    lab.stop(story.server)
    story.program = story.broken
    story.up()
    story.idle(40011, 40012, 40013)
    story.client(f'open x 40021 {CBC} cache=1', expect='failed EOF')
    story.died()
    story.gone(40011, 40012, 40013)
    story.refused(40031, 40032)
    lab.finish()
