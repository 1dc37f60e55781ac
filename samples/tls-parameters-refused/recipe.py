#!/usr/bin/env python3
# Debian: gnutls-bin golang-go iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""One client after the other with something that its server does not accept: versions, groups, names, protocols,
another handshake."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import NAME, Lab

GO_SERVER = '''
package main

import ("crypto/tls"; "errors"; "io"; "net"; "os")

// A server that chooses its certificate by the name that is asked for, and has none for the nameless.
func main() {
	pair, err := tls.LoadX509KeyPair(os.Args[2], os.Args[3])
	if err != nil { panic(err) }
	l, err := tls.Listen("tcp", os.Args[1], &tls.Config{NextProtos: []string{"h2", "http/1.1"}, SessionTicketsDisabled: true,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if hello.ServerName == "" { return nil, errors.New("no name") }
			return &pair, nil
		}})
	if err != nil { panic(err) }
	for {
		c, err := l.Accept()
		if err != nil { panic(err) }
		go func(c net.Conn) { defer c.Close(); io.Copy(c, c) }(c)
	}
}
'''

with Lab(__file__) as lab:
    cert, key = lab.certificate()
    source = lab.tmp / 'src'
    source.mkdir()
    (source / 'byname.go').write_text(GO_SERVER)
    program = lab.go(source / 'byname.go')
    lab.s_server('-rev', '-quiet', '-tls1_2', '-num_tickets', 0, port=8443)
    lab.s_server('-rev', '-quiet', '-tls1_3', '-num_tickets', 0, '-groups', 'P-384', port=8444)
    lab.s_server('-rev', '-quiet', '-servername', NAME, '-servername_fatal', '-cert2', cert, '-key2', key, port=8445)
    lab.start('s', program, ':8446', cert, key, wait_port=8446)
    lab.start('s', 'gnutls-serv', '-p', 8447, '--echo', '--x509certfile', cert, '--x509keyfile', key,
              '--priority', 'NORMAL:-VERS-ALL:+VERS-TLS1.2:-CURVE-ALL:-GROUP-ALL:+GROUP-SECP384R1:-RSA:-DHE-RSA', '--noticket', wait_port=8447)
    lab.capture()
    for local, port, name, *flags in (
            (40001, 8443, NAME, '-tls1_3'),
            (40002, 8443, NAME),
            (40003, 8444, NAME, '-groups', 'X25519'),
            (40004, 8444, NAME, '-groups', 'X25519:P-384'),
            (40005, 8445, 'elsewhere.example.test'),
            (40006, 8445, NAME),
            (40007, 8446, None),
            (40008, 8446, NAME, '-alpn', 'imap'),
            (40009, 8446, NAME, '-alpn', 'http/1.1'),
            (40010, 8447, NAME, '-groups', 'X25519'),
            (40011, 8447, NAME, '-groups', 'P-384')):
        print(local, lab.visit(local, *flags, port=port, name=name, say=None)[:300])
    # What s_client takes for a command: begin again.
    again = lab.s_client(40012, '-tls1_2')
    lab.type(again, 'R\n')
    lab.type(again, 'hello\n')
    if again.poll() is None:
        lab.eof(again)
    print(lab.output(again)[-300:])
    lab.finish()
