import type { Finding } from '../../src/model/finding.ts';
import { MILLISECOND } from '../../src/model/time.ts';
import { fakeHistory } from '../support/fake-history.ts';
import { FAKE_EPOCH, fakeCapture, fakeFinding, fakeResult } from '../support/fake-run.ts';
import type { Told } from './collect.ts';

const CBC_SHA = 0xc013;
const GCM = 0xc02f;

const client = { address: '192.0.2.1', port: 40_000 };
const server = { address: '192.0.2.2', port: 4433 };

/** A record of a finished DTLS association lands in the next one and ends it. */
const lateCloseNotify: Finding = {
  rule: 'dtls-late-close-notify',
  severity: 'error',
  confidence: 'likely',
  title: 'Late closing alert of an older connection ended the next one',
  summary:
    'A closing alert of connection 1 from the client (Alert, epoch 1 seq 3, 65 octets) arrived 2.26 s after the server had closed it, inside connection 2; the server sent an alert 1.18 ms later, and nothing else accounts for it.',
  connections: [1, 2],
  packets: [15, 30, 31],
  nanos: 3426 * MILLISECOND,
  evidence: [
    {
      packet: 15,
      nanos: 1171 * MILLISECOND,
      connection: 1,
      from: 'server',
      note: 'Alert, epoch 1 seq 2, 65 octets: the server closes connection 1',
    },
    {
      packet: 30,
      nanos: 3426 * MILLISECOND,
      connection: 1,
      from: 'client',
      note: 'Alert, epoch 1 seq 3, 65 octets: arrived inside connection 2',
    },
    {
      packet: 31,
      nanos: 3427.18 * MILLISECOND,
      connection: 2,
      from: 'server',
      note: 'Alert, epoch 1 seq 1, 65 octets: 1.18 ms after the record',
    },
  ],
  explanations: [
    {
      likelihood: 'high',
      text: 'The receiver took the record for the beginning or a part of another connection.',
      for: ['the record belongs to the older connection: it continues its numbers'],
      against: [],
    },
    {
      likelihood: 'low',
      text: 'The receiver stopped for a reason of its own at the same moment.',
      for: [],
      against: ['nothing else stands between the late record and what followed'],
    },
  ],
  causes: [
    'The listener takes any datagram for a new client, without looking whether it begins a handshake.',
    'The client used the same source port again before the old connection had died away.',
  ],
  remedies: [
    'Let only a ClientHello in before creating any state: content type 22, epoch 0, handshake type 1. Drop everything else without calling it an error.',
    'Have clients take a new source port for each connection, or negotiate connection ids (RFC 9146).',
  ],
  commands: [
    'tlsdiag extract CAPTURE --finding N -o evidence.pcapng',
    'tlsdiag analyze CAPTURE --keylog KEYS',
  ],
  references: [
    {
      title: 'RFC 6347 section 4.2.8 (Establishing New Associations with Existing Parameters)',
      url: 'https://www.rfc-editor.org/rfc/rfc6347#section-4.2.8',
    },
  ],
  displayFilter: 'udp.stream eq 0 && frame.number in {15,30,31}',
  table: [
    ['quiet period after the close', 'late closing alerts it absorbs'],
    ['1.00 s', '0 of 1'],
    ['2.26 s (the longest seen)', '1 of 1'],
  ],
};

const dtls = fakeHistory({
  protocol: 'DTLS',
  client,
  server,
  cipherSuite: CBC_SHA,
  firstPacket: 1,
  lastPacket: 30,
  blindSpots: ['no-secrets'],
});

/** The first founding case. */
export const LATE_CLOSE_NOTIFY: Told = {
  connections: [dtls, { ...dtls, id: 2, firstPacket: 16, lastPacket: 32 }],
  findings: [
    lateCloseNotify,
    fakeFinding({
      rule: 'dtls-association-restart',
      severity: 'info',
      packets: [16],
      connections: [1, 2],
      title: 'Client began again on a connection that was still open',
      summary:
        'Connection 2 began 1.55 s after the last protected record of connection 1 on the same addresses and ports, which neither side had seen closed.',
    }),
  ],
  ending: {
    result: fakeResult({
      captures: [
        fakeCapture({
          path: 'dtls-late.pcap',
          packets: 32,
          firstTime: { seconds: FAKE_EPOCH, nanos: 0 },
          lastTime: { seconds: FAKE_EPOCH + 3, nanos: 876_000_000 },
        }),
      ],
      connections: 2,
      coverage: [
        { rule: 'record-mac-mismatch', assessed: 0, notAssessable: { 'no-secrets': 2 } },
        { rule: 'finished-mismatch', assessed: 0, notAssessable: { 'no-secrets': 2 } },
      ],
    }),
  },
};

const ms = (value: number): number => value * MILLISECOND;

const killed: Finding = {
  rule: 'handshake-kills-server',
  severity: 'critical',
  confidence: 'likely',
  title: 'A handshake appears to end the server process',
  summary:
    'The server process at 192.0.2.2:443 appears to die while it handles a handshake (after-cke), 3 times: the last was connection 17, 50.7 ms after packet 143; negotiated TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA (record MAC HMAC-SHA1).',
  connections: [5, 11, 17],
  packets: [43, 45, 46, 47, 53, 55],
  nanos: ms(100),
  evidence: [
    {
      packet: 43,
      nanos: ms(100),
      connection: 5,
      from: 'client',
      note: 'the last flight of the client; no octet of TLS answers it',
    },
    {
      packet: 45,
      nanos: ms(150.679),
      connection: 5,
      from: 'server',
      note: 'RST of the server, no alert; its kernel had acknowledged the flight',
    },
    {
      packet: 46,
      nanos: ms(150.695),
      connection: 3,
      from: 'server',
      note: 'FIN of the server, no close_notify',
    },
    {
      packet: 47,
      nanos: ms(150.702),
      connection: 4,
      from: 'server',
      note: 'FIN of the server, no close_notify',
    },
    {
      packet: 53,
      nanos: ms(651.6),
      connection: 0,
      from: 'server',
      note: 'refused: nobody listens on the port',
    },
    { packet: 55, nanos: ms(751.9), connection: 0, note: 'connections are accepted again' },
  ],
  explanations: [
    {
      likelihood: 'high',
      text: 'The deaths depend on the record MAC: HMAC-SHA1.',
      for: ['3 of 3 deaths had it, 0 of 6 survivors'],
      against: [],
    },
  ],
  causes: [
    'every death had a suite whose record MAC is HMAC-SHA1 and none of the 6 handshakes that survived had',
  ],
  remedies: ['find the panic or core dump of the server at the times given'],
  commands: ["openssl s_client -connect HOST:PORT -tls1_2 -cipher 'SUITE:@SECLEVEL=0'"],
  references: [{ title: 'RFC 5246 section 6.3', url: 'https://www.rfc-editor.org/rfc/rfc5246' }],
  displayFilter: 'frame.number in {43,45,46,47,53,55}',
  table: [
    ['suite', 'record MAC', 'established', 'died'],
    ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'AEAD', '6', '0'],
    ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', 'HMAC-SHA1', '0', '3'],
  ],
};

const DEATHS = [5, 11, 17];

/** The second founding case. */
export const HANDSHAKE_KILLS_SERVER: Told = {
  connections: Array.from({ length: 18 }, (_, index) => {
    const died = DEATHS.includes(index + 1);
    return fakeHistory({
      id: index + 1,
      stream: index,
      firstPacket: index * 9 + 1,
      lastPacket: index * 9 + 9,
      serverName: 'shop.example.org',
      cipherSuite: died ? CBC_SHA : GCM,
      outcome: died ? 'aborted' : 'established',
      stage: died ? 'server-finished' : 'done',
      blindSpots: ['no-secrets'],
    });
  }),
  findings: [killed],
  ending: {
    result: fakeResult({
      captures: [fakeCapture({ path: 'crash.pcap', packets: 164 })],
      flows: 19,
      connections: 18,
      coverage: [{ rule: 'record-mac-mismatch', assessed: 0, notAssessable: { 'no-secrets': 18 } }],
    }),
  },
};
