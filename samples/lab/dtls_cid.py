"""DTLS with connection ids: Mbed TLS at both ends, and between them an address translator or a load balancer.

Debian 12 has Mbed TLS without connection ids, so it is built from the source package: 3.6.6 of Debian 13, which follows
RFC 9146, or 2.28.3 of Debian 12, which follows a draft of it. The folder with the unpacked source is named by the environment:

    apt-get source --download-only mbedtls      # with a deb-src line for that release
    MBEDTLS=/path/to/mbedtls-3.6.6 samples/X/recipe.py

A copy of it is built each time, with the mistakes that the recipe asks for. Also needs gcc and make.
"""

import os
import shutil
import struct
import subprocess
import sys

import dtls_lab
from dtls_lab import LAB_FOLDER, SERVER_IP, SERVER_PORT, Lab, internet_checksum

dtls_lab.TIME_LIMIT = 600  # most of it for the compiler

# What an implementation gets wrong: file, what stands there, what stands there instead.
OUT_ID = 'transform->out_cid_len = ssl->handshake->peer_cid_len;'
MISTAKES = {
    # There is room for four octets of the id that the peer wants.
    'short-id': (('library/ssl_tls.c', OUT_ID,
                  'transform->out_cid_len = ssl->handshake->peer_cid_len < 4 ? ssl->handshake->peer_cid_len : 4;'),),
    # It sends the id that it wants to receive itself.
    'own-id': (('library/ssl_tls.c', OUT_ID,
                'ssl->handshake->peer_cid_len = ssl->own_cid_len; '
                'memcpy(ssl->handshake->peer_cid, ssl->own_cid, ssl->own_cid_len); ' + OUT_ID),),
    # It negotiates by RFC 9146 and authenticates as the draft did.
    'draft-mac': (('include/mbedtls/mbedtls_config.h', '#define MBEDTLS_SSL_DTLS_CONNECTION_ID_COMPAT 0',
                   '#define MBEDTLS_SSL_DTLS_CONNECTION_ID_COMPAT 1'),
                  ('include/mbedtls/ssl.h', '#define MBEDTLS_TLS_EXT_CID                        254',
                   '#define MBEDTLS_TLS_EXT_CID                        54')),
}


class CidLab(Lab):
    def program(self, *mistakes):
        """Builds the library and the program of the lab. @returns the program"""
        source = os.environ.get('MBEDTLS')
        if not source:
            sys.exit(__doc__)
        tag = '-'.join(('mbedtls',) + mistakes)
        folder = os.path.join(self.folder, tag)
        shutil.copytree(source, folder, symlinks=True)
        for name, right, wrong in (edit for mistake in mistakes for edit in MISTAKES[mistake]):
            path = os.path.join(folder, name)
            with open(path) as file:
                text = file.read()
            if text.count(right) != 1:
                sys.exit('not once in %s: %s' % (name, right))
            with open(path, 'w') as file:
                file.write(text.replace(right, wrong))
        if os.path.exists(os.path.join(folder, 'include/mbedtls/config.h')):
            subprocess.run(['python3', 'scripts/config.py', 'set', 'MBEDTLS_SSL_DTLS_CONNECTION_ID'], cwd=folder, check=True)
        # Its makefile does not know which files include a header.
        subprocess.run(['make', '-s', '-C', 'library', 'clean', 'GEN_FILES='], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        subprocess.run(['make', '-s', 'lib', 'CFLAGS=-O1', 'GEN_FILES='], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        program = os.path.join(self.folder, 'cid-' + tag)
        libraries = [os.path.join(folder, 'library/lib%s.a' % name) for name in ('mbedtls', 'mbedx509', 'mbedcrypto')]
        subprocess.run(['gcc', '-O1', '-I' + os.path.join(folder, 'include'), '-o', program,
                        os.path.join(LAB_FOLDER, 'dtls_mbedtls_cid.c'), *libraries], check=True)
        return program

    def cid_server(self, program, *ids, port=SERVER_PORT):
        options = [word for id_ in ids for word in ('id', id_)]
        server = self.on_server('server%d' % port, [program, 'server', str(port), *options])
        server.wait_for('waiting for clients')
        return server

    def cid_client(self, program, own_port, suite, *options, port=SERVER_PORT, succeeds=True):
        client = self.on_client('client%d' % own_port, [program, 'client', SERVER_IP, str(port), str(own_port), suite,
                                                        *options, 'keys', self.keys])
        if succeeds:
            client.wait_for('handshake done')
        return client

    def ask(self, client, line='request', answered=True):
        said = 'answered' if answered else 'no answer'
        before = client.log().count(said)
        client.type(line)
        client.wait_for(said, before + 1)

    def close(self, client):
        client.end_of_input()
        client.wait_end()


class Translator:
    """The path as an address translator and load balancer: what comes from a client's port goes out from another one, and
    to a server's port to another one, where the recipe says so. Answers find their way back."""

    def __init__(self, path):
        self.path, self.out, self.to = path, {}, {}
        path.hook = self.hook

    def hook(self, datagram):
        if not datagram.payload:
            return True
        ip_end = 14 + datagram.ip_length
        source, target = struct.unpack_from('!HH', datagram.frame, ip_end)
        if datagram.to_server:
            changed = self.out.get(source, source), self.to.get(source, target)
        else:
            client = next((inner for inner, outer in self.out.items() if outer == target), target)
            changed = (SERVER_PORT if client in self.to else source), client
        if changed == (source, target):
            return True
        udp = bytearray(datagram.frame)
        struct.pack_into('!HHHH', udp, ip_end, *changed, 8 + len(datagram.payload), 0)
        addresses = bytes(udp[26:34])
        pseudo = addresses + struct.pack('!BBH', 0, 17, 8 + len(datagram.payload))
        total = internet_checksum(pseudo + bytes(udp[ip_end:])) or 0xffff
        struct.pack_into('!H', udp, ip_end + 6, total)
        (self.path.to_server if datagram.to_server else self.path.to_client).send(bytes(udp))
        return False
