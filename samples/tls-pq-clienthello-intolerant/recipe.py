#!/usr/bin/env python3
# Debian: chromium curl iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A server that looks for the server name in what its first read gives, at most 1,400 octets, and hangs up where that is not the whole
ClientHello. Chromium visits it with the key share of X25519MLKEM768, and curl without."""
import pathlib
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from honest_lab import curl, prepare, program
from tls_lab import NAME, SERVER, Lab

FRONT = '''
import socket, ssl, sys, threading
c = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
c.load_cert_chain(sys.argv[1], sys.argv[2])
def serve(s):
    first = s.recv(1400, socket.MSG_PEEK)
    if len(first) < 5 or len(first) < 5 + int.from_bytes(first[3:5], "big"):
        print("hung up")
        return s.close()
    try:
        with c.wrap_socket(s, server_side=True) as t:
            t.recv(4096)
            t.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Type: text/plain\\r\\nContent-Length: 6\\r\\nConnection: close\\r\\n\\r\\nsound\\n")
            t.unwrap()
    except OSError:
        pass
l = socket.create_server(("", 8443))
while True:
    threading.Thread(target=serve, args=(l.accept()[0],), daemon=True).start()
'''

with Lab(__file__) as lab:
    prepare(lab)
    front = program(lab, 'front.py', FRONT)
    server = lab.start('s', sys.executable, '-u', front, lab.tmp / 'server.pem', lab.tmp / 'server.key', wait_port=8443)
    lab.capture()

    browser = lab.start('c', 'chromium', '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
                        '--ignore-certificate-errors', f'--user-data-dir={lab.tmp}/profile', '--disable-background-networking',
                        '--disable-component-update', '--no-first-run', '--remote-debugging-port=0',
                        f'--host-resolver-rules=MAP {NAME} {SERVER}, MAP * ~NOTFOUND', f'https://{NAME}:8443/')
    for _ in range(200):
        if 'hung up' in lab.output(server):
            break
        time.sleep(0.1)
    # It would try again and again.
    time.sleep(0.5)
    lab.stop(browser)
    curl(lab)
    lab.finish()
