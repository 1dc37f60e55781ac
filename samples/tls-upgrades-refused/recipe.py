#!/usr/bin/env python3
# Debian: curl iproute2 openssl python3 tcpdump; needs root (network namespaces).
"""Servers and proxies that say no to TLS, clients that do not listen, and plain text where TLS is due; and what is healthy
beside them."""
import imaplib
import pathlib
import smtplib
import socket
import ssl
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import CLIENT, Lab, NAME, SERVER, sh
from upgrade_dialogues import DIALOGUES, GREETING, EHLO, NO, lined, until

BAD_GATEWAY = b'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'

with Lab(__file__, settle=0.1) as lab:
    sh('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', 7300,
       '-subj', f'/CN={NAME}', '-addext', f'subjectAltName=DNS:{NAME}', '-keyout', lab.tmp / 'server.key',
       '-out', lab.tmp / 'server.pem')
    sh('cp', lab.tmp / 'server.pem', lab.tmp / 'ca.pem')
    server = lab.tls_context('s')
    server.num_tickets = 0

    def serve(port, behave):
        lab.listener(port, behave)

    def then(dialogue, last):
        """After the dialogue the server says something in the clear once more."""
        def behave(s):
            dialogue(s)
            s.recv(2000)
            s.sendall(last)
        return behave

    def refused(dialogue):
        def behave(s):
            dialogue(s)
            s.recv(2000)
        return behave

    def speak(s):
        with server.wrap_socket(s, server_side=True) as t:
            t.sendall(t.recv(200)[::-1])
            t.recv(200)
            t.unwrap()

    def upgraded(dialogue):
        def behave(s):
            dialogue(s)
            speak(s)
        return behave

    def error_page(s):
        """TLS, and in the middle of it text that is written past it."""
        t = server.wrap_socket(s.dup(), server_side=True)
        t.sendall(t.recv(200)[::-1])
        s.sendall(BAD_GATEWAY)
        s.recv(2000)

    def clear_channel(s):
        """FTP: TLS for the password, then CCC and plain text again (RFC 4217 section 12.3)."""
        DIALOGUES['ftp'](s)
        t = server.wrap_socket(s.dup(), server_side=True, suppress_ragged_eofs=True)
        until(t, b'\n')
        t.sendall(b'200 Control channel is clear now\r\n')
        t.unwrap()
        until(s, b'\n')
        s.sendall(b'215 UNIX Type: L8 and plain text again\r\n')
        s.recv(100)

    def proxy(answers):
        def behave(s):
            for answer in answers:
                until(s, b'\r\n\r\n')
                s.sendall(answer)
            s.recv(2000)
        return behave

    def socks(s):
        s.recv(100)
        s.sendall(b'\x05\x00')
        s.recv(100)
        s.sendall(bytes.fromhex('05050001000000000000'))
        s.recv(100)

    def injected(s):
        """A device puts a reply behind the consent."""
        lined(GREETING, EHLO, (b'STARTTLS', b'220 2.0.0 Ready to start TLS\r\n250 injected\r\n'))(s)
        speak(s)

    serve(9001, refused(NO['smtp']))
    serve(9002, refused(NO['imap']))
    serve(9003, refused(NO['postgres']))
    serve(9004, refused(NO['ldap']))
    serve(9005, refused(NO['rdp']))
    serve(9006, proxy([b'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n']))
    serve(9007, socks)
    serve(9008, then(NO['smtp'], b'500 5.5.2 not a command\r\n'))
    serve(9009, then(DIALOGUES['smtp'], b'421 4.3.0 no TLS backend left\r\n'))
    serve(9010, error_page)
    serve(9011, clear_channel)
    serve(9012, injected)
    serve(9013, upgraded(DIALOGUES['imap']))
    lab.capture()

    # Clients that take no for an answer.
    def smtp_client():
        with smtplib.SMTP(SERVER, 9001, source_address=(CLIENT, 40001)) as c:
            c.ehlo('lab')
            return c.docmd('STARTTLS')
    print(lab.within('c', smtp_client))
    for local, name, port in ((40002, 'imap', 9002), (40003, 'postgres', 9003), (40004, 'ldap', 9004)):
        p = lab.s_client(local, '-starttls', name, '-quiet', port=port)
        lab.eof(p)
        print(lab.output(p))
    s = lab.connect(40005, 9005)
    s.sendall(bytes.fromhex('030000130ee00000000000') + bytes.fromhex('0100080003000000'))
    print(s.recv(100).hex())
    s.close()
    for local, flags in ((40006, ['-x', f'http://{SERVER}:9006']), (40007, ['--socks5-hostname', f'{SERVER}:9007'])):
        p = lab.start('c', 'curl', '-sS', '--local-port', local, *flags, f'https://{NAME}/')
        p.wait(10)
        print(lab.output(p))

    def tls(s):
        try:
            return lab.tls_context('c', ssl.TLSVersion.TLSv1_2).wrap_socket(s, server_hostname=NAME)
        except (ssl.SSLError, OSError) as e:
            return print(e)

    def ask(local, port, *commands):
        """A client that does not look at what it is told."""
        s = lab.connect(local, port)
        until(s, b'throw-away\r\n')
        for command in commands:
            s.sendall(command)
            time.sleep(0.1)
        s.recv(2000)
        return s
    tls(ask(40008, 9008, b'EHLO lab\r\n', b'STARTTLS\r\n'))
    tls(ask(40009, 9009, b'EHLO lab\r\n', b'STARTTLS\r\n'))

    t = tls(lab.connect(40010, 9010))
    t.sendall(b'hello\n')
    print(t.recv(100))
    try:
        t.recv(100)
    except ssl.SSLError as e:
        print(e)
    t.close()
    time.sleep(0.1)

    s = lab.connect(40011, 9011)
    until(s, b'\n')
    s.sendall(b'AUTH TLS\r\n')
    until(s, b'\n')
    t = tls(s)
    t.sendall(b'CCC\r\n')
    t.recv(100)
    s = t.unwrap()
    s.sendall(b'SYST\r\n')
    print(s.recv(100))
    s.close()
    time.sleep(0.1)

    t = tls(ask(40012, 9012, b'EHLO lab\r\n', b'STARTTLS\r\n'))
    t.sendall(b'hello\n')
    t.recv(100)
    t.unwrap()
    time.sleep(0.1)

    # The client sends ahead; the server reads no further than the command.
    s = lab.connect(40013, 9013)
    until(s, b'\n')
    s.sendall(b'a1 STARTTLS\r\n')
    until(s, b'\n')
    t = tls(s)
    t.sendall(b'hello\n')
    t.recv(100)
    t.unwrap()
    lab.finish()
