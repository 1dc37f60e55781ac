#!/usr/bin/env python3
# Debian: iproute2 openssl python3 tcpdump; needs root (network namespaces).
"""TLS behind thirteen other protocols, and through proxies: each once, all healthy."""
import ftplib
import imaplib
import pathlib
import smtplib
import socket
import ssl
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import CLIENT, Engine, Lab, NAME, SERVER, sh
from upgrade_dialogues import DIALOGUES

# What openssl s_client can ask for.
S_CLIENT = ['smtp', 'lmtp', 'imap', 'pop3', 'ftp', 'nntp', 'sieve', 'irc', 'xmpp', 'ldap', 'mysql', 'postgres']

with Lab(__file__, settle=0.1) as lab:
    # A small certificate, so that many handshakes make a small capture.
    sh('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', 7300,
       '-subj', f'/CN={NAME}', '-addext', f'subjectAltName=DNS:{NAME}', '-keyout', lab.tmp / 'server.key',
       '-out', lab.tmp / 'server.pem')
    sh('cp', lab.tmp / 'server.pem', lab.tmp / 'ca.pem')
    server = lab.tls_context('s')
    server.num_tickets = 0

    def upgraded(dialogue):
        """Speaks in the clear, then TLS: one line comes, one goes."""
        def behave(s):
            dialogue(s)
            with server.wrap_socket(s, server_side=True) as t:
                t.sendall(t.recv(200)[::-1])
                t.recv(200)
                t.unwrap()
        return behave

    ports = {}
    for n, (name, dialogue) in enumerate(DIALOGUES.items()):
        ports[name] = 9001 + n
        lab.listener(ports[name], upgraded(dialogue))
    lab.capture()
    for n, name in enumerate(S_CLIENT):
        flags = ['-starttls', name] + (['-xmpphost', NAME] if name == 'xmpp' else [])
        p = lab.s_client(40001 + n, *flags, '-quiet', '-no_ign_eof', '-tls1_2' if n % 2 else '-tls1_3', port=ports[name])
        if p.poll() is None:
            lab.type(p, 'hello\n')
        if p.poll() is None:
            lab.eof(p)
        print(name, lab.output(p)[-200:])

    def behind(name, local, request, length):
        """A client of a protocol that s_client does not speak."""
        s = lab.connect(local, ports[name])
        s.sendall(request)
        s.recv(length)
        with lab.tls_context('c').wrap_socket(s, server_hostname=NAME) as t:
            t.sendall(b'hello\n')
            t.recv(200)
            t.unwrap()
        time.sleep(0.1)

    cookie = b'Cookie: mstshash=lab\r\n'
    negotiation = bytes.fromhex('0100080003000000')
    x224 = bytes([6 + len(cookie) + 8]) + bytes.fromhex('e00000000000') + cookie + negotiation
    behind('rdp', 40020, bytes([3, 0, 0, 4 + len(x224)]) + x224, 19)
    behind('amqp', 40021, b'AMQP\x02\x01\x00\x00', 8)
    lab.finish()
