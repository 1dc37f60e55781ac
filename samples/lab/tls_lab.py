"""Shared laboratory of the TLS recipes: two network namespaces joined by a veth
pair, a capture on the server's side, and the programs that talk across it.

    client 192.0.2.10 / 2001:db8::10  ----  server 192.0.2.1 / 2001:db8::1

Needs root and the Debian packages iproute2, tcpdump and openssl; the recipes
name what they need besides. Everything lives in a temporary directory and in
namespaces named after this process, and is removed at the end.

Between the two a third namespace can forward the frames by hand (`wire=`),
which is how a recipe damages a record on its way without ending the TCP
connection.
"""
import ctypes
import fcntl
import os
import pathlib
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

CLIENT, SERVER = '192.0.2.10', '192.0.2.1'
CLIENT6, SERVER6 = '2001:db8::10', '2001:db8::1'
MAC = {'c': '02:00:00:00:00:0a', 's': '02:00:00:00:00:01',
       'x': '02:00:00:00:00:f0', 'y': '02:00:00:00:00:f1'}
HERE = pathlib.Path(__file__).resolve().parent
NAME = 'server.example.test'


def sh(*argv, **more):
    return subprocess.run([str(a) for a in argv], check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=300, **more).stdout


class Lab:
    """`with Lab(__file__) as lab:`; the output folder is the first argument of
    the recipe, or the folder the recipe is in."""

    def __init__(self, recipe, wire=None, settle=0.25):
        self.here = pathlib.Path(recipe).resolve().parent
        self.out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else self.here)
        self.out.mkdir(parents=True, exist_ok=True)
        self.tmp = pathlib.Path(tempfile.mkdtemp(prefix='tls-lab-'))
        self.keys = self.tmp / 'keys.log'
        tag = f'tls{os.getpid()}'
        self.ns = {'c': tag + 'c', 's': tag + 's', 'm': tag + 'm'}
        self.wire, self.settle = wire, settle
        self.started, self.tcpdump, self.made, self.patched = [], None, [], []

    def __enter__(self):
        signal.signal(signal.SIGALRM, lambda *_: sys.exit('the recipe took too long'))
        signal.alarm(300)
        try:
            self._network()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        signal.alarm(0)
        for p in reversed(self.started):
            if p.poll() is None:
                # A server that is killed would leave its workers behind.
                p.terminate()
                try:
                    p.wait(3)
                except subprocess.TimeoutExpired:
                    p.kill()
                    p.wait()
        if self.tcpdump and self.tcpdump.poll() is None:
            self.tcpdump.kill()
        for name in self.made:
            subprocess.run(['ip', 'netns', 'del', name], stderr=subprocess.DEVNULL)
        shutil.rmtree(self.tmp, ignore_errors=True)

    # -- network ---------------------------------------------------------
    def _network(self):
        for side in 'cs' + ('m' if self.wire else ''):
            sh('ip', 'netns', 'add', self.ns[side])
            self.made.append(self.ns[side])
            self.inside(side, 'ip', 'link', 'set', 'lo', 'up')
            self.inside(side, 'sysctl', '-qw', 'net.ipv6.conf.default.accept_dad=0',
                        'net.ipv6.conf.default.router_solicitations=0',
                        'net.ipv6.conf.default.addr_gen_mode=1')
        self.inside('c', 'sysctl', '-qw', 'net.ipv4.ip_local_port_range=40100 40199')
        if self.wire:
            for side, mid in (('c', 'x'), ('s', 'y')):
                sh('ip', 'link', 'add', side + '0', 'address', MAC[side], 'netns', self.ns[side], 'type', 'veth',
                   'peer', 'name', mid + '0', 'address', MAC[mid], 'netns', self.ns['m'])
                self.inside('m', 'ip', 'link', 'set', mid + '0', 'up')
                self._no_offload('m', mid + '0')
        else:
            sh('ip', 'link', 'add', 'c0', 'address', MAC['c'], 'netns', self.ns['c'], 'type', 'veth',
               'peer', 'name', 's0', 'address', MAC['s'], 'netns', self.ns['s'])
        for side, other, a4, a6, b4, b6 in (('c', 's', CLIENT, CLIENT6, SERVER, SERVER6),
                                            ('s', 'c', SERVER, SERVER6, CLIENT, CLIENT6)):
            dev = side + '0'
            self._no_offload(side, dev)
            self.inside(side, 'ip', 'address', 'add', a4 + '/24', 'dev', dev)
            self.inside(side, 'ip', '-6', 'address', 'add', a6 + '/64', 'dev', dev, 'nodad')
            self.inside(side, 'ip', 'link', 'set', dev, 'up')
            for peer in (b4, b6):
                self.inside(side, 'ip', 'neighbour', 'replace', peer, 'lladdr', MAC[other],
                            'dev', dev, 'nud', 'permanent')
        if self.wire:
            threading.Thread(target=self._forward, daemon=True).start()

    def enter(self, side):
        """Moves the calling thread into a namespace: its new sockets live there."""
        with open(f'/run/netns/{self.ns[side]}') as f:
            if ctypes.CDLL(None, use_errno=True).setns(f.fileno(), 0x40000000):
                raise OSError(ctypes.get_errno(), 'setns')

    def within(self, side, work, *args):
        """Runs `work` in a thread inside the namespace and returns its result."""
        box = []

        def body():
            self.enter(side)
            box.append(work(*args))
        t = threading.Thread(target=body, daemon=True)
        t.start()
        t.join(60)
        if not box:
            sys.exit('a step inside a namespace failed')
        return box[0]

    def _no_offload(self, side, dev):
        """Checksums in full and no super-segments: what is captured is what a wire carries."""
        def body():
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            for command in (0x15, 0x17, 0x1f, 0x24, 0x2c):   # rx, tx checksum, TSO, GSO, GRO
                value = bytearray(struct.pack('II', command, 0))
                where = (ctypes.c_char * 8).from_buffer(value)
                request = struct.pack('16sP16x', dev.encode(), ctypes.addressof(where))
                try:
                    fcntl.ioctl(s, 0x8946, request)
                except OSError:
                    pass
            return s.close() or True
        self.within(side, body)

    def _forward(self):
        self.enter('m')
        ends = []
        for dev in ('x0', 'y0'):
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            s.bind((dev, 3))
            ends.append(s)

        def pump(source, target, upwards):
            while True:
                frame, address = source.recvfrom(65535)
                if address[2] == socket.PACKET_OUTGOING:
                    continue
                passed = self.wire(frame, upwards)
                for one in passed if isinstance(passed, list) else [passed]:
                    target.send(one)
        threading.Thread(target=pump, args=(ends[0], ends[1], True), daemon=True).start()
        pump(ends[1], ends[0], False)

    # -- processes -------------------------------------------------------
    def inside(self, side, *argv):
        return sh('ip', 'netns', 'exec', self.ns[side], *argv)

    def start(self, side, *argv, stdin=subprocess.PIPE, wait_port=None, env=None, cwd=None):
        log = tempfile.NamedTemporaryFile('w+', dir=self.tmp, suffix='.out', delete=False)
        p = subprocess.Popen(['ip', 'netns', 'exec', self.ns[side], *map(str, argv)], stdin=stdin,
                             stdout=log, stderr=subprocess.STDOUT, cwd=cwd or self.tmp,
                             env={**os.environ, **(env or {})})
        p.log = log.name
        self.started.append(p)
        if wait_port:
            self.listening(side, wait_port)
        return p

    def listening(self, side, port):
        for _ in range(200):
            if f':{port} ' in self.inside(side, 'ss', '-Hltn'):
                return
            time.sleep(0.02)
        sys.exit(f'nothing listens on {port}')

    def output(self, p):
        return open(p.log).read()

    def type(self, p, text, pause=None):
        """Types into a program; then lets the packets of it pass."""
        p.stdin.write(text.encode())
        p.stdin.flush()
        time.sleep(self.settle if pause is None else pause)

    def eof(self, p, timeout=10):
        p.stdin.close()
        p.wait(timeout)
        time.sleep(self.settle)

    def stop(self, p, sig=signal.SIGTERM):
        p.send_signal(sig)
        p.wait(10)
        time.sleep(self.settle)

    # -- certificates ----------------------------------------------------
    def authority(self, name='ca', subject='/CN=tls lab authority'):
        sh('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-sha256', '-days', 7300, '-subj', subject,
           '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign',
           '-keyout', self.tmp / f'{name}.key', '-out', self.tmp / f'{name}.pem')
        return self.tmp / f'{name}.pem'

    def certificate(self, name='server', dns=NAME, usage='serverAuth', ca='ca'):
        if not (self.tmp / f'{ca}.pem').exists():
            self.authority(ca)
        extensions = self.tmp / f'{name}.ext'
        extensions.write_text(f'basicConstraints=critical,CA:FALSE\nextendedKeyUsage={usage}\n'
                              f'keyUsage=critical,digitalSignature,keyEncipherment\nsubjectAltName=DNS:{dns}\n')
        sh('openssl', 'req', '-newkey', 'rsa:2048', '-nodes', '-subj', f'/CN={dns}',
           '-keyout', self.tmp / f'{name}.key', '-out', self.tmp / f'{name}.csr')
        sh('openssl', 'x509', '-req', '-in', self.tmp / f'{name}.csr', '-CA', self.tmp / f'{ca}.pem',
           '-CAkey', self.tmp / f'{ca}.key', '-CAcreateserial', '-days', 7300, '-sha256',
           '-extfile', extensions, '-out', self.tmp / f'{name}.pem')
        return self.tmp / f'{name}.pem', self.tmp / f'{name}.key'

    # -- Go --------------------------------------------------------------
    def go(self, source, patch=None):
        """Builds one file; with `patch`, against a patched copy of the Go tree."""
        root = pathlib.Path(sh('go', 'env', 'GOROOT').strip())
        name = pathlib.Path(source).stem + ('-patched' if patch else '')
        env = {**os.environ, 'GO111MODULE': 'off', 'CGO_ENABLED': '0', 'GOFLAGS': '',
               'GOCACHE': str(self.tmp / 'gocache'), 'GOPATH': str(self.tmp / 'gopath')}
        if patch:
            copy = self.tmp / 'goroot'
            if not copy.exists():
                copy.mkdir()
                for part in ('src', 'pkg', 'bin', 'VERSION'):
                    sh('cp', '-rL', root / part, copy / part)
            if patch not in self.patched:
                sh('patch', '-p1', '-d', copy, '-i', pathlib.Path(patch).resolve())
                self.patched.append(patch)
            env['GOROOT'], root = str(copy), copy
        shutil.copy(source, self.tmp)
        sh(root / 'bin' / 'go', 'build', '-o', self.tmp / name, pathlib.Path(source).name, env=env, cwd=self.tmp)
        return self.tmp / name

    # -- sockets of this program, inside the namespaces -------------------
    def listener(self, port, behave):
        """A TCP server whose only conduct is `behave(socket)`, one connection at a time."""
        def make():
            l = socket.create_server(('', port))
            threading.Thread(target=loop, args=(l,), daemon=True).start()
            return l

        def loop(l):
            while True:
                try:
                    s, _ = l.accept()
                    with s:
                        s.settimeout(10)
                        behave(s)
                except OSError:
                    if l.fileno() < 0:
                        return
        return self.within('s', make)

    def connect(self, local, port=8443, timeout=10):
        """A plain TCP connection of the client."""
        def make():
            s = socket.socket()
            s.settimeout(timeout)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((CLIENT, local))
            try:
                s.connect((SERVER, port))
            except OSError as e:
                s.close()
                return e
            return s
        return self.within('c', make)

    def tls_context(self, side, *versions):
        """Python's ssl (OpenSSL) for one side; the client's logs its secrets."""
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT if side == 'c' else ssl.PROTOCOL_TLS_SERVER)
        if side == 'c':
            c.load_verify_locations(self.tmp / 'ca.pem')
            c.keylog_filename = str(self.keys)
        else:
            c.load_cert_chain(self.tmp / 'server.pem', self.tmp / 'server.key')
        for v in versions:
            c.minimum_version = c.maximum_version = v
        return c

    # -- OpenSSL ---------------------------------------------------------
    def s_server(self, *flags, port=8443, cert=True):
        """openssl s_server; -rev makes it an echo server that turns lines round."""
        if cert and not (self.tmp / 'server.pem').exists():
            self.certificate()
        own = ['-cert', self.tmp / 'server.pem', '-key', self.tmp / 'server.key'] if cert else ['-nocert']
        return self.start('s', 'openssl', 's_server', '-accept', port, *own, *flags, wait_port=port)

    def s_client(self, local, *flags, port=8443, six=False, trust='ca', name=NAME):
        """openssl s_client bound to a port; type() into it, eof() ends it with close_notify."""
        to, own = (f'[{SERVER6}]', f'[{CLIENT6}]') if six else (SERVER, CLIENT)
        known = ['-CAfile', self.tmp / f'{trust}.pem'] if trust else []
        p = self.start('c', 'openssl', 's_client', '-connect', f'{to}:{port}', '-bind', f'{own}:{local}',
                       *(['-servername', name] if name else ['-noservername']), *known, '-keylogfile', self.keys, *flags)
        time.sleep(self.settle)
        return p

    def visit(self, local, *flags, say='hello', **more):
        """One s_client run: handshake, one line and its echo, close_notify."""
        p = self.s_client(local, *flags, **more)
        if say and p.poll() is None:
            self.type(p, say + '\n')
        if p.poll() is None:
            self.eof(p)
        return self.output(p)

    # -- capture ---------------------------------------------------------
    def capture(self, side='s', filter='tcp', device=None):
        self.pcap = self.tmp / 'capture.pcap'
        self.tcpdump = subprocess.Popen(
            ['ip', 'netns', 'exec', self.ns[side], 'tcpdump', '-i', device or side + '0', '-n', '-U', '--immediate-mode',
             '-s', '65535', '-Z', 'root', '-w', str(self.pcap), filter], stderr=subprocess.PIPE, text=True)
        for line in self.tcpdump.stderr:
            if 'listening on' in line:
                break
        time.sleep(0.2)

    def finish(self):
        """Ends the capture and hands over capture.pcap and, if there is one, keys.log."""
        time.sleep(0.4)
        self.tcpdump.send_signal(signal.SIGINT)
        self.tcpdump.wait(10)
        shutil.copyfile(self.pcap, self.out / 'capture.pcap')
        lines = self.keys.read_text().splitlines() if self.keys.exists() else []
        lines = [l for l in lines if l and not l.startswith('#')]
        if lines:
            (self.out / 'keys.log').write_text('\n'.join(dict.fromkeys(lines)) + '\n')


def tcp_checksum(frame, tcp, end):
    """The checksum of the segment from `tcp` to `end` in an IPv4 frame, whatever stands in its place."""
    segment = bytes(frame[tcp:tcp + 16]) + b'\0\0' + bytes(frame[tcp + 18:end])
    pseudo = bytes(frame[26:34]) + b'\0\6' + len(segment).to_bytes(2, 'big') + segment
    pseudo += bytes(len(pseudo) % 2)
    total = sum(struct.unpack(f'!{len(pseudo) // 2}H', pseudo))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return (~total & 0xffff).to_bytes(2, 'big')


def flip_in_client_finished(frame, upwards):
    """For `wire=`: one bit of the record that follows the client's ChangeCipherSpec, in the same
    segment; the TCP checksum is made good again, as a faulty device would do."""
    if not upwards or frame[12:14] != b'\x08\x00' or frame[23] != 6:
        return frame
    tcp = 14 + 4 * (frame[14] & 15)
    data = tcp + 4 * (frame[tcp + 12] >> 4)
    end = 14 + int.from_bytes(frame[16:18], 'big')
    at = frame.find(bytes.fromhex('140303000101'), data, end)
    if at < 0 or frame[at + 6:at + 9] not in (b'\x16\3\3', b'\x17\3\3'):
        return frame
    return flipped(frame[:end], at + 11 + 20, tcp)


def flip_in_server_key_exchange(frame, upwards):
    """For `wire=`: one bit of the public key that the server signed for a client on port 40001, likewise."""
    if upwards or frame[12:14] != b'\x08\x00' or frame[23] != 6:
        return frame
    tcp = 14 + 4 * (frame[14] & 15)
    data = tcp + 4 * (frame[tcp + 12] >> 4)
    end = 14 + int.from_bytes(frame[16:18], 'big')
    at = frame.find(bytes.fromhex('03001d20'), data, end)
    if at < 0 or frame[tcp + 2:tcp + 4] != (40001).to_bytes(2, 'big'):
        return frame
    return flipped(frame[:end], at + 4 + 20, tcp)


def flipped(frame, at, tcp):
    """The frame with another bit there, and a TCP checksum that fits."""
    out = bytearray(frame)
    out[at] ^= 0x10
    out[tcp + 16:tcp + 18] = tcp_checksum(out, tcp, len(out))
    return bytes(out)


def reset(s):
    """Closes a socket with RST."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    s.close()


class Engine:
    """TLS of Python's ssl over memory, so that a recipe decides which bytes leave when."""

    def __init__(self, context):
        self.inp, self.out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.inp, self.out, server_hostname=NAME)

    def run(self, s, step, *args):
        """Runs a step of the engine to its end over the socket."""
        while True:
            try:
                result = step(*args)
                s.sendall(self.out.read())
                return result
            except ssl.SSLWantReadError:
                s.sendall(self.out.read())
                data = s.recv(65536)
                self.inp.write(data) if data else self.inp.write_eof()


class GoClient:
    """tls_client.go on the client's side, one command at a time."""

    def __init__(self, lab, program, ca, *flags, keys=None):
        self.lab = lab
        self.p = subprocess.Popen(
            ['ip', 'netns', 'exec', lab.ns['c'], str(program), '-ca', str(ca), '-keylog', str(keys or lab.keys), *flags],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        lab.started.append(self.p)

    def __call__(self, command, expect='ok', pause=None):
        self.p.stdin.write(command + '\n')
        self.p.stdin.flush()
        answer = self.p.stdout.readline().strip()
        print(f'{command:60} {answer}')
        if expect and not answer.startswith(expect):
            sys.exit('unexpected answer')
        time.sleep(self.lab.settle if pause is None else pause)
        return answer


class DamagedSegment:
    """For `wire=`: once armed, changes one octet of the next segment of the client that has data. With a good checksum the server
    takes it for what was sent, and a moment later gets the segment as it was, as in a retransmission; with a bad one the server
    drops it, and TCP sends it again by itself."""

    def __init__(self, good_checksum):
        self.good_checksum, self.armed = good_checksum, False

    def __call__(self, frame, upwards):
        if not self.armed or not upwards or frame[12:14] != b'\x08\x00' or frame[23] != 6:
            return frame
        tcp = 14 + 4 * (frame[14] & 15)
        end = 14 + int.from_bytes(frame[16:18], 'big')
        if end - tcp - 4 * (frame[tcp + 12] >> 4) < 40:
            return frame
        self.armed = False
        out = bytearray(frame[:end])
        out[end - 9] ^= 0x04
        if not self.good_checksum:
            return bytes(out)
        out[tcp + 16:tcp + 18] = tcp_checksum(out, tcp, end)
        return [bytes(out), frame]
