"""Servers and clients of everyday life for the recipes of `honest`: nginx, Apache, HAProxy, and a visit by each client that
Debian has. Needs what tls_lab needs, and the packages that a recipe names."""



import sys
import time

from tls_lab import NAME, SERVER

URL = f'https://{NAME}:8443/'
PAGE = 'sound\n'

NGINX = '''daemon off; user root; pid {tmp}/nginx.pid; error_log {tmp}/nginx.log; worker_processes 1;
{main}
events {{ worker_connections 64; }}
http {{
  access_log off; default_type text/plain; root {tmp}/www; keepalive_timeout {keepalive};
  client_body_temp_path {tmp}/t1; proxy_temp_path {tmp}/t2; fastcgi_temp_path {tmp}/t3; uwsgi_temp_path {tmp}/t4; scgi_temp_path {tmp}/t5;
  ssl_certificate {tmp}/server.pem; ssl_certificate_key {tmp}/server.key; ssl_protocols TLSv1.2 TLSv1.3;
  {http}
  server {{ listen {port} ssl{flags}; location / {{ index index.html; }} {server} }}
}}
'''

APACHE = '''ServerRoot {tmp}
ServerName {name}
PidFile {tmp}/apache.pid
ErrorLog {tmp}/apache.log
DefaultRuntimeDir {tmp}
Mutex file:{tmp}
Listen {port}
LoadModule mpm_{mpm}_module /usr/lib/apache2/modules/mod_mpm_{mpm}.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule socache_shmcb_module /usr/lib/apache2/modules/mod_socache_shmcb.so
LoadModule dir_module /usr/lib/apache2/modules/mod_dir.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
{main}
DocumentRoot {tmp}/www
<Directory {tmp}/www>
Require all granted
</Directory>
SSLSessionCache shmcb:{tmp}/sessions(65536)
SSLEngine on
SSLCertificateFile {tmp}/server.pem
SSLCertificateKeyFile {tmp}/server.key
'''


def prepare(lab):
    """A certificate, a small page, and the name of the server in the hosts file that the namespaces see."""
    lab.certificate()
    (lab.tmp / 'www').mkdir()
    (lab.tmp / 'www' / 'index.html').write_text(PAGE)


def nginx(lab, port=8443, flags='', main='', http='', server='', keepalive='65s'):
    """@returns the master process; `reload` and `upgrade` of its signals are HUP and USR2"""
    conf = lab.tmp / f'nginx-{port}.conf'
    conf.write_text(NGINX.format(tmp=lab.tmp, port=port, flags=flags, main=main, http=http, server=server, keepalive=keepalive))
    return lab.start('s', 'nginx', '-p', lab.tmp, '-c', conf, wait_port=port)


def apache(lab, mpm='event', port=8443, main=''):
    conf = lab.tmp / 'apache.conf'
    conf.write_text(APACHE.format(tmp=lab.tmp, name=NAME, port=port, mpm=mpm, main=main))
    return lab.start('s', 'apache2', '-f', conf, '-DFOREGROUND', wait_port=port)


def haproxy(lab, text, port=8443, *flags):
    conf = lab.tmp / 'haproxy.cfg'
    conf.write_text(text)
    bundle = (lab.tmp / 'server.pem').read_text() + (lab.tmp / 'server.key').read_text()
    (lab.tmp / 'bundle.pem').write_text(bundle)
    return lab.start('s', 'haproxy', '-db', '-f', conf, *flags, wait_port=port)


def run(lab, side, *argv, ok=True, timeout=60, text=None):
    """A program from beginning to end; secrets that it logs go to the key log."""
    p = lab.start(side, *argv, env={'SSLKEYLOGFILE': str(lab.keys)})
    if text is not None:
        p.stdin.write(text.encode())
    p.stdin.close()
    p.wait(timeout)
    time.sleep(lab.settle)
    if ok and p.returncode != 0:
        sys.exit(f'{argv}: {p.returncode}\n{lab.output(p)}')
    return lab.output(p)


def curl(lab, *flags, port=8443, ok=True, paths=('',)):
    urls = [f'https://{NAME}:{port}/{path}' for path in paths]
    return run(lab, 'c', 'curl', '-sS', '--resolve', f'{NAME}:{port}:{SERVER}', '--cacert', lab.tmp / 'ca.pem', *flags, *urls, ok=ok)


PYTHON = '''
import socket, ssl, sys
c = ssl.create_default_context(cafile=sys.argv[1])
with socket.create_connection((sys.argv[2], int(sys.argv[4]))) as s:
    with c.wrap_socket(s, server_hostname=sys.argv[3]) as t:
        t.sendall(b'GET / HTTP/1.1\\r\\nHost: ' + sys.argv[3].encode() + b'\\r\\nConnection: close\\r\\n\\r\\n')
        while t.recv(4096):
            pass
'''

NODE = '''
const [ca, host, name, port, log] = process.argv.slice(2);
const fs = require('fs'), https = require('https');
const agent = new https.Agent({ keepAlive: true, maxCachedSessions: 10 });
const get = () => new Promise((resolve, reject) => {
  const request = https.get({ agent, host, port, servername: name, headers: { host: name }, ca: fs.readFileSync(ca) }, (answer) => {
    answer.resume(); answer.on('end', resolve);
  });
  request.on('error', reject);
});
agent.on('keylog', (line) => fs.appendFileSync(log, line));
get().then(get).then(() => agent.destroy());
'''

GO = '''package main

import (
	"crypto/tls"
	"crypto/x509"
	"context"
	"io"
	"net"
	"net/http"
	"os"
)

func main() {
	ca, host, name, port, keys := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]
	pem, _ := os.ReadFile(ca)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	log, _ := os.OpenFile(keys, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0600)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, KeyLogWriter: log},
		DialContext: func(c context.Context, n, _ string) (net.Conn, error) { return (&net.Dialer{}).DialContext(c, n, host+":"+port) },
	}
	client := &http.Client{Transport: transport}
	for i := 0; i < 2; i++ {
		answer, err := client.Get("https://" + name + ":" + port + "/")
		if err != nil {
			panic(err)
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
	transport.CloseIdleConnections()
}
'''

JAVA = '''
import java.io.*;
import java.net.*;
import java.nio.file.*;
import java.security.*;
import java.security.cert.*;
import javax.net.ssl.*;

class Visit {
    public static void main(String[] a) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream in = Files.newInputStream(Path.of(a[0]))) {
            store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        for (int i = 0; i < 2; i++) {
            Socket below = new Socket(a[1], Integer.parseInt(a[3]));
            SSLSocket s = (SSLSocket) context.getSocketFactory().createSocket(below, a[2], Integer.parseInt(a[3]), true);
            s.getOutputStream().write(("GET / HTTP/1.1\\r\\nHost: " + a[2] + "\\r\\nConnection: close\\r\\n\\r\\n").getBytes());
            s.getInputStream().readAllBytes();
            s.close();
        }
    }
}
'''


def program(lab, name, text):
    path = lab.tmp / name
    path.write_text(text)
    return path


def go_visitor(lab):
    (lab.tmp / 'source').mkdir()
    return lab.go(program(lab, 'source/visit.go', GO))


def visit_all(lab, go, port=8443):
    """One visit by each client, one after the other."""
    ca, where = lab.tmp / 'ca.pem', (SERVER, NAME, port)
    curl(lab, port=port, paths=('', ''))
    curl(lab, '--tls-max', '1.2', port=port)
    run(lab, 'c', sys.executable, program(lab, 'visit.py', PYTHON), ca, *where)
    run(lab, 'c', 'node', program(lab, 'visit.js', NODE), ca, *where, lab.keys)
    run(lab, 'c', go, ca, *where, lab.keys)
    run(lab, 'c', 'java', '-XX:TieredStopAtLevel=1', program(lab, 'Visit.java', JAVA), ca, *where)
    run(lab, 'c', 'gnutls-cli', '--x509cafile', ca, '--sni-hostname', NAME, '--verify-hostname', NAME, '-p', port, SERVER,
        text=f'GET / HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n', ok=False)
