#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A client segment arrives damaged, with a good checksum, and once more as it was."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import DamagedSegment, Lab

LONG = 'a request that is damaged, ' * 5

WAYS = (('-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256'), ('-tls1_2', '-cipher', 'ECDHE-RSA-AES256-SHA384'), ('-tls1_3',))

damage = DamagedSegment(good_checksum=True)

with Lab(__file__, wire=damage) as lab:
    lab.s_server('-rev', '-quiet')
    lab.capture()
    for link, flags in enumerate(WAYS):
        client = lab.s_client(40001 + link, *flags)
        lab.type(client, 'what arrives whole\n')
        damage.armed = True
        lab.type(client, LONG + '\n', pause=1)
        lab.eof(client)
    lab.finish()
