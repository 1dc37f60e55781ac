"""A small lab for recorded DTLS samples.

Three network namespaces in a row, client - path - server, joined by veth pairs. The middle one has no IP stack in use:
a thread reads Ethernet frames on one side and writes them on the other, and a hook of the recipe may hold, drop, alter
or repeat single datagrams. Both ends run real TLS stacks as processes of their own. tcpdump listens at one of the ends.

Debian packages: python3 iproute2 tcpdump openssl, and what the recipe names. Needs root (namespaces, raw sockets).
Nothing leaves the namespaces; everything is taken down at the end, and no run takes longer than TIME_LIMIT.
"""

import array
import ctypes
import fcntl
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

CLIENT_IP, SERVER_IP, SERVER_PORT = '192.0.2.1', '192.0.2.2', 4433
CLIENT_MAC, SERVER_MAC = '02:00:00:00:00:01', '02:00:00:00:00:02'
TIME_LIMIT = 90
LAB_FOLDER = os.path.dirname(os.path.abspath(__file__))

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, DATA = 20, 21, 22, 23
CLIENT_HELLO, SERVER_HELLO, HELLO_VERIFY, CERTIFICATE, FINISHED = 1, 2, 3, 11, 20


def in_namespace(name, action):
    """Runs action() with this thread inside a namespace; sockets made there stay there."""
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open('/proc/self/ns/net', os.O_RDONLY)
    there = os.open('/run/netns/' + name, os.O_RDONLY)
    try:
        if libc.setns(there, 0x40000000):
            raise OSError(ctypes.get_errno(), 'setns')
        return action()
    finally:
        libc.setns(home, 0x40000000)
        os.close(home)
        os.close(there)


def checksum_offload_off(device):
    """The captured checksums are then the real ones."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for command in (0x17, 0x15):  # ETHTOOL_STXCSUM, ETHTOOL_SRXCSUM
            value = array.array('I', [command, 0])
            request = struct.pack('16sP', device.encode(), value.buffer_info()[0])
            fcntl.ioctl(control.fileno(), 0x8946, request)  # SIOCETHTOOL


def internet_checksum(octets):
    if len(octets) % 2:
        octets += b'\0'
    total = sum(struct.unpack('!%dH' % (len(octets) // 2), octets))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Record:
    def __init__(self, octets, offset):
        self.offset = offset
        self.type, self.version, self.epoch = struct.unpack_from('!BHH', octets, offset)
        self.seq = int.from_bytes(octets[offset + 5:offset + 11], 'big')
        self.length, = struct.unpack_from('!H', octets, offset + 11)
        self.body = octets[offset + 13:offset + 13 + self.length]

    @property
    def message(self):
        """Handshake message type of a plaintext handshake record."""
        return self.body[0] if self.type == HANDSHAKE and self.epoch == 0 and self.body else None


class Datagram:
    """One frame on the path. Fragments after the first have no UDP header, so no payload."""

    def __init__(self, frame, to_server, when):
        self.frame, self.to_server, self.when = frame, to_server, when
        self.payload, self.source_port = b'', None
        if frame[12:14] == b'\x08\x00' and frame[23] == 17:
            self.ip_length = (frame[14] & 15) * 4
            fragment, = struct.unpack_from('!H', frame, 20)
            if not fragment & 0x1fff:
                self.source_port, = struct.unpack_from('!H', frame, 14 + self.ip_length)
                self.payload = frame[14 + self.ip_length + 8:]

    def records(self):
        found, offset = [], 0
        while offset + 13 <= len(self.payload):
            found.append(Record(self.payload, offset))
            offset += 13 + found[-1].length
        return found

    def has(self, type_=None, epoch=None, message=None):
        return any((type_ is None or r.type == type_) and (epoch is None or r.epoch == epoch)
                   and (message is None or r.message == message) for r in self.records())

    def with_payload(self, payload):
        """The same datagram with another content; lengths and checksums made anew."""
        ip_end = 14 + self.ip_length
        ip = bytearray(self.frame[14:ip_end])
        struct.pack_into('!H', ip, 2, self.ip_length + 8 + len(payload))
        struct.pack_into('!H', ip, 10, 0)
        struct.pack_into('!H', ip, 10, internet_checksum(bytes(ip)))
        udp = bytearray(self.frame[ip_end:ip_end + 8])
        struct.pack_into('!HH', udp, 4, 8 + len(payload), 0)
        pseudo = bytes(ip[12:20]) + struct.pack('!BBH', 0, 17, 8 + len(payload))
        struct.pack_into('!H', udp, 6, internet_checksum(pseudo + bytes(udp) + payload) or 0xffff)
        return Datagram(self.frame[:14] + bytes(ip) + bytes(udp) + payload, self.to_server, self.when)


class Path(threading.Thread):
    """The middle namespace. hook(datagram) returns True to pass it on, anything else to keep or drop it."""

    def __init__(self, to_client, to_server):
        super().__init__(daemon=True)
        self.to_client, self.to_server = to_client, to_server
        self.hook = lambda datagram: True
        self.seen, self.running = [], True
        self.timed, self.lock = [], threading.Lock()

    def send(self, datagram, after=0):
        if after:
            with self.lock:
                self.timed.append((time.monotonic() + after, datagram))
        else:
            (self.to_server if datagram.to_server else self.to_client).send(datagram.frame)

    def run(self):
        while self.running:
            ready, _, _ = select.select([self.to_client, self.to_server], [], [], 0.005)
            for side in ready:
                frame, address = side.recvfrom(65536)
                if address[2] == socket.PACKET_OUTGOING:
                    continue
                datagram = Datagram(frame, side is self.to_client, time.monotonic())
                self.seen.append(datagram)
                if self.hook(datagram) is True:
                    self.send(datagram)
            with self.lock:
                due = [entry for entry in self.timed if entry[0] <= time.monotonic()]
                self.timed = [entry for entry in self.timed if entry not in due]
            for _, datagram in due:
                self.send(datagram)


class Process:
    def __init__(self, lab, namespace, label, command, environment=None):
        self.label, self.log_file = label, os.path.join(lab.folder, '%d-%s.log' % (len(lab.processes), label))
        with open(self.log_file, 'wb') as log:
            self.process = subprocess.Popen(['ip', 'netns', 'exec', namespace] + command, stdin=subprocess.PIPE,
                                            stdout=log, stderr=subprocess.STDOUT, cwd=lab.folder,
                                            env=dict(os.environ, **(environment or {})))
        lab.processes.append(self)

    def log(self):
        with open(self.log_file, errors='replace') as log:
            return log.read()

    def wait_for(self, text, count=1, seconds=10):
        wait(lambda: self.log().count(text) >= count, '%s says "%s"' % (self.label, text), seconds, self.log)

    def type(self, line):
        self.process.stdin.write(line.encode() + b'\n')
        self.process.stdin.flush()

    def end_of_input(self):
        self.process.stdin.close()

    def wait_end(self, seconds=10):
        self.process.wait(seconds)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def wait(condition, what, seconds=10, detail=lambda: ''):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit('never seen: %s\n%s' % (what, detail()))
        time.sleep(0.01)


class Lab:
    """with Lab() as lab: ... lab.save(keys) - a fresh network, taken down afterwards."""

    def __init__(self, capture_at='server'):
        self.capture_at = capture_at

    def __enter__(self):
        if os.geteuid():
            raise SystemExit('the lab needs root for network namespaces')
        signal.signal(signal.SIGALRM, lambda *_: sys.exit('the run took longer than %d s' % TIME_LIMIT))
        signal.alarm(TIME_LIMIT)
        self.folder = tempfile.mkdtemp(prefix='dtls-lab-')
        self.processes, self.tcpdump, self.path = [], None, None
        tag = 'dtlslab%d' % os.getpid()
        self.client_ns, self.path_ns, self.server_ns = tag + 'c', tag + 'p', tag + 's'
        self.keys = os.path.join(self.folder, 'keys.log')
        try:
            self._network()
            self._capture()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _network(self):
        def ip(words):
            subprocess.run(['ip'] + words.split(), check=True)
        for namespace in (self.client_ns, self.path_ns, self.server_ns):
            ip('netns add ' + namespace)
        ends = ((self.client_ns, 'c0', CLIENT_IP, CLIENT_MAC, SERVER_IP, SERVER_MAC),
                (self.server_ns, 's0', SERVER_IP, SERVER_MAC, CLIENT_IP, CLIENT_MAC))
        for namespace, device, address, mac, peer, peer_mac in ends:
            ip('link add %s netns %s address %s type veth peer name p%s netns %s'
               % (device, namespace, mac, device, self.path_ns))
            ip('-n %s link set %s addrgenmode none' % (namespace, device))
            ip('-n %s link set p%s addrgenmode none' % (self.path_ns, device))
            ip('-n %s addr add %s/24 dev %s' % (namespace, address, device))
            ip('-n %s link set lo up' % namespace)
            ip('-n %s link set %s up' % (namespace, device))
            ip('-n %s link set p%s up' % (self.path_ns, device))
            ip('-n %s neigh replace %s lladdr %s dev %s nud permanent' % (namespace, peer, peer_mac, device))
            in_namespace(namespace, lambda: checksum_offload_off(device))

        def raw(device):
            opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            opened.bind((device, 0))
            return opened
        self.path = Path(*in_namespace(self.path_ns, lambda: (raw('pc0'), raw('ps0'))))
        self.path.start()

    def _capture(self):
        namespace, device = (self.server_ns, 's0') if self.capture_at == 'server' else (self.client_ns, 'c0')
        self.capture_file = os.path.join(self.folder, 'capture.pcap')
        self.tcpdump = Process(self, namespace, 'tcpdump', ['tcpdump', '-i', device, '-U', '--immediate-mode', '-Z', 'root',
                                                            '-w', self.capture_file, 'ip'])
        self.tcpdump.wait_for('listening on')

    def __exit__(self, *_):
        signal.alarm(0)
        for process in reversed(self.processes):
            process.kill()
        if self.path:
            self.path.running = False
            self.path.join()
        for namespace in (self.client_ns, self.path_ns, self.server_ns):
            subprocess.run(['ip', 'netns', 'del', namespace], stderr=subprocess.DEVNULL)
        shutil.rmtree(self.folder, ignore_errors=True)

    # What runs at the ends.

    def certificate(self, kind='rsa', chain=False):
        """Returns (certificate file, key file). chain: a leaf and two issuers with long keys in one file."""
        def openssl(*words):
            subprocess.run(['openssl'] + list(words), check=True, cwd=self.folder, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
        new_key = {'rsa': ['-newkey', 'rsa:2048'], 'ec': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']}[kind]
        if not chain:
            openssl('req', '-x509', *new_key, '-nodes', '-keyout', 'key.pem', '-out', 'cert.pem', '-days', '3650',
                    '-subj', '/CN=lab.example')
        else:
            openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '3650',
                    '-subj', '/O=Lab/CN=Lab root')
            for name, subject, issuer in (('mid', '/O=Lab/CN=Lab issuing CA', 'ca'), ('leaf', '/CN=lab.example', 'mid')):
                openssl('req', *new_key, '-nodes', '-keyout', name + '.key', '-out', name + '.csr', '-subj', subject)
                openssl('x509', '-req', '-in', name + '.csr', '-CA', issuer + '.pem', '-CAkey', issuer + '.key',
                        '-CAcreateserial', '-days', '3650', '-out', name + '.pem')
            with open(os.path.join(self.folder, 'cert.pem'), 'w') as out:
                for name in ('leaf', 'mid', 'ca'):
                    with open(os.path.join(self.folder, name + '.pem')) as part:
                        out.write(part.read())
            os.rename(os.path.join(self.folder, 'leaf.key'), os.path.join(self.folder, 'key.pem'))
        return os.path.join(self.folder, 'cert.pem'), os.path.join(self.folder, 'key.pem')

    def compile(self, source, *libraries):
        program = os.path.join(self.folder, os.path.basename(source)[:-2])
        subprocess.run(['gcc', '-O1', '-Wall', '-o', program, source] + list(libraries), check=True)
        return program

    def pion(self):
        """The client and server on pion, which is Go. Debian: golang-go golang-github-pion-dtls.v2-dev."""
        program = os.path.join(self.folder, 'dtls_pion')
        subprocess.run(['go', 'build', '-o', program, os.path.join(LAB_FOLDER, 'dtls_pion.go')], check=True,
                       env=dict(os.environ, GO111MODULE='off', GOPATH='/usr/share/gocode', GOFLAGS=''))
        return program

    def on_server(self, label, command, environment=None):
        return Process(self, self.server_ns, label, command, environment)

    def on_client(self, label, command, environment=None):
        return Process(self, self.client_ns, label, command, environment)

    def openssl_server(self, *options, certificate='rsa'):
        """s_server: lines typed go to the client. It cannot close first with DTLS; see closing_openssl_server."""
        command = ['openssl', 's_server', '-dtls1_2', '-accept', str(SERVER_PORT), '-mtu', '1400']
        if certificate:
            cert, key = self.certificate(certificate)
            command += ['-cert', cert, '-key', key]
        server = self.on_server('server', command + list(options))
        server.wait_for('ACCEPT')
        return server

    def openssl_client(self, port, *options):
        """s_client from a chosen port. End of input makes it send close_notify."""
        return self.on_client('client', ['openssl', 's_client', '-dtls1_2', '-connect', '%s:%d' % (SERVER_IP, SERVER_PORT),
                                         '-bind', '%s:%d' % (CLIENT_IP, port), '-keylogfile', self.keys] + list(options))

    def closing_openssl_server(self, *options):
        """Answers every request; the request "close" makes it close first and wait for the next client."""
        program = self.compile(os.path.join(LAB_FOLDER, 'dtls_openssl_server.c'), '-lssl', '-lcrypto')
        server = self.on_server('server', [program, str(SERVER_PORT), *self.certificate(), *options])
        server.wait_for('waiting for a client')
        return server

    def mbedtls_server(self, *options, certificate='rsa', chain=False):
        program = self.compile(os.path.join(LAB_FOLDER, 'dtls_mbedtls_server.c'), '-lmbedtls', '-lmbedx509', '-lmbedcrypto')
        cert, key = self.certificate(certificate, chain) if certificate else ('-', '-')
        server = self.on_server('server', [program, str(SERVER_PORT), cert, key] + list(options))
        server.wait_for('waiting for a client')
        return server

    # What went over the path.

    def datagrams(self, to_server=None, **wanted):
        return [d for d in self.path.seen if (to_server is None or d.to_server == to_server) and d.has(**wanted)]

    def wait_datagrams(self, count=1, seconds=10, **wanted):
        wait(lambda: len(self.datagrams(**wanted)) >= count, '%d datagrams like %s' % (count, wanted), seconds,
             lambda: '\n'.join('%s: %s' % (p.label, p.log()) for p in self.processes))

    def hold_close_notify(self, until=lambda datagram: False):
        """Keeps the first alert of epoch 1 from the client on the path, until right before the first datagram for which
        until() is true, or until the function returned here is called."""
        held, gone = [], []

        def release():
            gone.append(True)
            self.path.send(held[0])

        def hook(datagram):
            if not held and datagram.to_server and datagram.has(type_=ALERT, epoch=1):
                held.append(datagram)
                return False
            if held and not gone and until(datagram):
                release()
            return True
        self.path.hook = hook
        return release

    def save(self, keys=True):
        """Ends the capture and puts it, with the key log, into the folder named on the command line."""
        time.sleep(0.3)
        self.tcpdump.process.send_signal(signal.SIGINT)
        self.tcpdump.wait_end()
        out = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(sys.argv[0]))
        os.makedirs(out, exist_ok=True)
        shutil.copyfile(self.capture_file, os.path.join(out, 'capture.pcap'))
        if keys:
            shutil.copyfile(self.keys, os.path.join(out, 'keys.log'))
        print('written to', out)
