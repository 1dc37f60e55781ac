#!/usr/bin/env python3
# Debian: chromium default-jdk-headless gcc gnutls-bin golang-go iproute2 libmbedtls-dev libnss3-tools libwolfssl-dev
# nodejs openssl procps tcpdump wget python3; needs root (network namespaces).
"""One handshake of each stack at hand as a client, and each as a server, with OpenSSL at the other end."""
import pathlib
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lab"))
from tls_lab import NAME, SERVER, Lab, sh

GO_CLIENT = '''package main
import ("crypto/tls"; "os")
func main() {
  c, err := tls.Dial("tcp", os.Args[1], &tls.Config{InsecureSkipVerify: true, ServerName: "server.example.test"})
  if err != nil { panic(err) }
  c.Write([]byte("GET / HTTP/1.0\\r\\n\\r\\n")); c.Read(make([]byte, 64)); c.Close()
}
'''
GO_SERVER = '''package main
import ("crypto/tls"; "os")
func main() {
  cert, err := tls.LoadX509KeyPair(os.Args[2], os.Args[3])
  if err != nil { panic(err) }
  l, err := tls.Listen("tcp", os.Args[1], &tls.Config{Certificates: []tls.Certificate{cert}})
  if err != nil { panic(err) }
  for { c, _ := l.Accept(); go func() { c.Read(make([]byte, 64)); c.Write([]byte("hello\\n")); c.Close() }() }
}
'''


def first_only(path, port):
    """Keeps the first connection to this port, of those that a browser opens side by side."""
    data, at, kept, chosen = path.read_bytes(), 24, [], None
    while at < len(data):
        end = at + 16 + int.from_bytes(data[at + 8:at + 12], 'little')
        frame = data[at + 16:end]
        tcp = 14 + 4 * (frame[14] & 15)
        ports = [int.from_bytes(frame[tcp + i:tcp + i + 2], 'big') for i in (0, 2)]
        if port in ports:
            chosen = chosen or sum(ports)
        if port not in ports or sum(ports) == chosen:
            kept.append(data[at:end])
        at = end
    path.write_bytes(data[:24] + b''.join(kept))


with Lab(__file__) as lab:
    at = lambda name: str(lab.tmp / name)
    sh('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', 7300,
       '-subj', f'/CN={NAME}', '-addext', f'subjectAltName=DNS:{NAME},IP:{SERVER}', '-keyout', at('server.key'), '-out', at('server.pem'))
    sh('openssl', 'pkcs12', '-export', '-in', at('server.pem'), '-inkey', at('server.key'), '-name', 'server',
       '-passout', 'pass:throwaway', '-out', at('server.p12'))
    for stack in ('wolfssl', 'mbedtls'):
        libraries = ['-lwolfssl'] if stack == 'wolfssl' else ['-lmbedtls', '-lmbedx509', '-lmbedcrypto']
        sh('gcc', HERE / f'stacks_{stack}.c', '-o', at(stack), *libraries)
    for name, source in (('goclient', GO_CLIENT), ('goserver', GO_SERVER)):
        (lab.tmp / f'{name}.go').write_text(source)
        sh('go', 'build', '-o', at(name), at(f'{name}.go'), cwd=lab.tmp,
           env={'PATH': '/usr/bin:/bin', 'HOME': str(lab.tmp), 'GO111MODULE': 'off', 'CGO_ENABLED': '0', 'GOFLAGS': ''})
    sh('javac', '-d', lab.tmp, HERE / 'Stacks.java')
    (lab.tmp / 'nss').mkdir()
    sh('certutil', '-N', '-d', 'sql:' + at('nss'), '--empty-password')
    sh('pk12util', '-i', at('server.p12'), '-d', 'sql:' + at('nss'), '-W', 'throwaway', '-K', '')

    lab.capture()

    # Clients: the port of the server tells which. The server is OpenSSL.
    def client(port, *argv, stdin='GET / HTTP/1.0\r\n\r\n', timeout=30, env=None):
        server = lab.start('s', 'openssl', 's_server', '-accept', port, '-cert', at('server.pem'), '-key', at('server.key'),
                           '-WWW', '-num_tickets', 0, wait_port=port)
        to = [one.replace('@', f'{SERVER}:{port}').replace('%', str(port)) for one in map(str, argv)]
        p = lab.start('c', *to, env=env)
        try:
            p.communicate(stdin.encode(), timeout)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
        time.sleep(lab.settle)
        lab.stop(server)

    client(9001, 'openssl', 's_client', '-connect', '@', '-servername', NAME, '-ign_eof')
    client(9002, at('goclient'), '@')
    client(9003, 'gnutls-cli', '--insecure', '--sni-hostname', NAME, '-p', '%', SERVER)
    client(9004, 'tstclnt', '-h', SERVER, '-p', '%', '-a', NAME, '-d', 'sql:' + at('nss'), '-o', timeout=8)
    client(9005, 'java', '-cp', lab.tmp, 'Stacks', 'client', SERVER, '%')
    client(9006, at('wolfssl'), 'client', SERVER, '%')
    client(9007, at('mbedtls'), 'client', SERVER, '%')
    client(9008, 'wget', '-q', '--no-check-certificate', '-O', '/dev/null', 'https://@/none')
    client(9009, 'node', '-e', f"require('https').get({{host: '{SERVER}', port: %, rejectUnauthorized: false, agent: false}}, (r) => r.resume())")
    client(9010, 'chromium', '--headless', '--no-sandbox', '--disable-gpu', '--ignore-certificate-errors', '--disable-background-networking',
           '--user-data-dir=' + at('browser'), '--dump-dom', 'https://@/none', timeout=40, env={'HOME': str(lab.tmp)})

    # Servers, to OpenSSL with TLS 1.2: in TLS 1.3 all but two extensions are encrypted.
    def server(port, *argv):
        p = lab.start('s', *[str(one).replace('%', str(port)) for one in argv], wait_port=port)
        return p

    def visit(port, *flags):
        p = lab.start('c', 'openssl', 's_client', '-connect', f'{SERVER}:{port}', '-servername', NAME, *flags)
        time.sleep(0.5)
        lab.type(p, 'hello\n')
        try:
            lab.eof(p, 3)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()

    for port, argv in (
        (9101, ['openssl', 's_server', '-accept', '%', '-cert', at('server.pem'), '-key', at('server.key'), '-rev', '-num_tickets', 0]),
        (9102, [at('goserver'), ':%', at('server.pem'), at('server.key')]),
        (9103, ['gnutls-serv', '-q', '--echo', '-p', '%', '--x509certfile', at('server.pem'), '--x509keyfile', at('server.key')]),
        (9104, ['selfserv', '-d', 'sql:' + at('nss'), '-n', 'server', '-p', '%', '-w', '', '-V', 'tls1.2:tls1.3']),
        (9105, ['java', '-cp', lab.tmp, 'Stacks', 'server', '%', at('server.p12')]),
    ):
        p = server(port, *argv)
        visit(port, '-tls1_2')
        if port == 9101:
            visit(port)
        lab.stop(p)
    for port, program in ((9106, 'wolfssl'), (9107, 'mbedtls')):
        p = server(port, at(program), 'server', '%', at('server.pem'), at('server.key'))
        visit(port, '-tls1_2')
        time.sleep(0.3)
        if p.poll() is None:
            lab.stop(p)
    lab.finish()
    first_only(lab.out / 'capture.pcap', 9010)
