#!/usr/bin/env python3
"""Makes the captures again: recipe.py [OUTPUT-FOLDER]. Needs root and the Debian packages
python3-scapy python3-cryptography iproute2 tcpdump tshark openssl

wrapped.pcapng.gz: the packets of two other samples, put by scapy into one link type or tunnel after the other; an
interface for each. wrapped.json: their names, and what tshark sees in each when it stands alone.
live.pcapng.gz: conversations of OpenSSL through tunnels and interfaces that Linux made; an interface for each.
"""

import fcntl
import gzip
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
from tls_lab import CLIENT, SERVER, Lab  # noqa: E402
from scapy.config import conf  # noqa: E402

conf.use_pcap = False
conf.ipv6_enabled = True
from scapy.all import (  # noqa: E402
    IP, TCP, UDP, Dot1AD, Dot1Q, Dot3, Ether, GRE, GRE_PPTP, LLC, PPP, SNAP, VXLAN, CookedLinux, CookedLinuxV2,
    Dot11, Dot11QoS, HDLC, ICMP, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting,
    L2TP, Loopback, PadN, PPPoE, PPPoED, RadioTap, Raw, fragment, fragment6, rdpcap)
from scapy.contrib.erspan import ERSPAN_I, ERSPAN_II, ERSPAN_III  # noqa: E402
from scapy.contrib.etherip import EtherIP  # noqa: E402
from scapy.contrib.geneve import GENEVE, GeneveOptions  # noqa: E402
from scapy.contrib.gtp import GTP_U_Header, GTPPDUSessionContainer  # noqa: E402
from scapy.contrib.macsec import MACsecSA  # noqa: E402
from scapy.contrib.mpls import MPLS  # noqa: E402
from scapy.contrib.nsh import NSH  # noqa: E402
from scapy.layers.ipsec import AH, ESP, SecurityAssociation  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else HERE
#: A TLS handshake whose first protected record is refused, and a DTLS one whose Finished is dropped.
SOURCES = ['tls-mac-wrong-hash', 'dtls-corrupt-finished-etm']
#: Link types that scapy does not set by itself.
NULL, ETHERNET, PPP_LINK, RAW, WLAN, SLL, RADIOTAP, SLL2 = 0, 1, 9, 101, 105, 113, 127, 276

ENDS = dict(src='203.0.113.1', dst='203.0.113.2')
ENDS6 = dict(src='2001:db8:f::1', dst='2001:db8:f::2')
MACS = dict(src='02:00:00:00:00:11', dst='02:00:00:00:00:12')
outer = Ether(**MACS)
four = outer / IP(**ENDS)
six = outer / IPv6(**ENDS6)


def over_udp(port, payload):
    return four / UDP(sport=50_000 + port % 10_000, dport=port) / payload


def as_six(ip):
    """The same TCP segment or UDP datagram between two IPv6 hosts."""
    name = lambda address: '2001:db8::' + address.replace('.', ':')
    inner = ip.payload.copy()
    del inner.chksum
    return IPv6(src=name(ip.src), dst=name(ip.dst), hlim=ip.ttl) / inner


def security(kind, **more):
    return SecurityAssociation(kind, spi=0x11, **more, tunnel_header=IP(**ENDS))


def ah(ip):
    return outer / security(AH, auth_algo='HMAC-SHA1-96', auth_key=b'authentication key').encrypt(ip)


def esp(ip):
    return outer / security(ESP, crypt_algo='AES-GCM', crypt_key=b'sixteen octets!!salt').encrypt(ip)


def macsec(ethernet, secret):
    sa = MACsecSA(sci=b'\x02\x00\x00\x00\x00\x01\x00\x01', an=0, pn=100, key=b'an AES key of 16', icvlen=16,
                  encrypt=secret, send_sci=1)
    return sa.encrypt(sa.encap(ethernet))


def wlan(ip, qos=False, protected=False):
    flags = 0x41 if protected else 0x01
    frame = Dot11(type=2, subtype=8 if qos else 0, FCfield=flags, addr1='02:00:00:00:00:21', addr2='02:00:00:00:00:22',
                  addr3='02:00:00:00:00:23', SC=0x10)
    return frame / (Dot11QoS() if qos else b'') / LLC(dsap=0xaa, ssap=0xaa, ctrl=3) / SNAP(code=0x0800) / ip


def aggregate(ip):
    """An 802.11 frame with two in it: a ping and the packet."""
    def subframe(payload, last):
        body = bytes(LLC(dsap=0xaa, ssap=0xaa, ctrl=3) / SNAP(code=0x0800) / payload)
        octets = bytes(Dot3(src='02:00:00:00:00:22', dst='02:00:00:00:00:23', len=len(body))) + body
        return octets + (b'' if last else bytes(-len(octets) % 4))
    head = Dot11(type=2, subtype=8, FCfield=0x01, addr1='02:00:00:00:00:21', addr2='02:00:00:00:00:22',
                 addr3='02:00:00:00:00:23', SC=0x10) / Dot11QoS(A_MSDU_Present=1)
    ping = IP(src='192.0.2.77', dst='192.0.2.78') / ICMP()
    return Raw(bytes(RadioTap()) + bytes(head) + subframe(ping, False) + subframe(ip, True))


def l2tp(ip):
    return over_udp(1701, L2TP(hdr=['length'], tunnel_id=1, session_id=2) / PPP(proto=0x21) / ip)


def pieces(packet, size):
    return list(fragment(packet, fragsize=size))[::-1]


def pieces6(packet, size):
    whole = packet.copy()
    whole.remove_payload()
    return fragment6(whole / IPv6ExtHdrFragment(id=packet.plen or 7) / packet.payload, size)


#: Name, link type, and the packets that carry one; e is the Ethernet frame, i the IP packet in it.
WRAPS = [
    ('802.1Q', ETHERNET, lambda e, i: outer / Dot1Q(vlan=5) / i),
    ('802.1ad', ETHERNET, lambda e, i: outer / Dot1AD(vlan=5) / Dot1Q(vlan=6) / i),
    ('PPPoE', ETHERNET, lambda e, i: outer / PPPoE(sessionid=1) / PPP(proto=0x21) / i),
    ('MPLS', ETHERNET, lambda e, i: outer / MPLS(label=16, s=0) / MPLS(label=17, s=1) / i),
    ('MPLS pseudowire', ETHERNET, lambda e, i: outer / MPLS(label=16, s=1) / Raw(bytes(4)) / Ether(src='00:1b:21:00:00:01', dst='00:1b:21:00:00:02') / i),
    ('NSH', ETHERNET, lambda e, i: outer / NSH(mdtype=1, nextproto=3, context_header=bytes(16)) / e),
    ('MACsec in the clear', ETHERNET, lambda e, i: macsec(e, False)),
    ('GRE', ETHERNET, lambda e, i: four / GRE() / i),
    ('GRE with checksum, key and sequence', ETHERNET,
     lambda e, i: four / GRE(chksum_present=1, key_present=1, key=7, seqnum_present=1, sequence_number=9) / i),
    ('NVGRE', ETHERNET, lambda e, i: four / GRE(proto=0x6558, key_present=1, key=0x100) / e),
    ('PPTP', ETHERNET, lambda e, i: four / GRE_PPTP(seqnum_present=1, sequence_number=3, call_id=5) / PPP(proto=0x21) / i),
    ('ERSPAN I', ETHERNET, lambda e, i: four / GRE(proto=0x88be) / ERSPAN_I() / e),
    ('ERSPAN II', ETHERNET, lambda e, i: four / GRE(proto=0x88be, seqnum_present=1) / ERSPAN_II() / e),
    ('ERSPAN III', ETHERNET, lambda e, i: four / GRE(proto=0x22eb, seqnum_present=1) / ERSPAN_III() / e),
    ('IP in IP', ETHERNET, lambda e, i: four / i),
    ('IPv6 in IPv4', ETHERNET, lambda e, i: four / as_six(i)),
    ('IPv4 in IPv6', ETHERNET, lambda e, i: six / i),
    ('IPv6 in IPv6 behind options', ETHERNET,
     lambda e, i: six / IPv6ExtHdrHopByHop(options=[PadN(optdata=b'1234')]) / IPv6ExtHdrDestOpt() / as_six(i)),
    ('IPv6 with a routing header', ETHERNET,
     lambda e, i: outer / (lambda s: IPv6(src=s.src, dst=s.dst) / IPv6ExtHdrRouting(addresses=[s.dst], segleft=0)
                           / s.payload)(as_six(i))),
    ('authentication header', ETHERNET, lambda e, i: ah(i)),
    ('EtherIP', ETHERNET, lambda e, i: four / EtherIP() / e),
    ('VXLAN', ETHERNET, lambda e, i: over_udp(4789, VXLAN(vni=1) / e)),
    ('VXLAN-GPE', ETHERNET, lambda e, i: over_udp(4790, VXLAN(flags=12, vni=1, NextProtocol=1) / i)),
    ('GENEVE', ETHERNET, lambda e, i: over_udp(6081, GENEVE(vni=1) / e)),
    ('GENEVE with options', ETHERNET,
     lambda e, i: over_udp(6081, GENEVE(vni=1, proto=0x0800, options=[GeneveOptions(classid=1, type=2, data=b'data')]) / i)),
    ('GTP-U', ETHERNET, lambda e, i: over_udp(2152, GTP_U_Header(teid=1) / i)),
    ('GTP-U of a 5G session', ETHERNET,
     lambda e, i: over_udp(2152, GTP_U_Header(teid=1) / GTPPDUSessionContainer(type=1, QFI=3) / i)),
    ('Teredo', ETHERNET, lambda e, i: over_udp(3544, as_six(i))),
    ('L2TP', ETHERNET, lambda e, i: l2tp(i)),
    ('PPP', PPP_LINK, lambda e, i: HDLC() / PPP(proto=0x21) / i),
    ('BSD null', NULL, lambda e, i: Loopback(type=2) / i),
    ('raw IP', RAW, lambda e, i: i),
    ('Linux cooked', SLL, lambda e, i: CookedLinux(lladdrtype=1, proto=0x0800) / i),
    ('Linux cooked v2', SLL2, lambda e, i: CookedLinuxV2(proto=0x0800, lladdrtype=1) / i),
    ('802.11', WLAN, lambda e, i: wlan(i)),
    ('802.11, QoS', WLAN, lambda e, i: wlan(i, qos=True)),
    ('radiotap', RADIOTAP, lambda e, i: RadioTap() / wlan(i)),
    ('802.11, several in one', RADIOTAP, lambda e, i: aggregate(i)),
    ('fragments', RAW, lambda e, i: pieces(i, 56)),
    ('fragments of VXLAN', ETHERNET, lambda e, i: pieces(over_udp(4789, VXLAN(vni=1) / e), 80)),
    ('fragments inside GRE', ETHERNET, lambda e, i: [four / GRE() / piece for piece in pieces(i, 56)]),
    ('IPv6 fragments', RAW, lambda e, i: pieces6(as_six(i), 120)),
    # What cannot be read, and has to be named.
    ('ESP', ETHERNET, lambda e, i: esp(i)),
    ('MACsec', ETHERNET, lambda e, i: macsec(e, True)),
    ('protected 802.11', WLAN, lambda e, i: wlan(i, protected=True)),
    ('PPPoE discovery', ETHERNET, lambda e, i: outer / PPPoED(code=9) / i),
]


def sources():
    packets = []
    for name in SOURCES:
        packets += rdpcap(os.path.join(HERE, '..', name, 'capture.pcap'))
    return sorted(packets, key=lambda packet: packet.time)


def wrapped(folder, packets):
    """A file for each wrap, and what tshark sees in it."""
    index = []
    for number, (name, link, wrap) in enumerate(WRAPS):
        file = os.path.join(folder, f'{number:02}.pcap')
        records = []
        for ethernet in packets:
            # From their octets: scapy keeps what it dissected, and lengths with it.
            frame = Ether(bytes(ethernet))
            made = wrap(frame, frame.payload)
            for one in made if isinstance(made, list) else [made]:
                records.append((ethernet.time, bytes(one)))
        write(file, link, records)
        index.append({'name': name, 'linkType': link, 'packets': len(records), 'hellos': hellos(file)})
    return index


def write(file, link, records):
    with open(file, 'wb') as out:
        out.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65_535, link))
        for when, octets in records:
            seconds, micros = divmod(round(when * 1_000_000), 1_000_000)
            out.write(struct.pack('<IIII', seconds, micros, len(octets), len(octets)) + octets)


def hellos(file):
    """Frame, stream and type of every hello, as tshark tells them."""
    fields = ['frame.number', 'tcp.stream', 'udp.stream', 'tls.handshake.type', 'dtls.handshake.type']
    command = ['tshark', '-r', file, '-Y', 'tls.handshake.type in {1,2} or dtls.handshake.type in {1,2,3}', '-T', 'fields']
    for field in fields:
        command += ['-e', field]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = []
    for line in out.splitlines():
        frame, tcp, udp, tls, dtls = line.split('\t')
        transport, stream, types = ('tcp', tcp, tls) if tls else ('udp', udp, dtls)
        found += [f'{transport} {stream.split(",")[-1]} {kind}@{frame}' for kind in types.split(',') if kind in ('1', '2', '3')]
    return found


def merge(files, target):
    with tempfile.NamedTemporaryFile(suffix='.pcapng') as merged:
        subprocess.run(['mergecap', '-a', '-I', 'none', '-w', merged.name, *files], check=True)
        with open(target, 'wb') as out, gzip.GzipFile('', 'wb', 9, out, mtime=0) as packed:
            packed.write(merged.read())


# -- live ------------------------------------------------------------------------------------------------------------

def record(lab, folder, name, device, link, talk, wanted='tcp or udp'):
    """What tcpdump sees on a device of the server while `talk` goes on."""
    file = os.path.join(folder, name + '.pcap')
    command = ['tcpdump', '-i', device, '-y', link, '-n', '-U', '--immediate-mode', '-s', '65535', '-Z', 'root', '-w', file]
    lab.tcpdump = subprocess.Popen(['ip', 'netns', 'exec', lab.ns['s'], *command, wanted], stderr=subprocess.PIPE, text=True)
    for line in lab.tcpdump.stderr:
        if 'listening on' in line:
            break
    time.sleep(0.3)
    talk()
    time.sleep(0.5)
    lab.tcpdump.send_signal(signal.SIGINT)
    lab.tcpdump.wait(10)
    return file


def talk(lab, side, address, port, *flags):
    """One handshake, one line, one close."""
    client = lab.start(side, 'openssl', 's_client', '-connect', f'{address}:{port}', '-CAfile', lab.tmp / 'ca.pem', *flags)
    time.sleep(0.5)
    lab.type(client, 'hello\n')
    lab.eof(client)


def vxlan(lab):
    for side, remote, address in (('c', SERVER, '198.51.100.10'), ('s', CLIENT, '198.51.100.1')):
        # A network that is too narrow for the tunnel, so that Linux takes its packets apart.
        lab.inside(side, 'ip', 'link', 'set', side + '0', 'mtu', '700')
        lab.inside(side, 'ip', 'link', 'add', 'vx0', 'mtu', '1450', 'type', 'vxlan', 'id', '7', 'remote', remote,
                   'dstport', '4789')
        lab.inside(side, 'ip', 'address', 'add', address + '/24', 'dev', 'vx0')
        lab.inside(side, 'ip', 'link', 'set', 'vx0', 'mtu', '1450', 'up')


def tun(lab):
    """Two interfaces of raw IP, joined by hand."""
    def made():
        fd = os.open('/dev/net/tun', os.O_RDWR)
        fcntl.ioctl(fd, 0x400454ca, struct.pack('16sH22x', b'tun0', 0x1001))
        return fd

    ends = []
    for side, address in (('c', '203.0.113.10'), ('s', '203.0.113.1')):
        ends.append(lab.within(side, made))
        lab.inside(side, 'ip', 'address', 'add', address + '/24', 'dev', 'tun0')
        lab.inside(side, 'ip', 'link', 'set', 'tun0', 'up')

    def pump(source, target):
        while True:
            os.write(target, os.read(source, 65_535))
    for pair in (ends, ends[::-1]):
        threading.Thread(target=pump, args=pair, daemon=True).start()


PREAMBLE = bytes((1, 0, 0, 0))


def capwap(lab, port):
    """DTLS behind CAPWAP's preamble: put on beside the client, taken off beside the server."""
    def bound(address, port):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((address, port))
        return sock

    near, far = lab.within('c', bound, '127.0.0.1', 9000), lab.within('c', bound, CLIENT, 40_005)
    gate, server = lab.within('s', bound, SERVER, port), lab.within('s', bound, '127.0.0.1', 0)
    peers = {}

    def pump(source, name, send):
        while True:
            octets, peers[name] = source.recvfrom(65_535)
            send(octets)
    for work in (
            (near, 'client', lambda octets: far.sendto(PREAMBLE + octets, (SERVER, port))),
            (far, 'gate', lambda octets: near.sendto(octets[4:], peers['client'])),
            (gate, 'far', lambda octets: server.sendto(octets[4:], ('127.0.0.1', 9001))),
            (server, 'server', lambda octets: gate.sendto(PREAMBLE + octets, peers['far']))):
        threading.Thread(target=pump, args=work, daemon=True).start()


def live(folder):
    with Lab(__file__) as lab:
        lab.s_server('-rev', '-tls1_2')
        lab.start('s', 'openssl', 's_server', '-accept', 9001, '-cert', lab.tmp / 'server.pem', '-key',
                  lab.tmp / 'server.key', '-dtls1_2')
        vxlan(lab)
        tun(lab)
        capwap(lab, 5246)
        time.sleep(1)
        return [
            record(lab, folder, '1-vxlan', 's0', 'EN10MB', lambda: talk(lab, 'c', '198.51.100.1', 8443), 'ip'),
            record(lab, folder, '2-tun', 'tun0', 'RAW', lambda: talk(lab, 'c', '203.0.113.1', 8443)),
            record(lab, folder, '3-any', 'any', 'LINUX_SLL', lambda: talk(lab, 's', '127.0.0.1', 8443), 'host 127.0.0.1'),
            record(lab, folder, '4-any', 'any', 'LINUX_SLL2', lambda: talk(lab, 's', '[::1]', 8443), 'host ::1'),
            record(lab, folder, '5-capwap', 's0', 'EN10MB', lambda: talk(lab, 'c', '127.0.0.1', 9000, '-dtls1_2'),
                   'udp port 5246'),
        ]


def described(files):
    """What tshark sees in the captures when they stand one after the other."""
    with tempfile.NamedTemporaryFile(suffix='.pcapng') as merged:
        subprocess.run(['mergecap', '-a', '-I', 'none', '-w', merged.name, *files], check=True)
        return hellos(merged.name)


def save(name, value):
    with open(os.path.join(OUT, name), 'w') as out:
        out.write('[\n' + ',\n'.join(json.dumps(one) for one in value) + '\n]\n')


if __name__ == '__main__':
    with tempfile.TemporaryDirectory() as folder:
        index = wrapped(folder, sources())
        merge(sorted(os.path.join(folder, name) for name in os.listdir(folder)), os.path.join(OUT, 'wrapped.pcapng.gz'))
        save('wrapped.json', index)
    with tempfile.TemporaryDirectory() as folder:
        files = live(folder)
        merge(files, os.path.join(OUT, 'live.pcapng.gz'))
        save('live.json', described(files))
