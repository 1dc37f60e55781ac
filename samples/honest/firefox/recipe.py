#!/usr/bin/env python3
# Debian: firefox-esr iproute2 libnss3-tools nginx-light openssl python3 tcpdump; needs root (network namespaces).
"""Firefox opens a page of nginx, reads on, comes back to it, and is closed. FIREFOX names the program if it is not installed."""
import json
import os
import pathlib
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lab"))
from honest_lab import nginx, prepare
from tls_lab import NAME, SERVER, Lab, sh

# Nothing of its own accord, and no names but the server's.
PREFERENCES = {
    'app.normandy.enabled': False, 'app.update.enabled': False, 'browser.region.update.enabled': False, 'browser.safebrowsing.malware.enabled': False,
    'browser.safebrowsing.phishing.enabled': False, 'datareporting.policy.dataSubmissionEnabled': False, 'extensions.systemAddon.update.enabled': False,
    'network.captive-portal-service.enabled': False, 'network.dns.forceResolve': SERVER, 'network.connectivity-service.enabled': False, 'network.trr.mode': 5,
    'services.settings.server': 'data:,', 'toolkit.telemetry.enabled': False,
}

with Lab(__file__) as lab:
    prepare(lab)
    (lab.tmp / 'www' / 'index.html').write_text('<link rel=stylesheet href=a.css><script src=b.js></script><p>sound')
    (lab.tmp / 'www' / 'a.css').write_text('p { color: green }')
    (lab.tmp / 'www' / 'b.js').write_text('setTimeout(() => fetch("a.css"), 500); setTimeout(() => location.reload(), 4000)')
    profile = lab.tmp / 'profile'
    profile.mkdir()
    (profile / 'user.js').write_text(''.join(f'user_pref("{name}", {json.dumps(value)});\n' for name, value in PREFERENCES.items()))
    sh('certutil', '-N', '-d', f'sql:{profile}', '--empty-password')
    sh('certutil', '-A', '-d', f'sql:{profile}', '-n', 'ca', '-t', 'CT,,', '-i', lab.tmp / 'ca.pem')
    nginx(lab, flags=' http2', keepalive='2s', http='types { text/html html; text/css css; text/javascript js; }')
    # What it wants of the world beside that meets nobody.
    lab.capture(filter='tcp port 8443')
    browser = lab.start('c', os.environ.get('FIREFOX', 'firefox-esr'), '--headless', '--no-remote', '--profile', profile, f'https://{NAME}:8443/',
                        env={'SSLKEYLOGFILE': str(lab.keys), 'HOME': str(lab.tmp), 'MOZ_CRASHREPORTER_DISABLE': '1'})
    time.sleep(22)
    lab.stop(browser)
    lab.finish()
