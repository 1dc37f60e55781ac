#!/usr/bin/env python3
"""Lists the DTLS records of a capture.pcap of this lab, frame by frame: dtls_list_records.py capture.pcap

Numbers are Wireshark's frame numbers. Only what these captures need: Ethernet, IPv4, UDP, microsecond pcap.
"""

import struct
import sys

sys.dont_write_bytecode = True
from dtls_lab import Datagram, SERVER_IP  # noqa: E402

TYPES = {20: 'CCS', 21: 'alert', 22: 'hs', 23: 'data'}
MESSAGES = {0: 'HelloRequest', 1: 'ClientHello', 2: 'ServerHello', 3: 'HelloVerifyRequest', 4: 'NewSessionTicket',
            11: 'Certificate', 12: 'ServerKeyExchange', 13: 'CertificateRequest', 14: 'ServerHelloDone',
            15: 'CertificateVerify', 16: 'ClientKeyExchange', 20: 'Finished'}


def describe(record):
    text = '%s e%d s%d' % (TYPES.get(record.type, record.type), record.epoch, record.seq)
    if record.message is not None and record.length >= 12:
        total, sequence = int.from_bytes(record.body[1:4], 'big'), int.from_bytes(record.body[4:6], 'big')
        start, part = int.from_bytes(record.body[6:9], 'big'), int.from_bytes(record.body[9:12], 'big')
        text = '%s m%d s%d' % (MESSAGES.get(record.message, record.message), sequence, record.seq)
        if record.epoch:
            text += ' e%d' % record.epoch
        if record.message == 1:
            text += ' random %s..' % record.body[14:18].hex()
            session = record.body[46]
            cookie = record.body[47 + session:]
            text += ' cookie %s..' % cookie[1:5].hex() if cookie and cookie[0] else ''
        if record.message == 2:
            text += ' random %s.. suite %s' % (record.body[14:18].hex(),
                                               record.body[47 + record.body[46]:49 + record.body[46]].hex())
        if record.message == 3:
            text += ' cookie %s..' % record.body[15:19].hex()
        if part != total:
            text += ' [%d-%d of %d]' % (start, start + part, total)
    elif record.type == 21 and record.epoch == 0:
        text += ' ' + record.body.hex()
    else:
        text += ' len %d' % record.length
    return text


def main(path):
    with open(path, 'rb') as file:
        octets = file.read()
    offset, number, first = 24, 0, None
    while offset + 16 <= len(octets):
        seconds, micros, captured, _ = struct.unpack_from('<IIII', octets, offset)
        frame = octets[offset + 16:offset + 16 + captured]
        offset += 16 + captured
        number += 1
        at = seconds + micros / 1e6
        first = at if first is None else first
        to_server = '.'.join(map(str, frame[30:34])) == SERVER_IP
        datagram = Datagram(frame, to_server, at)
        fragment = struct.unpack_from('!H', frame, 20)[0] & 0x3fff
        what = '; '.join(map(describe, datagram.records())) if not fragment else 'IP fragment at %d%s' % (
            (fragment & 0x1fff) * 8, ', more follow' if fragment & 0x2000 else '')
        if frame[23] == 1:
            what = 'ICMP type %d code %d' % (frame[34], frame[35])
        port = datagram.source_port or ''
        print('%3d %10.6f %s %5s %4d  %s' % (number, at - first, '->' if to_server else '<-', port, len(frame), what))


main(sys.argv[1])
