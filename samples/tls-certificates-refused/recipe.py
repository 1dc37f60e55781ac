#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""One client and five servers, each with another fault of its certificate, and one with none. TLS 1.2."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import NAME, Lab, sh

CONFIG = """
[ca]
default_ca = own
[own]
database = {tmp}/index.txt
serial = {tmp}/serial
new_certs_dir = {tmp}
default_md = sha256
policy = any
copy_extensions = none
unique_subject = no
[any]
commonName = supplied
"""


def dated(lab, name, start, end):
    """The certificate of the server, with other dates."""
    tmp = lab.tmp
    lab.certificate(name)
    (tmp / 'ca.cnf').write_text(CONFIG.format(tmp=tmp))
    (tmp / 'index.txt').write_text('')
    (tmp / 'serial').write_text('1000\n')
    sh('openssl', 'ca', '-batch', '-notext', '-config', tmp / 'ca.cnf', '-cert', tmp / 'ca.pem', '-keyfile', tmp / 'ca.key',
       '-startdate', start, '-enddate', end, '-extfile', tmp / f'{name}.ext', '-in', tmp / f'{name}.csr',
       '-out', tmp / f'{name}.pem')


def short(lab, name):
    """The same, with a key of 1,024 bits."""
    tmp = lab.tmp
    lab.certificate(name)
    sh('openssl', 'req', '-newkey', 'rsa:1024', '-nodes', '-subj', f'/CN={NAME}', '-keyout', tmp / f'{name}.key',
       '-out', tmp / f'{name}.csr')
    sh('openssl', 'x509', '-req', '-in', tmp / f'{name}.csr', '-CA', tmp / 'ca.pem', '-CAkey', tmp / 'ca.key',
       '-CAcreateserial', '-days', 7300, '-sha256', '-extfile', tmp / f'{name}.ext', '-out', tmp / f'{name}.pem')


def intermediate(lab, name):
    """An authority below the one that is trusted."""
    tmp = lab.tmp
    (tmp / f'{name}.ext').write_text('basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n')
    sh('openssl', 'req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=tls lab intermediate', '-keyout', tmp / f'{name}.key',
       '-out', tmp / f'{name}.csr')
    sh('openssl', 'x509', '-req', '-in', tmp / f'{name}.csr', '-CA', tmp / 'ca.pem', '-CAkey', tmp / 'ca.key',
       '-CAcreateserial', '-days', 7300, '-sha256', '-extfile', tmp / f'{name}.ext', '-out', tmp / f'{name}.pem')


with Lab(__file__) as lab:
    serve = lambda port, name, *flags: lab.start(
        's', 'openssl', 's_server', '-accept', port, '-cert', lab.tmp / f'{name}.pem', '-key', lab.tmp / f'{name}.key',
        '-tls1_2', '-rev', '-quiet', *flags, wait_port=port)
    lab.certificate()
    dated(lab, 'expired', '20250101000000Z', '20250301000000Z')
    dated(lab, 'early', '20400101000000Z', '20410101000000Z')
    intermediate(lab, 'intermediate')
    lab.certificate('leaf', ca='intermediate')
    lab.certificate('other', dns='other.example.test')
    short(lab, 'short')
    serve(8443, 'server')
    serve(8444, 'expired')
    serve(8445, 'early')
    serve(8446, 'leaf')
    serve(8447, 'other')
    serve(8448, 'short', '-cipher', 'DEFAULT@SECLEVEL=0')
    lab.capture()
    strict = ('-tls1_2', '-verify_return_error', '-verify_hostname', NAME)
    lab.visit(40001, *strict)
    for port, server in enumerate(('expired', 'early', 'leaf', 'other', 'short'), 8444):
        print(server, lab.visit(31558 + port, *strict, port=port, say=None)[-300:])
    lab.visit(40009, *strict)
    lab.finish()
