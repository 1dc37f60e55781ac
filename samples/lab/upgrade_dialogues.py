"""What servers say before TLS begins, protocol by protocol: `DIALOGUES[name](socket)` reads and answers in the clear up to
the consent. `NO` are the same with a refusal in its place."""

LDAP_OID = b'1.3.6.1.4.1.1466.20037'
MYSQL_GREETING = (b'\x0a8.0.36-lab\0' + b'\x08\0\0\0' + b'abcdefgh\0' + b'\xff\xff' + b'\x21' + b'\x02\0' + b'\xff\xc1' +
                  b'\x15' + bytes(10) + b'ijklmnopqrst\0' + b'mysql_native_password\0')
FEATURES = (b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
            b"id='1' from='server.example.test' version='1.0'><stream:features>"
            b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>")


def until(s, end):
    """Octet by octet, so that nothing of a ClientHello is taken."""
    got = b''
    while not got.endswith(end):
        octet = s.recv(1)
        if not octet:
            raise OSError('closed')
        got += octet
    return got


def exactly(s, count):
    got = b''
    while len(got) < count:
        piece = s.recv(count - len(got))
        if not piece:
            raise OSError('closed')
        got += piece
    return got


def lined(greeting, answers, yes):
    """A protocol of lines: `answers` by the beginning of a command, `yes` is the pair of the request and its answer."""
    request, answer = yes

    def dialogue(s):
        s.sendall(greeting)
        while True:
            line = until(s, b'\n')
            words = line.upper()
            tag = line.split()[0]
            if request in words:
                s.sendall(answer.replace(b'TAG', tag))
                return
            for command, text in answers.items():
                if command in words:
                    s.sendall(text.replace(b'TAG', tag))
                    break
            else:
                s.sendall(b'500 what?\r\n')
    return dialogue


def xmpp(answer):
    def dialogue(s):
        until(s, b"version='1.0'>")
        s.sendall(FEATURES)
        until(s, b'>')
        s.sendall(answer)
    return dialogue


def ldap(code):
    def dialogue(s):
        head = exactly(s, 2)
        request = exactly(s, head[1])
        assert LDAP_OID in request
        s.sendall(bytes.fromhex('300c02010178070a01') + bytes([code]) + bytes.fromhex('04000400'))
    return dialogue


def mysql(s):
    s.sendall(len(MYSQL_GREETING).to_bytes(3, 'little') + b'\0' + MYSQL_GREETING)
    exactly(s, 36)


def postgresql(answer):
    def dialogue(s):
        exactly(s, 8)
        s.sendall(answer)
    return dialogue


def rdp(answer):
    def dialogue(s):
        head = exactly(s, 4)
        exactly(s, int.from_bytes(head[2:], 'big') - 4)
        s.sendall(bytes.fromhex('030000130ed000001234000' + answer))
    return dialogue


def amqp(answer):
    def dialogue(s):
        exactly(s, 8)
        s.sendall(answer)
    return dialogue


EHLO = {b'EHLO': b'250-server.example.test\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 8BITMIME\r\n',
        b'LHLO': b'250-server.example.test\r\n250 STARTTLS\r\n', b'QUIT': b'221 bye\r\n'}
IMAP = {b'CAPABILITY': b'* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\nTAG OK done\r\n', b'LOGOUT': b'* BYE\r\nTAG OK\r\n'}
NNTP = {b'CAPABILITIES': b'101 Capability list:\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n'}
FEAT = {b'FEAT': b'211-Features:\r\n AUTH TLS\r\n PBSZ\r\n PROT\r\n211 End\r\n', b'QUIT': b'221 bye\r\n'}
SIEVE = b'"IMPLEMENTATION" "lab"\r\n"SIEVE" "fileinto"\r\n"STARTTLS"\r\nOK\r\n'
GREETING = b'220-server.example.test ESMTP\r\n220 throw-away\r\n'

DIALOGUES = {
    'smtp': lined(GREETING, EHLO, (b'STARTTLS', b'220 2.0.0 Ready to start TLS\r\n')),
    'lmtp': lined(b'220 server.example.test LMTP\r\n', EHLO, (b'STARTTLS', b'220 2.0.0 Ready to start TLS\r\n')),
    'imap': lined(b'* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready\r\n', IMAP,
                  (b'STARTTLS', b'TAG OK Begin TLS negotiation now\r\n')),
    'pop3': lined(b'+OK POP3 ready\r\n', {b'CAPA': b'+OK list follows\r\nUIDL\r\nSTLS\r\n.\r\n'},
                  (b'STLS', b'+OK Begin TLS negotiation\r\n')),
    'ftp': lined(b'220 server.example.test FTP\r\n', FEAT, (b'AUTH TLS', b'234 AUTH TLS successful\r\n')),
    'nntp': lined(b'200 server.example.test NNTP\r\n', NNTP, (b'STARTTLS', b'382 Continue with TLS negotiation\r\n')),
    'sieve': lined(SIEVE, {}, (b'STARTTLS', b'OK "Begin TLS negotiation now."\r\n')),
    'irc': lined(b'', {},
                 (b'STARTTLS', b':server.example.test 670 lab :STARTTLS successful, proceed with TLS handshake\r\n')),
    'xmpp': xmpp(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
    'ldap': ldap(0),
    'mysql': mysql,
    'postgres': postgresql(b'S'),
    'rdp': rdp('200080001000000'),
    'amqp': amqp(b'AMQP\x02\x01\x00\x00'),
}

NO = {
    'smtp': lined(GREETING, EHLO, (b'STARTTLS', b'454 4.7.0 TLS not available due to local problem\r\n')),
    'imap': lined(b'* OK ready\r\n', IMAP, (b'STARTTLS', b'TAG NO TLS is not available\r\n')),
    'postgres': postgresql(b'N'),
    'ldap': ldap(52),
    'rdp': rdp('300080005000000'),
}
