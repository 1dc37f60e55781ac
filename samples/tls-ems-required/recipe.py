#!/usr/bin/env python3
# Debian: default-jdk-headless gnutls-bin iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A server without the extended master secret, which a JDK refuses that was told to (`jdk.tls.allowLegacyMasterSecret=false`), and takes
otherwise; and one that has it."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from honest_lab import run
from tls_lab import CLIENT, NAME, SERVER, Lab, sh

VISIT = '''
import java.net.*;
import javax.net.ssl.*;

public class Visit {
  public static void main(String[] a) throws Exception {
    SSLSocket s = (SSLSocket) SSLSocketFactory.getDefault().createSocket();
    s.setReuseAddress(true);
    s.bind(new InetSocketAddress(a[0], Integer.parseInt(a[1])));
    SSLParameters p = s.getSSLParameters();
    p.setProtocols(new String[] {"TLSv1.2"});
    p.setServerNames(java.util.List.of(new SNIHostName(a[4])));
    s.setSSLParameters(p);
    s.connect(new InetSocketAddress(a[2], Integer.parseInt(a[3])));
    s.startHandshake();
    s.getOutputStream().write("hello\\n".getBytes());
    s.getInputStream().read(new byte[100]);
    s.close();
    System.out.println("served");
  }
}
'''

with Lab(__file__) as lab:
    lab.certificate()
    (lab.tmp / 'Visit.java').write_text(VISIT)
    sh('javac', '-d', lab.tmp, lab.tmp / 'Visit.java')
    sh('keytool', '-importcert', '-noprompt', '-file', lab.tmp / 'ca.pem', '-keystore', lab.tmp / 'trust.p12', '-storetype', 'PKCS12',
       '-storepass', 'secret')
    serve = lambda port, flags: lab.start(
        's', 'gnutls-serv', '-q', '--echo', '-p', port, '--x509certfile', lab.tmp / 'server.pem', '--x509keyfile', lab.tmp / 'server.key',
        '--disable-client-cert', '--priority', 'NORMAL:-VERS-ALL:+VERS-TLS1.2' + flags, wait_port=port)
    serve(8443, ':%NO_SESSION_HASH')
    serve(8444, '')
    strict = '-Djdk.tls.allowLegacyMasterSecret=false'
    visit = lambda local, port, *flags: print(run(
        lab, 'c', 'java', *flags, f'-Djavax.net.ssl.trustStore={lab.tmp}/trust.p12', '-Djavax.net.ssl.trustStorePassword=secret', '-cp', lab.tmp,
        'Visit', CLIENT, local, SERVER, port, NAME, ok=False)[:200])
    lab.capture()
    visit(40001, 8443, strict)
    visit(40002, 8443)
    visit(40003, 8444, strict)
    lab.finish()
