#!/usr/bin/env python3
# Debian: chromium iproute2 nginx-light openssl python3 tcpdump; needs root (network namespaces).
"""Chromium opens a page of nginx, reads on, and is closed."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lab"))
import time

from honest_lab import nginx, prepare
from tls_lab import NAME, SERVER, Lab

with Lab(__file__) as lab:
    prepare(lab)
    (lab.tmp / 'www' / 'index.html').write_text('<link rel=stylesheet href=a.css><script src=b.js></script><p>sound')
    (lab.tmp / 'www' / 'a.css').write_text('p { color: green }')
    (lab.tmp / 'www' / 'b.js').write_text('setTimeout(() => fetch("a.css"), 500)')
    nginx(lab, flags=' http2', keepalive='2s', http='types { text/html html; text/css css; text/javascript js; }')
    lab.capture()
    browser = lab.start('c', 'chromium', '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--ignore-certificate-errors',
                        f'--user-data-dir={lab.tmp}/profile', '--disable-background-networking', '--disable-component-update', '--no-first-run',
                        '--remote-debugging-port=0', f'--ssl-key-log-file={lab.keys}', f'--host-resolver-rules=MAP {NAME} {SERVER}',
                        f'https://{NAME}:8443/')
    time.sleep(14)
    lab.stop(browser)
    lab.finish()
