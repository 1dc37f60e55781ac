"""A browser and servers for it: two network namespaces joined by a veth pair, and tcpdump at the browser's end.

Debian packages: python3 iproute2 tcpdump openssl chromium, and what the recipe names. Needs root (namespaces). Nothing
leaves the namespaces; everything is taken down at the end.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

BROWSER_IP = '192.0.2.1'
SERVER_IP = '192.0.2.2'


class BrowserLab:
    def __init__(self, capture_filter):
        self.filter = capture_filter
        self.output = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(sys.argv[0]))
        self.programs = []

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix='browser-lab-')
        tag = str(os.getpid())
        self.browser, self.server = 'b' + tag, 's' + tag
        for namespace in (self.browser, self.server):
            sh('ip netns add ' + namespace)
            sh('ip -n %s link set lo up' % namespace)
        sh('ip -n %s link add v0 type veth peer name v1 netns %s' % (self.browser, self.server))
        for namespace, link, address in ((self.browser, 'v0', BROWSER_IP), (self.server, 'v1', SERVER_IP)):
            sh('ip -n %s addr add %s/24 dev %s' % (namespace, address, link))
            sh('ip -n %s link set %s up' % (namespace, link))
        time.sleep(1)
        self.dump = self.start(self.browser, 'tcpdump', '-i', 'v0', '-U', '-Z', 'root', '-w',
                               self.path('capture.pcap'), self.filter)
        time.sleep(1)
        return self

    def __exit__(self, *_error):
        for program in reversed(self.programs):
            if program.poll() is None:
                program.send_signal(signal.SIGTERM)
        for program in self.programs:
            try:
                program.wait(5)
            except subprocess.TimeoutExpired:
                program.kill()
        for namespace in (self.browser, self.server):
            sh('ip netns del ' + namespace)
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, namespace, *command, **options):
        log = open(self.path('log.%d' % len(self.programs)), 'w+')
        program = subprocess.Popen(['ip', 'netns', 'exec', namespace, *command], cwd=self.folder,
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options)
        self.programs.append(program)
        return program

    def certificate(self):
        """A throw-away certificate for www.example.org, as `key.pem` and `cert.pem`."""
        sh('openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=www.example.org'
           ' -addext subjectAltName=DNS:www.example.org -keyout %s -out %s' % (self.path('key.pem'), self.path('cert.pem')))

    def browse(self, url, *options, seconds=15, page=None):
        """Opens a page in a browser of its own. `page` is served to it on its loopback interface, and may say `/done`."""
        if page is not None:
            with open(self.path('index.html'), 'w') as file:
                file.write(page)
            self.start(self.browser, sys.executable, '-m', 'http.server', '8000', '--bind', '127.0.0.1')
            time.sleep(1)
        browser = self.start(
            self.browser, 'chromium', '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
            '--user-data-dir=' + self.path('profile'), '--disable-background-networking', '--disable-component-update',
            '--no-first-run', '--autoplay-policy=no-user-gesture-required', '--remote-debugging-port=0',
            '--host-resolver-rules=MAP * ' + SERVER_IP + ', EXCLUDE 127.0.0.1', *options, url)
        time.sleep(seconds)
        browser.send_signal(signal.SIGTERM)
        browser.wait(10)

    def save(self, keys=False):
        time.sleep(1)
        self.dump.send_signal(signal.SIGINT)
        self.dump.wait(5)
        shutil.copyfile(self.path('capture.pcap'), os.path.join(self.output, 'capture.pcap'))
        if keys:
            shutil.copyfile(self.path('keys.log'), os.path.join(self.output, 'keys.log'))


def sh(command):
    subprocess.run(command.split(' '), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
