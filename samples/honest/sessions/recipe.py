#!/usr/bin/env python3
# Debian: curl golang-go iproute2 nginx-light nodejs openssl python3 tcpdump; needs root (network namespaces).
"""Sessions of nginx are resumed by ticket and by id, in TLS 1.2 and 1.3, with early data, and not resumed after a restart."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lab"))
from honest_lab import nginx, prepare, program, run
from tls_lab import Lab, NAME, SERVER

NODE = '''
const [ca, host, name, port, log, version] = process.argv.slice(2);
const fs = require('fs'), tls = require('tls');
const visit = (session) => new Promise((resolve, reject) => {
  let kept;
  const s = tls.connect({ host, port, servername: name, ca: fs.readFileSync(ca), session, maxVersion: version });
  s.on('keylog', (line) => fs.appendFileSync(log, line));
  s.on('session', (one) => { kept = one; });
  s.on('secureConnect', () => s.write('GET / HTTP/1.1\\r\\nHost: ' + name + '\\r\\nConnection: close\\r\\n\\r\\n'));
  s.on('data', () => {}); s.on('end', () => s.end()); s.on('close', () => resolve(kept)); s.on('error', reject);
});
visit().then(visit);
'''
REQUEST = f'GET / HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n'


def s_client(lab, *flags, port=8443):
    return run(lab, 'c', 'openssl', 's_client', '-connect', f'{SERVER}:{port}', '-servername', NAME, '-CAfile', lab.tmp / 'ca.pem',
               '-keylogfile', lab.keys, '-ign_eof', *flags, text=REQUEST, ok=False)


with Lab(__file__) as lab:
    prepare(lab)
    (lab.tmp / 'request').write_text(REQUEST)
    ids = dict(http='ssl_session_cache shared:a:1m; ssl_session_tickets off;')
    early = dict(http='ssl_early_data on;')
    nginx(lab, 8001, **ids)
    server = nginx(lab, 8443, **early)
    lab.capture()
    node = program(lab, 'visit.js', NODE)
    run(lab, 'c', 'node', node, lab.tmp / 'ca.pem', SERVER, NAME, 8443, lab.keys, 'TLSv1.3')
    run(lab, 'c', 'node', node, lab.tmp / 'ca.pem', SERVER, NAME, 8443, lab.keys, 'TLSv1.2')
    session = lab.tmp / 'session'
    s_client(lab, '-tls1_2', '-no_ticket', '-sess_out', session, port=8001)
    s_client(lab, '-tls1_2', '-no_ticket', '-sess_in', session, port=8001)
    s_client(lab, '-sess_out', session)
    s_client(lab, '-sess_in', session, '-early_data', lab.tmp / 'request')
    lab.stop(server)
    nginx(lab, 8443, **early)
    s_client(lab, '-sess_in', session, '-early_data', lab.tmp / 'request')
    lab.finish()
