#!/usr/bin/env python3
# Debian: golang-go iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A TLS server is stopped while idle; later clients are refused."""
import time
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_go_story import ANY, Story
from tls_lab import Lab

with Lab(__file__) as lab:
    story = Story(lab, patched=False)
    story.up()
    lab.capture()
    story.visits(40001)
    story.visits(40002, how=ANY)
    time.sleep(0.5)
    lab.stop(story.server)
    time.sleep(1)
    story.refused(40003, 40004, 40005)
    lab.finish()
