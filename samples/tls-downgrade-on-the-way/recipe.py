#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A device on the way takes TLS 1.3 out of what a client offers; the server, which knows TLS 1.3, leaves its mark. Then the device is gone."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab, tcp_checksum

# supported_versions from TLS 1.3 to 1.0; a reserved value takes the place of the first (RFC 8701).
OFFER, INSTEAD = bytes.fromhex('002b0009080304'), bytes.fromhex('002b0009080a0a')
MEDDLED = (40001).to_bytes(2, 'big')


def meddle(frame, upwards):
    if not upwards or frame[12:14] != b'\x08\x00' or frame[23] != 6 or frame[34:36] != MEDDLED or OFFER not in frame:
        return frame
    out = bytearray(frame.replace(OFFER, INSTEAD))
    out[50:52] = tcp_checksum(out, 34, 14 + int.from_bytes(frame[16:18], 'big'))
    return bytes(out)


with Lab(__file__, wire=meddle) as lab:
    lab.s_server('-rev', '-quiet')
    lab.capture(side='c')
    print(lab.visit(40001, say=None)[:300])
    print(lab.visit(40002)[-60:])
    lab.finish()
