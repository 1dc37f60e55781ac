"""Go programs that make one mistake in how they protect records or prove a handshake: `tls_go_mistakes.patch` teaches
crypto/tls all of them, and the environment variable TLS_MISTAKE chooses one. What it concerns is always what the program itself
sends. Debian: golang-go and patch, besides what tls_lab.py needs."""
import os
import shutil

from tls_lab import HERE, GoClient, sh

PATCH = HERE / 'tls_go_mistakes.patch'


def mistaken_client(lab, mistake, log_keys=True):
    """A Go client; one whose secrets are wrong themselves does not log them."""
    if not (lab.tmp / 'server.pem').exists():
        lab.certificate()
    program = lab.go(HERE / 'tls_client.go', PATCH)
    os.environ['TLS_MISTAKE'] = mistake
    try:
        return GoClient(lab, program, lab.tmp / 'ca.pem', keys=None if log_keys else '/dev/null')
    finally:
        del os.environ['TLS_MISTAKE']


def mistaken_server(lab, mistake, *flags, port=8443):
    if not (lab.tmp / 'server.pem').exists():
        lab.certificate()
    program = lab.go(HERE / 'tls_server.go', PATCH)
    return lab.start('s', program, '-cert', lab.tmp / 'server.pem', '-key', lab.tmp / 'server.key', '-listen', f':{port}',
                     *flags, wait_port=port, env={'TLS_MISTAKE': mistake})


def keep_server_key(lab):
    """Hands over the server's RSA key, which opens the premaster secret where RSA carries it."""
    shutil.copyfile(lab.tmp / 'server.key', lab.out / 'server.key')


def ocsp_response(lab):
    """A response of the authority itself about a certificate that it never heard of."""
    index, response = lab.tmp / 'index.txt', lab.tmp / 'ocsp.der'
    index.write_text('')
    sh('openssl', 'ocsp', '-index', index, '-CA', lab.tmp / 'ca.pem', '-rsigner', lab.tmp / 'ca.pem', '-rkey', lab.tmp / 'ca.key',
       '-issuer', lab.tmp / 'ca.pem', '-cert', lab.tmp / 'server.pem', '-ndays', '7300', '-respout', response)
    return response
