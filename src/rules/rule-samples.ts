// Written by scripts/rule-pages.mjs from samples/*/expected.json.
import type { RuleSample } from '../model/rule.ts';

/** Captures of the project that show a rule, and the options with the secrets that it takes. */
export const RULE_SAMPLES: Readonly<Record<string, readonly RuleSample[]>> = {
  'alpn-mismatch': [
    {
      capture: 'samples/tls-parameters-refused/capture.pcap',
      secrets: '--keylog samples/tls-parameters-refused/keys.log',
    },
  ],
  'bad-record-mac-first-record': [
    { capture: 'samples/dtls-corrupt-finished-etm/capture.pcap', secrets: '' },
    { capture: 'samples/tls-aead-wrong-length/capture.pcap', secrets: '' },
    { capture: 'samples/tls-aead-wrong-nonce/capture.pcap', secrets: '' },
  ],
  'bad-record-mac-later': [
    {
      capture: 'samples/proxy-splices-record-upwards/capture.pcap',
      secrets: '--keylog samples/proxy-splices-record-upwards/keys.log',
    },
    { capture: 'samples/proxy-changes-octets/capture.pcap', secrets: '' },
  ],
  'cert-chain-incomplete': [
    { capture: 'samples/tls-certificates-refused/capture.pcap', secrets: '' },
  ],
  'cert-expired': [{ capture: 'samples/tls-certificates-refused/capture.pcap', secrets: '' }],
  'cert-malformed': [{ capture: 'samples/tls-certificates-malformed/capture.pcap', secrets: '' }],
  'cert-name-mismatch': [{ capture: 'samples/tls-certificates-refused/capture.pcap', secrets: '' }],
  'cert-not-yet-valid': [{ capture: 'samples/tls-certificates-refused/capture.pcap', secrets: '' }],
  'cert-order-wrong': [
    { capture: 'samples/tls-certificates-in-wrong-order/capture.pcap', secrets: '' },
  ],
  'cert-weak-key': [{ capture: 'samples/tls-certificates-refused/capture.pcap', secrets: '' }],
  'client-cert-ca-hint-mismatch': [
    { capture: 'samples/tls-client-certificate-refused/capture.pcap', secrets: '' },
  ],
  'client-cert-required': [
    { capture: 'samples/tls13-client-certificate-refused/capture.pcap', secrets: '' },
  ],
  'clienthello-blackholed': [
    { capture: 'samples/tls-clienthello-blackholed/capture.pcap', secrets: '' },
  ],
  'close-without-alert-after-clienthello': [
    { capture: 'samples/tls-close-after-clienthello/capture.pcap', secrets: '' },
    { capture: 'samples/tls-reset-mid-handshake/capture.pcap', secrets: '' },
  ],
  'downgrade-sentinel': [{ capture: 'samples/tls-downgrade-on-the-way/capture.pcap', secrets: '' }],
  'dtls-association-restart': [
    { capture: 'samples/dtls-restart-answered/capture.pcap', secrets: '' },
    { capture: 'samples/dtls-restart-kills-old/capture.pcap', secrets: '' },
  ],
  'dtls-cid-foreign': [{ capture: 'samples/dtls-cid-foreign/capture.pcap', secrets: '' }],
  'dtls-cid-length-mismatch': [
    { capture: 'samples/dtls-cid-length-mismatch/capture.pcap', secrets: '' },
    { capture: 'samples/dtls-cid-own-id/capture.pcap', secrets: '' },
  ],
  'dtls-cid-migration': [{ capture: 'samples/dtls-cid-migration/capture.pcap', secrets: '' }],
  'dtls-clienthello-fragmented': [
    { capture: 'samples/dtls-clienthello-fragmented/capture.pcap', secrets: '' },
  ],
  'dtls-epoch0-alert': [{ capture: 'samples/dtls-epoch0-alert/capture.pcap', secrets: '' }],
  'dtls-final-flight-retransmission': [
    { capture: 'samples/dtls-final-flight-lost/capture.pcap', secrets: '' },
    {
      capture: 'samples/dtls13-losses/capture.pcap',
      secrets: '--keylog samples/dtls13-losses/keys.log',
    },
  ],
  'dtls-fingerprint-mismatch': [
    { capture: 'samples/webrtc-fingerprint-mismatch/capture.pcap', secrets: '' },
  ],
  'dtls-fragment-loss': [{ capture: 'samples/dtls-fragment-loss/capture.pcap', secrets: '' }],
  'dtls-ip-fragmentation': [{ capture: 'samples/dtls-ip-fragmentation/capture.pcap', secrets: '' }],
  'dtls-late-close-notify': [
    { capture: 'samples/dtls-late-close-notify-after-handshake/capture.pcap', secrets: '' },
    { capture: 'samples/dtls-late-close-notify-before-hello/capture.pcap', secrets: '' },
    { capture: 'samples/dtls-late-close-notify-in-handshake/capture.pcap', secrets: '' },
  ],
  'dtls-nat-rebind-no-cid': [
    { capture: 'samples/dtls-nat-rebind-no-cid/capture.pcap', secrets: '' },
  ],
  'dtls-old-epoch-after-new-handshake': [
    { capture: 'samples/dtls-old-epoch-record/capture.pcap', secrets: '' },
  ],
  'dtls-refragment-intolerant': [
    { capture: 'samples/dtls-refragment-intolerant/capture.pcap', secrets: '' },
  ],
  'dtls-restart-ignored': [{ capture: 'samples/dtls-restart-ignored/capture.pcap', secrets: '' }],
  'dtls-restart-kills-old': [
    { capture: 'samples/dtls-restart-kills-old/capture.pcap', secrets: '' },
  ],
  'dtls-retransmission-normal': [
    { capture: 'samples/dtls-small-mtu/capture.pcap', secrets: '' },
    {
      capture: 'samples/dtls13-keys-of-handshake/capture.pcap',
      secrets: '--keylog samples/dtls13-keys-of-handshake/keys.log',
    },
    { capture: 'samples/dtls-refragment-intolerant/capture.pcap', secrets: '' },
    { capture: 'samples/dtls13-losses/capture.pcap', secrets: '' },
  ],
  'dtls-retransmission-storm': [
    { capture: 'samples/dtls-retransmission-storm/capture.pcap', secrets: '' },
  ],
  'dtls-role-conflict': [{ capture: 'samples/dtls-role-conflict/capture.pcap', secrets: '' }],
  'dtls-seq-reuse': [{ capture: 'samples/proxy-crosses-datagrams/capture.pcap', secrets: '' }],
  'dtls-silent-mac-drop': [{ capture: 'samples/dtls-finished-dropped/capture.pcap', secrets: '' }],
  'dtls13-ack-or-finished-loss': [
    {
      capture: 'samples/dtls13-keys-of-handshake/capture.pcap',
      secrets: '--keylog samples/dtls13-keys-of-handshake/keys.log',
    },
  ],
  'early-data-rejected': [
    { capture: 'samples/tls13-early-data-rejected/capture.pcap', secrets: '' },
  ],
  'ems-disagreement': [
    {
      capture: 'samples/tls-ems-unasked/capture.pcap',
      secrets: '--rsa-key samples/tls-ems-unasked/server.key',
    },
    {
      capture: 'samples/tls-ems-unused/capture.pcap',
      secrets: '--rsa-key samples/tls-ems-unused/server.key',
    },
  ],
  'ems-required': [{ capture: 'samples/tls-ems-required/capture.pcap', secrets: '' }],
  'etm-disagreement': [
    {
      capture: 'samples/tls-etm-unused/capture.pcap',
      secrets: '--keylog samples/tls-etm-unused/keys.log',
    },
    {
      capture: 'samples/proxy-strips-encrypt-then-mac/capture.pcap',
      secrets: '--keylog samples/proxy-strips-encrypt-then-mac/keys.log',
    },
  ],
  'finished-decrypt-error': [
    { capture: 'samples/tls-finished-without-status/capture.pcap', secrets: '' },
    { capture: 'samples/tls-finished-wrong-hash/capture.pcap', secrets: '' },
    { capture: 'samples/tls-finished-wrong-label/capture.pcap', secrets: '' },
  ],
  'finished-mismatch': [
    {
      capture: 'samples/tls-finished-with-hello-request/capture.pcap',
      secrets: '--keylog samples/tls-finished-with-hello-request/keys.log',
    },
    {
      capture: 'samples/tls-finished-without-ticket/capture.pcap',
      secrets: '--keylog samples/tls-finished-without-ticket/keys.log',
    },
    {
      capture: 'samples/tls13-finished-transcript/capture.pcap',
      secrets: '--keylog samples/tls13-finished-transcript/keys.log',
    },
  ],
  'handshake-aborted-at-key-setup': [
    { capture: 'samples/go-panic-recovered/capture.pcap', secrets: '' },
    { capture: 'samples/tls-reset-mid-handshake/capture.pcap', secrets: '' },
  ],
  'handshake-alert': [
    { capture: 'samples/go-panic-graceful-alert/capture.pcap', secrets: '' },
    { capture: 'samples/tls13-hrr-transcript/capture.pcap', secrets: '' },
    { capture: 'samples/tls13-label-prefix/capture.pcap', secrets: '' },
  ],
  'handshake-kills-server': [
    { capture: 'samples/go-panic-on-resumption/capture.pcap', secrets: '' },
    { capture: 'samples/go-panic-process-death/capture.pcap', secrets: '' },
    { capture: 'samples/go-panic-single/capture.pcap', secrets: '' },
  ],
  'handshake-timeout': [{ capture: 'samples/tls-handshake-timeout/capture.pcap', secrets: '' }],
  'hrr-cookie-foreign': [{ capture: 'samples/tls13-cookie-crossed/capture.pcap', secrets: '' }],
  'http-on-tls-port': [{ capture: 'samples/http-on-tls-port/capture.pcap', secrets: '' }],
  'hvr-cookie-from-other-client': [
    { capture: 'samples/dtls-cookie-crossed/capture.pcap', secrets: '' },
  ],
  'hvr-loop': [
    { capture: 'samples/dtls-cookie-altered/capture.pcap', secrets: '' },
    { capture: 'samples/dtls-cookie-loop/capture.pcap', secrets: '' },
  ],
  'key-exchange-signature-invalid': [
    { capture: 'samples/tls-signature-flipped/capture.pcap', secrets: '' },
    { capture: 'samples/tls-signature-randoms/capture.pcap', secrets: '' },
    {
      capture: 'samples/tls13-signature-other-key/capture.pcap',
      secrets: '--keylog samples/tls13-signature-other-key/keys.log',
    },
    { capture: 'samples/proxy-swaps-server-hello/capture.pcap', secrets: '' },
  ],
  'keyupdate-desync': [
    {
      capture: 'samples/tls13-keyupdate-unused/capture.pcap',
      secrets: '--keylog samples/tls13-keyupdate-unused/keys.log',
    },
  ],
  'middlebox-reset': [{ capture: 'samples/tls-middlebox-reset/capture.pcap', secrets: '' }],
  'no-shared-cipher': [{ capture: 'samples/tls-alert-no-shared-cipher/capture.pcap', secrets: '' }],
  'no-shared-group': [{ capture: 'samples/tls-parameters-refused/capture.pcap', secrets: '' }],
  'no-shared-version': [{ capture: 'samples/tls-parameters-refused/capture.pcap', secrets: '' }],
  'payload-corrupted-in-transit': [
    {
      capture: 'samples/dtls-corrupt-finished-etm/capture.pcap',
      secrets: '--keylog samples/dtls-corrupt-finished-etm/keys.log',
    },
    {
      capture: 'samples/dtls-finished-dropped/capture.pcap',
      secrets: '--keylog samples/dtls-finished-dropped/keys.log',
    },
    {
      capture: 'samples/tls-finished-corrupted-cbc/capture.pcap',
      secrets: '--keylog samples/tls-finished-corrupted-cbc/keys.log',
    },
    { capture: 'samples/retransmission-changed/capture.pcap', secrets: '' },
    { capture: 'samples/retransmission-repaired/capture.pcap', secrets: '' },
  ],
  'plaintext-in-tls-stream': [
    { capture: 'samples/tls-upgrades-refused/capture.pcap', secrets: '' },
  ],
  'pmtu-blackhole-server-flight': [
    { capture: 'samples/tls-pmtu-blackhole/capture.pcap', secrets: '' },
  ],
  'pq-clienthello-intolerant': [
    { capture: 'samples/tls-pq-clienthello-intolerant/capture.pcap', secrets: '' },
  ],
  'psk-binder-mismatch': [
    { capture: 'samples/dtls13-psk/capture.pcap', secrets: '' },
    { capture: 'samples/tls13-binder-mismatch/capture.pcap', secrets: '' },
    { capture: 'samples/tls13-binder-transcript/capture.pcap', secrets: '' },
  ],
  'psk-mismatch': [
    { capture: 'samples/dtls-psk-silence/capture.pcap', secrets: '' },
    { capture: 'samples/dtls-cid-draft-mac/capture.pcap', secrets: '' },
    { capture: 'samples/dtls-psk-alerts/capture.pcap', secrets: '' },
  ],
  'psk-unknown-identity': [{ capture: 'samples/dtls-psk-alerts/capture.pcap', secrets: '' }],
  'record-decrypts-under-other-connection': [
    {
      capture: 'samples/proxy-crosses-datagrams-far/capture.pcap',
      secrets: '--keylog samples/proxy-crosses-datagrams-far/keys.log',
    },
    {
      capture: 'samples/proxy-splices-record-tls13/capture.pcap',
      secrets: '--keylog samples/proxy-splices-record-tls13/keys.log',
    },
    {
      capture: 'samples/proxy-crosses-datagrams/capture.pcap',
      secrets: '--keylog samples/proxy-crosses-datagrams/keys.log',
    },
  ],
  'record-length-impossible': [
    { capture: 'samples/tls-etm-unused/capture.pcap', secrets: '' },
    { capture: 'samples/proxy-strips-encrypt-then-mac/capture.pcap', secrets: '' },
  ],
  'record-mac-mismatch': [
    {
      capture: 'samples/tls-mac-zero-key/capture.pcap',
      secrets: '--keylog samples/tls-mac-zero-key/keys.log',
    },
    {
      capture: 'samples/dtls-cid-draft-mac/capture.pcap',
      secrets: '--keylog samples/dtls-cid-draft-mac/keys.log',
    },
    {
      capture: 'samples/tls-aead-wrong-length/capture.pcap',
      secrets: '--keylog samples/tls-aead-wrong-length/keys.log',
    },
  ],
  'record-wrong-direction': [
    { capture: 'samples/proxy-reflects-record/capture.pcap', secrets: '' },
  ],
  'renegotiation-refused': [
    {
      capture: 'samples/tls-parameters-refused/capture.pcap',
      secrets: '--keylog samples/tls-parameters-refused/keys.log',
    },
  ],
  'seq-desync': [
    {
      capture: 'samples/tls-mac-seq-restart/capture.pcap',
      secrets: '--keylog samples/tls-mac-seq-restart/keys.log',
    },
    { capture: 'samples/tls-forked-writer/capture.pcap', secrets: '' },
    {
      capture: 'samples/tls-mac-seq-ahead/capture.pcap',
      secrets: '--keylog samples/tls-mac-seq-ahead/keys.log',
    },
    { capture: 'samples/proxy-doubles-record/capture.pcap', secrets: '' },
    { capture: 'samples/proxy-drops-record/capture.pcap', secrets: '' },
  ],
  'server-hello-of-other-connection': [
    { capture: 'samples/proxy-swaps-server-hello/capture.pcap', secrets: '' },
  ],
  'server-process-died': [
    { capture: 'samples/go-panic-on-resumption/capture.pcap', secrets: '' },
    { capture: 'samples/go-panic-process-death/capture.pcap', secrets: '' },
    { capture: 'samples/go-panic-single/capture.pcap', secrets: '' },
  ],
  'sni-missing': [{ capture: 'samples/tls-parameters-refused/capture.pcap', secrets: '' }],
  'sni-unrecognized': [{ capture: 'samples/tls-parameters-refused/capture.pcap', secrets: '' }],
  'starttls-pipelined-plaintext': [
    { capture: 'samples/tls-upgrades-refused/capture.pcap', secrets: '' },
  ],
  'starttls-refused': [
    { capture: 'samples/tls-in-tds/capture.pcap', secrets: '' },
    { capture: 'samples/tls-upgrades-refused/capture.pcap', secrets: '' },
  ],
  'tcp-connect-refused': [{ capture: 'samples/tls-connect-refused/capture.pcap', secrets: '' }],
  'tcp-connect-timeout': [{ capture: 'samples/tls-connect-timeout/capture.pcap', secrets: '' }],
  'tcp-half-close-data-lost': [
    { capture: 'samples/tls-write-after-close/capture.pcap', secrets: '' },
  ],
  'tcp-old-segment-in-new-incarnation': [
    { capture: 'samples/tls-old-segment-dropped/capture.pcap', secrets: '' },
  ],
  'tcp-port-reuse-new-incarnation': [
    { capture: 'samples/tls-port-reuse/capture.pcap', secrets: '' },
    { capture: 'samples/tls-old-segment-dropped/capture.pcap', secrets: '' },
  ],
  'tcp-reset-after-accept': [
    { capture: 'samples/tls-accept-queue-overflow/capture.pcap', secrets: '' },
  ],
  'tcp-timewait-collision': [
    { capture: 'samples/tls-half-open-restart/capture.pcap', secrets: '' },
    { capture: 'samples/tls-timewait-collision/capture.pcap', secrets: '' },
  ],
  'ticket-crossed-servers': [{ capture: 'samples/tls-ticket-crossed/capture.pcap', secrets: '' }],
  'ticket-decrypt-failed': [
    { capture: 'samples/tls-ticket-key-changed/capture.pcap', secrets: '' },
  ],
  'tickets-shared-across-names': [
    { capture: 'samples/tls-ticket-crossed/capture.pcap', secrets: '' },
  ],
  'tls-clienthello-mid-connection': [
    { capture: 'samples/tls-clienthello-mid-connection/capture.pcap', secrets: '' },
  ],
  'tls-data-after-close': [{ capture: 'samples/tls-record-after-close/capture.pcap', secrets: '' }],
  'tls-foreign-record-suspected': [
    { capture: 'samples/proxy-splices-record/capture.pcap', secrets: '' },
    { capture: 'samples/proxy-splices-record-upwards/capture.pcap', secrets: '' },
  ],
  'tls-on-plaintext-port': [{ capture: 'samples/tls-on-plaintext-port/capture.pcap', secrets: '' }],
  'tls-truncated-close': [
    { capture: 'samples/browser-quic-ech/capture.pcap', secrets: '' },
    { capture: 'samples/tls-behind-proxies/capture.pcap', secrets: '' },
    { capture: 'samples/tls-stacks/capture.pcap', secrets: '' },
  ],
  'unsafe-legacy-renegotiation': [
    { capture: 'samples/tls-legacy-renegotiation/capture.pcap', secrets: '' },
  ],
  'webrtc-dtls-not-restarted': [
    { capture: 'samples/webrtc-dtls-not-restarted/capture.pcap', secrets: '' },
  ],
};
