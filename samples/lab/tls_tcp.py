"""TCP for the recipes that reuse ports: sockets whose initial sequence number is chosen, or that are forgotten without a
word (both by TCP_REPAIR of Linux), and a server in Python that closes as it is told."""
import socket
import ssl
import struct
import threading
import time

from tls_lab import CLIENT, NAME, SERVER

TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ = 19, 20, 21
SEND_QUEUE = 2
OFF_WITHOUT_PROBE = -1


class Client:
    """TLS of Python's ssl from a fixed port, step by step."""

    def __init__(self, lab, local, version, isn=None, port=8443):
        self.lab = lab

        def open_():
            s = socket.socket()
            s.settimeout(20)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((CLIENT, local))
            if isn is not None:
                s.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
                s.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, SEND_QUEUE)
                s.setsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ, struct.pack('I', isn))
                s.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, OFF_WITHOUT_PROBE)
            s.connect((SERVER, port))
            return lab.tls_context('c', version).wrap_socket(s, server_hostname=NAME)
        self.s = lab.within('c', open_)
        time.sleep(lab.settle)

    def say(self, text):
        self.s.sendall(text)
        time.sleep(self.lab.settle)

    def hear(self):
        return self.s.recv(4096)

    def close(self):
        """After the server said close_notify: the answer, and later the FIN."""
        try:
            self.s.unwrap()
        except (OSError, ssl.SSLError):
            pass
        time.sleep(self.lab.settle)
        self.s.close()
        time.sleep(self.lab.settle)

    def forget(self):
        """As a host does that loses its power: nothing is sent."""
        self.s.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        self.s.close()
        time.sleep(self.lab.settle)


def serve(lab, behave, port=8443, backlog=None):
    """A TLS server, one thread for each connection: `behave(connection)` with a `Served`. With a backlog it does not come to
    accept before the function that is returned is called."""
    lab.certificate()
    context = lab.tls_context('s')

    def one(s):
        try:
            with s:
                s.settimeout(20)
                behave(Served(context, s))
        except (OSError, ssl.SSLError) as e:
            print('server:', e)

    def make():
        l = socket.create_server(('', port), backlog=backlog)

        def loop():
            while True:
                s, _ = l.accept()
                threading.Thread(target=one, args=(s,), daemon=True).start()
        begin = threading.Thread(target=loop, daemon=True).start
        if backlog is None:
            begin()
        return begin
    return lab.within('s', make)


class Served:
    """The server's end, over memory: what leaves when is decided by the recipe."""

    def __init__(self, context, s):
        self.s = s
        self.inp, self.out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.inp, self.out, server_side=True)
        self.run(self.tls.do_handshake)

    def run(self, step, *args):
        while True:
            try:
                result = step(*args)
                self.s.sendall(self.out.read())
                return result
            except ssl.SSLWantReadError:
                self.s.sendall(self.out.read())
                data = self.s.recv(65536)
                self.inp.write(data) if data else self.inp.write_eof()

    def hear(self):
        return self.run(self.tls.read, 4096)

    def say(self, text):
        self.run(self.tls.write, text)

    def close_notify(self):
        """Says close_notify and does not wait for an answer."""
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        self.s.sendall(self.out.read())
