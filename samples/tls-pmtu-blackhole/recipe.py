#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A path that carries no packet above 1,400 octets and does not say so: first a full handshake, then a resumed one; then the same
server with a smaller MTU."""
import pathlib
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab

NARROW = 1400


def narrow(frame, upwards):
    """A tunnel whose entry drops what does not fit, sets off no ICMP message and does not fragment."""
    return [] if len(frame) - 14 > NARROW else frame


with Lab(__file__, wire=narrow) as lab:
    cert, _ = lab.certificate()
    (lab.tmp / 'chain.pem').write_text(cert.read_text() + (lab.tmp / 'ca.pem').read_text() * 2)
    session = lab.tmp / 'session'
    lab.s_server('-rev', '-quiet', '-tls1_2', '-cert_chain', lab.tmp / 'chain.pem')
    lab.inside('s', 'sysctl', '-qw', 'net.ipv4.tcp_mtu_probing=0')
    mtu = lambda octets: lab.inside('s', 'ip', 'link', 'set', 's0', 'mtu', octets)
    mtu(NARROW)
    lab.visit(40000, '-sess_out', session)
    mtu(1500)
    lab.keys.unlink()
    lab.capture()
    lab.visit(40001, '-sess_in', session)
    stuck = lab.s_client(40002)
    time.sleep(8)
    stuck.kill()
    time.sleep(1)
    mtu(NARROW)
    lab.visit(40003)
    lab.finish()
