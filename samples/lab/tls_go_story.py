"""The story the go-panic samples and their healthy twins share: a Go server and
a Go client, AES-GCM connections that stay idle, and connections that negotiate
ECDHE-RSA-AES128-SHA, whose record MAC is HMAC-SHA1."""
import time

from tls_lab import HERE, GoClient

GCM, CBC = 'max=1.2 suites=c02f,c030', 'max=1.2 suites=c013,c014'
ANY = ''
PATCH = HERE / 'tls_go_double_wrapped_mac.patch'


class Story:
    def __init__(self, lab, patched, *server_flags, patched_later=False):
        self.lab, self.flags = lab, server_flags
        self.stock = None
        if patched_later or not patched:
            self.stock = lab.go(HERE / 'tls_server.go')
        self.broken = lab.go(HERE / 'tls_server.go', PATCH) if patched else None
        self.program = self.stock or self.broken
        self.cert, self.key = lab.certificate()
        self.client = GoClient(lab, lab.go(HERE / 'tls_client.go'), lab.tmp / 'ca.pem')
        self.server = None

    def up(self, *more):
        self.server = self.lab.start('s', self.program, '-cert', self.cert, '-key', self.key,
                                     *self.flags, *more, wait_port=8443)
        time.sleep(self.lab.settle)

    def died(self):
        """Waits for the end of the server and shows how it ended."""
        self.server.wait(10)
        log = self.lab.output(self.server)
        print(next((l for l in log.splitlines() if l.startswith('panic:')), log))

    def visits(self, *ports, how=GCM):
        """Healthy connections one after another."""
        for n, port in enumerate(ports):
            self.client(f'open v{port} {port} {how}')
            self.client(f'echo v{port} visit {n + 1}')
            self.client(f'close v{port}')

    def idle(self, *ports, how=GCM):
        """Connections that say one line and stay open."""
        for port in ports:
            self.client(f'open i{port} {port} {how}')
            self.client(f'echo i{port} ready')

    def gone(self, *ports):
        """What the siblings see, and that their programs give up on them."""
        for port in ports:
            self.client(f'wait i{port}', pause=0.005)
            self.client(f'close i{port}', pause=0.005)
        time.sleep(self.lab.settle)

    def refused(self, *ports):
        for port in ports:
            self.client(f'dial {port}', expect='failed')
            time.sleep(0.4)
