"""DTLS 1.3 in the lab of dtls_lab.py: both ends are wolfSSL 5.7.2, built from the source package of Debian 13.

    apt-get source wolfssl            # with a deb-src line for trixie
    export WOLFSSL_SOURCE=$PWD/wolfssl-5.7.2-stable
    patch -d $WOLFSSL_SOURCE -p1 < dtls13_wolfssl_stale_keys.patch

The patch makes a mistake where the environment has LAB_STALE_KEYS, and changes nothing else. The first recipe that runs builds the library there, which takes a minute.
"""

import glob
import os
import shutil
import subprocess

from dtls_lab import CLIENT_IP, LAB_FOLDER, SERVER_IP, SERVER_PORT, Lab

SOURCES = ('internal', 'tls', 'tls13', 'dtls', 'dtls13', 'keys', 'ssl', 'wolfio')


class Lab13(Lab):
    def __enter__(self):
        self.program = built()
        return super().__enter__()

    def server(self, *options, certificate='ec'):
        own = []
        if certificate:
            cert, key = self.certificate(certificate)
            own = ['cert=' + cert, 'key=' + key]
        server = self.on_server('server', [self.program, 'server', SERVER_IP, str(SERVER_PORT), *own, *options])
        server.wait_for('waiting for a client')
        return server

    def client(self, port, *options, environment=None):
        return self.on_client('client', [self.program, 'client', SERVER_IP, str(SERVER_PORT),
                                         'bind=%s:%d' % (CLIENT_IP, port), 'keys=' + self.keys, *options], environment)

    def talk(self, port, server_options=(), client_options=(), certificate='ec', environment=None):
        """One association on a server of its own; both ends say how it went."""
        server = self.server(*server_options, certificate=certificate)
        client = self.client(port, *client_options, environment=environment)
        client.wait_end(25)
        try:
            server.wait_end(3)
        except subprocess.TimeoutExpired:
            server.kill()
        print(port, server.log().split('\n')[1:], client.log().split('\n'))


def built():
    """The program that both ends run."""
    source = os.environ.get('WOLFSSL_SOURCE')
    if not source:
        raise SystemExit(__doc__)
    folder = os.path.join(source, 'lab')
    program = os.path.join(folder, 'dtls13_wolfssl')
    if os.path.exists(program):
        return program
    os.makedirs(folder, exist_ok=True)
    shutil.copyfile(os.path.join(LAB_FOLDER, 'dtls13_user_settings.h'), os.path.join(folder, 'user_settings.h'))
    # misc.c and evp.c are included by others.
    files = [os.path.join(source, 'src', name + '.c') for name in SOURCES]
    files += [f for f in glob.glob(os.path.join(source, 'wolfcrypt/src/*.c'))
              if os.path.basename(f) not in ('misc.c', 'evp.c')]
    flags = ['-O1', '-w', '-DWOLFSSL_USER_SETTINGS', '-I', folder, '-I', source]
    for name in files:
        subprocess.run(['gcc', *flags, '-c', name, '-o', os.path.join(folder, os.path.basename(name)[:-2] + '.o')],
                       check=True)
    subprocess.run(['gcc', *flags, '-o', program, os.path.join(LAB_FOLDER, 'dtls13_wolfssl.c'),
                    *glob.glob(os.path.join(folder, '*.o')), '-lm', '-lpthread'], check=True)
    return program
