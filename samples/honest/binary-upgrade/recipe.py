#!/usr/bin/env python3
# Debian: curl iproute2 nginx-light openssl procps python3 tcpdump; needs root (network namespaces).
"""nginx under load is followed by a new binary (USR2, then QUIT to the old one), and then reads its configuration again (HUP):
slow downloads go on, idle connections are closed, and every visitor is served."""
import os
import pathlib
import signal
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lab"))
from honest_lab import NGINX, curl, prepare
from tls_lab import Lab, NAME, SERVER

with Lab(__file__) as lab:
    prepare(lab)
    (lab.tmp / 'www' / 'large').write_bytes(bytes(3000))
    conf = lab.tmp / 'nginx.conf'
    # Only a master that left its shell behind takes USR2.
    text = NGINX.format(tmp=lab.tmp, port=8443, flags='', main='', http='', server='limit_rate 1000;', keepalive='65s')
    conf.write_text(text.replace('daemon off', 'daemon on', 1))
    pid = lambda name='nginx.pid': int((lab.tmp / name).read_text())
    started = []

    def master(name='nginx.pid'):
        """The process that the file names, once it is there."""
        for _ in range(100):
            if (lab.tmp / name).exists() and (lab.tmp / name).read_text().strip():
                started.append(pid(name))
                return pid(name)
            time.sleep(0.05)
        sys.exit(f'no {name}')
    try:
        lab.inside('s', '/usr/sbin/nginx', '-p', lab.tmp, '-c', conf)
        lab.listening('s', 8443)
        first = master()
        lab.capture()

        def load(path='', *flags):
            t = threading.Thread(target=curl, args=(lab, *flags), kwargs={'paths': (path,)})
            t.start()
            return t
        slow = [load('large'), load('large', '--tls-max', '1.2')]
        time.sleep(0.5)
        os.kill(first, signal.SIGUSR2)
        time.sleep(0.5)
        second = master()
        curl(lab)
        os.kill(first, signal.SIGQUIT)
        curl(lab)
        slow.append(load('large'))
        time.sleep(0.5)
        os.kill(second, signal.SIGHUP)
        curl(lab)
        for one in slow:
            one.join()
        curl(lab)
        lab.finish()
    finally:
        for one in started:
            try:
                os.kill(one, signal.SIGTERM)
            except ProcessLookupError:
                pass
