#!/usr/bin/env python3
# Debian: curl iproute2 openssl python3 tcpdump; needs root (network namespaces).
"""curl through proxies: CONNECT (also asked for a password first), SOCKS 4, 4a and 5, behind a PROXY header, and through a
proxy that is spoken to over TLS itself. All healthy."""
import pathlib
import socket
import ssl
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import CLIENT, Lab, NAME, SERVER, sh
from upgrade_dialogues import exactly, until

with Lab(__file__, settle=0.1) as lab:
    sh('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', 7300,
       '-subj', f'/CN={NAME}', '-addext', f'subjectAltName=DNS:{NAME}', '-keyout', lab.tmp / 'server.key',
       '-out', lab.tmp / 'server.pem')
    sh('cp', lab.tmp / 'server.pem', lab.tmp / 'ca.pem')
    server = lab.tls_context('s')
    server.num_tickets = 0

    def answer(t):
        until(t, b'\r\n\r\n')
        t.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nhi\n')
        try:
            t.unwrap()
        except (OSError, ssl.SSLError):
            pass

    def web(s):
        """The server behind the proxies; the way to it is not captured."""
        with server.wrap_socket(s.dup(), server_side=True) as t:
            answer(t)

    def relay(s):
        """Passes octets on between a client and the server."""
        far = socket.create_connection(('127.0.0.1', 8443))

        def pump(a, b):
            try:
                while data := a.recv(65536):
                    b.sendall(data)
                b.shutdown(socket.SHUT_WR)
            except OSError:
                pass
        back = threading.Thread(target=pump, args=(far, s), daemon=True)
        back.start()
        pump(s, far)
        back.join(5)
        far.close()

    def connect(s):
        until(s, b'\r\n\r\n')
        s.sendall(b'HTTP/1.1 200 Connection established\r\n\r\n')
        relay(s)

    def with_password(s):
        while b'Basic' not in until(s, b'\r\n\r\n'):
            s.sendall(b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="lab"\r\n'
                      b'Content-Length: 3\r\n\r\nno\n')
        s.sendall(b'HTTP/1.1 200 Connection established\r\n\r\n')
        relay(s)

    def chain(s):
        """Two proxies behind one another: each answers its own CONNECT."""
        until(s, b'\r\n\r\n')
        s.sendall(b'HTTP/1.1 200 first\r\n\r\n')
        connect(s)

    def socks4(s):
        request = exactly(s, 8)
        until(s, b'\0')
        if request[4:7] == bytes(3):   # 4a: a name follows
            until(s, b'\0')
        s.sendall(bytes.fromhex('005a000000000000'))
        relay(s)

    def socks5(s):
        _, methods = exactly(s, 2)
        if 2 in exactly(s, methods):
            s.sendall(b'\x05\x02')
            _, user = exactly(s, 2)
            exactly(s, user)
            exactly(s, exactly(s, 1)[0])
            s.sendall(b'\x01\x00')
        else:
            s.sendall(b'\x05\x00')
        kind = exactly(s, 4)[3]
        exactly(s, {1: 6, 4: 18}.get(kind) or exactly(s, 1)[0] + 2)
        s.sendall(bytes.fromhex('05000001000000000000'))
        relay(s)

    def proxy_header(s):
        until(s, b'\r\n')
        web(s)

    def proxy_header_2(s):
        head = exactly(s, 16)
        exactly(s, int.from_bytes(head[14:], 'big'))
        web(s)

    def over_tls(s):
        """CONNECT inside TLS, then TLS inside TLS."""
        with server.wrap_socket(s.dup(), server_side=True) as t:
            until(t, b'\r\n\r\n')
            t.sendall(b'HTTP/1.1 200 Connection established\r\n\r\n')
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            inner = server.wrap_bio(incoming, outgoing, server_side=True)

            def run(step, *args):
                while True:
                    try:
                        result = step(*args)
                        t.sendall(outgoing.read())
                        return result
                    except ssl.SSLWantReadError:
                        if outgoing.pending:
                            t.sendall(outgoing.read())
                        incoming.write(t.recv(65536))
            run(inner.do_handshake)
            run(inner.read, 2000)
            run(inner.write, b'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nhi\n')
            time.sleep(0.2)

    lab.listener(8443, web)
    for port, behave in ((3128, connect), (3129, with_password), (3130, chain), (1081, socks4),
                         (1083, socks5), (8444, proxy_header), (8445, proxy_header_2), (3131, over_tls)):
        lab.listener(port, behave)
    lab.capture()

    def curl(local, *flags, url=f'https://{NAME}:8443/'):
        p = lab.start('c', 'curl', '-sS', '--noproxy', '', '--local-port', local, '--cacert', lab.tmp / 'ca.pem', '--resolve',
                      f'{NAME}:8443:{SERVER}', '--resolve', f'{NAME}:8444:{SERVER}', '--resolve', f'{NAME}:3131:{SERVER}',
                      *flags, url, env={'SSLKEYLOGFILE': str(lab.keys)})
        p.wait(15)
        print(local, lab.output(p).strip())
        time.sleep(0.1)
    curl(40001, '-x', f'http://{SERVER}:3128')
    curl(40002, '-x', f'http://me:secret@{SERVER}:3129', '--proxy-anyauth')
    curl(40004, '--socks4', f'{SERVER}:1081')
    curl(40005, '--socks4a', f'{SERVER}:1081')
    curl(40006, '--socks5', f'{SERVER}:1083')
    curl(40007, '--socks5-hostname', f'me:secret@{SERVER}:1083')
    curl(40008, '--haproxy-protocol', url=f'https://{NAME}:8444/')
    curl(40009, '-x', f'https://{NAME}:3131', '--proxy-cacert', lab.tmp / 'ca.pem')

    def client_header_2():
        """Version 2 with a TLV (PP2_TYPE_NOOP), which curl does not write."""
        s = socket.create_connection((SERVER, 8445), source_address=(CLIENT, 40010))
        s.sendall(bytes.fromhex('0d0a0d0a000d0a515549540a21110014c6336407c00002019c4001bb0400050000000000'))
        with lab.tls_context('c').wrap_socket(s, server_hostname=NAME) as t:
            t.sendall(b'GET / HTTP/1.1\r\n\r\n')
            return t.recv(200)
    print(lab.within('c', client_header_2))

    def two_proxies():
        """CONNECT to a second proxy through a first, then to the server."""
        s = socket.create_connection((SERVER, 3130), source_address=(CLIENT, 40011))
        for to in ('second.example.test:3128', f'{NAME}:443'):
            s.sendall(f'CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n'.encode())
            until(s, b'\r\n\r\n')
        with lab.tls_context('c').wrap_socket(s, server_hostname=NAME) as t:
            t.sendall(b'GET / HTTP/1.1\r\n\r\n')
            return t.recv(200)
    print(lab.within('c', two_proxies))
    lab.finish()
