"""A proxy that can make one mistake, for the TLS and DTLS recipes:

    clients 192.0.2.10  ----  192.0.2.1 proxy 198.51.100.1  ----  servers 198.51.100.2

It ends TCP (or takes UDP datagrams) and passes octets on without looking into TLS: it knows where a record begins, and no more. A
recipe names the one record or datagram that it treats wrongly (`proxy.err(...)`); without that it does nothing wrong, which is
how the healthy twins are made.
"""
import socket
import threading
import time

from tls_lab import CLIENT, HERE, MAC, NAME, SERVER, Lab, sh

PROXY, BACKEND = '198.51.100.1', '198.51.100.2'
CHANGE_CIPHER_SPEC, HANDSHAKE = 20, 22
SERVER_HELLO = 2


class ProxyLab(Lab):
    """The lab with the proxy in a namespace of its own. Clients find it where other recipes have the server."""

    def _network(self):
        for side in 'cms':
            sh('ip', 'netns', 'add', self.ns[side])
            self.made.append(self.ns[side])
            self.inside(side, 'ip', 'link', 'set', 'lo', 'up')
            self.inside(side, 'sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=1')
        for near, far, here, there, a, b in (('c', 'm', 'c0', 'x0', CLIENT, SERVER), ('m', 's', 'y0', 's0', PROXY, BACKEND)):
            sh('ip', 'link', 'add', here, 'address', MAC[here[0]], 'netns', self.ns[near], 'type', 'veth',
               'peer', 'name', there, 'address', MAC[there[0]], 'netns', self.ns[far])
            for side, device, address, peer, mac in ((near, here, a, b, MAC[there[0]]), (far, there, b, a, MAC[here[0]])):
                self._no_offload(side, device)
                self.inside(side, 'ip', 'address', 'add', address + '/24', 'dev', device)
                self.inside(side, 'ip', 'link', 'set', device, 'up')
                self.inside(side, 'ip', 'neighbour', 'replace', peer, 'lladdr', mac, 'dev', device, 'nud', 'permanent')

    def capture_clients(self, filter='tcp'):
        """Between the clients and the proxy."""
        self.capture('m', filter, 'x0')

    def capture_servers(self, filter='tcp'):
        """Between the proxy and the servers."""
        self.capture('m', filter, 'y0')

    def capture_both(self, filter='tcp'):
        """On both sides of the proxy, in one file."""
        self.capture('m', filter, 'any')


    def s_servers(self, count, *flags):
        """`openssl s_server` serves one client at a time: one for each that is connected at once, on ports in a row."""
        for n in range(count):
            self.s_server(*flags, port=8443 + n)


    def dtls_servers(self, count):
        """The same for DTLS 1.2 (needs gcc and libssl-dev): `dtls_openssl_server.c`, which answers every line."""
        self.certificate()
        program = self.tmp / 'dtls_openssl_server'
        sh('gcc', '-O1', '-o', program, HERE / 'dtls_openssl_server.c', '-lssl', '-lcrypto')
        for n in range(count):
            self.start('s', program, 4433 + n, self.tmp / 'server.pem', self.tmp / 'server.key')
        time.sleep(1)

    def gnutls_client(self, priority):
        """One attempt of GnuTLS at a handshake."""
        p = self.start('c', 'gnutls-cli', '--x509cafile', self.tmp / 'ca.pem', '--verify-hostname', NAME, '--priority', priority,
                       '--port', 8443, SERVER, env={'SSLKEYLOGFILE': str(self.keys)})
        time.sleep(self.settle)
        return p


class Link:
    """One client, and the proxy's own connection to the server on its behalf."""

    def __init__(self, client, server):
        self.client, self.server = client, server
        self.lock = threading.Lock()

    def write(self, upwards, octets):
        with self.lock:
            (self.server if upwards else self.client).sendall(octets)


class Mistake:
    """What happens to the next record for which `when(record)` holds, on one link and in one direction."""

    def __init__(self, what, link, upwards, when, more):
        self.what, self.link, self.upwards, self.when, self.more = what, link, upwards, when, more


class Proxy:
    """Passes TCP on, a record at a time. Links are numbered as they come, from 0."""

    def __init__(self, lab, servers=1, port=8443, cut=None, delay=0):
        """Links go to the `servers` in turn, which are at `port` and the ones behind it. `cut`: sizes of the pieces in which octets are written, in turn; `delay`: a pause before each, in seconds."""
        self.lab, self.servers, self.port, self.cut, self.delay = lab, servers, port, cut, delay
        self.links, self.armed, self.made = [], [], []
        self.changed = threading.Condition()
        lab.within('m', self._listen)

    def err(self, what, link=0, upwards=False, when=lambda record: True, **more):
        """Arms one mistake, by its name in MISTAKES; it is made once."""
        self.armed.append(Mistake(MISTAKES[what], link, upwards, when, more))

    def wait_made(self, count=1, seconds=10):
        end = time.monotonic() + seconds
        while len(self.made) < count:
            if time.monotonic() > end:
                raise SystemExit('the mistake was never made')
            time.sleep(0.01)
        time.sleep(self.lab.settle)

    def _listen(self):
        listener = socket.create_server((SERVER, self.port))
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener):
        self.lab.enter('m')
        while True:
            client, _ = listener.accept()
            number = len(self.links)
            link = Link(client, socket.create_connection((BACKEND, self.port + number % self.servers), 10))
            for one in (client, link.server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                one.settimeout(60)
            self.links.append(link)
            for upwards in (True, False):
                threading.Thread(target=self._pump, args=(link, number, upwards), daemon=True).start()

    def _pump(self, link, number, upwards):
        source, target = (link.client, link.server) if upwards else (link.server, link.client)
        held = b''
        try:
            while octets := source.recv(65536):
                held += octets
                whole = b''
                while len(held) >= 5 and len(held) >= (length := 5 + int.from_bytes(held[3:5], 'big')):
                    record, held = held[:length], held[length:]
                    mistake = self._mistake(number, upwards, record)
                    if mistake is None:
                        whole += record
                        continue
                    self._write(link, upwards, whole)
                    whole = mistake.what(self, mistake, link, record)
                    self.made.append(mistake)
                self._write(link, upwards, whole)
        except OSError:
            pass
        try:
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def _mistake(self, number, upwards, record):
        for mistake in self.armed:
            if (mistake.link, mistake.upwards) == (number, upwards) and mistake.when(record):
                self.armed.remove(mistake)
                return mistake
        return None

    def _write(self, link, upwards, octets):
        turn = 0
        while octets:
            size = self.cut[turn % len(self.cut)] if self.cut else len(octets)
            turn += 1
            time.sleep(self.delay)
            link.write(upwards, octets[:size])
            octets = octets[size:]


# What goes wrong with one record. Each returns the octets that go where they should.

def splice(proxy, mistake, link, record):
    """It goes to the other end of another link instead."""
    proxy.links[mistake.more['to']].write(mistake.upwards, record)
    return b''


def reflect(proxy, mistake, link, record):
    """It goes back to where it came from instead."""
    link.write(not mistake.upwards, record)
    return b''


def change(proxy, mistake, link, record):
    """One octet is another."""
    at = mistake.more.get('at', -8)
    out = bytearray(record)
    out[at] ^= mistake.more.get('by', 0x10)
    return bytes(out)


def double(proxy, mistake, link, record):
    return record + record


def drop(proxy, mistake, link, record):
    return b''


def swap(proxy, mistake, link, record):
    """Two links get each other's records: the first waits until the second has come to its own."""
    with proxy.changed:
        box = mistake.more['box']
        box[mistake.link] = record
        proxy.changed.notify_all()
        proxy.changed.wait_for(lambda: len(box) == 2, 10)
        return next(other for link, other in box.items() if link != mistake.link)


def edit(proxy, mistake, link, record):
    """The record as a function of the recipe rewrites it."""
    return mistake.more['how'](record)


MISTAKES = {'splices': splice, 'reflects': reflect, 'changes': change, 'doubles': double, 'drops': drop, 'swaps': swap, 'edits': edit}


def is_hello(record):
    """A ClientHello or ServerHello at the start of a record."""
    return record[0] == HANDSHAKE and record[5] in (1, SERVER_HELLO)


def without_extension(kind):
    """An edit that takes one extension out of the hello at the start of a record; what stands behind the hello stays."""
    def edit_record(record):
        end = 9 + int.from_bytes(record[6:9], 'big')
        body, rest = bytearray(record[9:end]), record[end:]
        at = 34 + 1 + body[34]
        if record[5] == SERVER_HELLO:
            at += 3
        else:
            at += 2 + int.from_bytes(body[at:at + 2], 'big')
            at += 1 + body[at]
        extensions, here = at + 2, at + 2
        while here < len(body):
            length = 4 + int.from_bytes(body[here + 2:here + 4], 'big')
            if int.from_bytes(body[here:here + 2], 'big') == kind:
                del body[here:here + length]
                break
            here += length
        else:
            raise SystemExit('the extension is not there')
        body[at:at + 2] = (len(body) - extensions).to_bytes(2, 'big')
        message = record[5:6] + len(body).to_bytes(3, 'big') + bytes(body) + rest
        return record[:3] + len(message).to_bytes(2, 'big') + message
    return edit_record


class UdpProxy:
    """Gives each client (by address and port) a server of its own, and passes datagrams on. `err` names the one that goes to
    another client, or to another server, instead."""

    def __init__(self, lab, port=4433):
        self.lab, self.port = lab, port
        self.links, self.armed, self.made = {}, [], []
        lab.within('m', self._listen)

    def err(self, link, upwards, to, also=False):
        """The next datagram of a link goes to the same end of another; with `also`, to its own as well."""
        self.armed.append((link, upwards, to, also))

    wait_made = Proxy.wait_made

    def _listen(self):
        self.listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.listener.bind((SERVER, self.port))
        threading.Thread(target=self._up, daemon=True).start()
        return True

    def _up(self):
        self.lab.enter('m')
        while True:
            octets, address = self.listener.recvfrom(65536)
            if address not in self.links:
                back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                back.bind((PROXY, 0))
                back.connect((BACKEND, self.port + len(self.links)))
                self.links[address] = back
                threading.Thread(target=self._down, args=(back, address), daemon=True).start()
            backs = list(self.links.values())
            for to in self._targets(list(self.links).index(address), True):
                backs[to].send(octets)

    def _down(self, back, address):
        while True:
            try:
                octets = back.recv(65536)
            except OSError:
                continue
            for to in self._targets(list(self.links).index(address), False):
                self.listener.sendto(octets, list(self.links)[to])

    def _targets(self, number, upwards):
        for armed in self.armed:
            if armed[:2] == (number, upwards):
                self.armed.remove(armed)
                self.made.append(armed)
                return [number, armed[2]] if armed[3] else [armed[2]]
        return [number]
