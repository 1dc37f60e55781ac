import { expect, it } from 'vitest';
import type { ConnectionHistory } from '../../../src/model/history.ts';
import { webrtcDtlsNotRestarted } from '../../../src/rules/misdelivery/webrtc-dtls-not-restarted.ts';
import { analyse } from '../../support/analyse.ts';
import { Association } from '../../support/conversation.ts';
import { fakeClientHello } from '../../support/fake-hello.ts';
import { type FakeHistory, fakeHistory } from '../../support/fake-history.ts';
import { clientHello, dtlsFragment, dtlsRecord, filled } from '../../support/hello-builder.ts';
import { captureFile, UdpFlow } from '../../support/network.ts';
import { rtp, stun } from '../../support/udp-neighbours.ts';
import { ALERT, association, atMs, hello, record } from '../support/dtls-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const SRTP = { type: 14, data: Uint8Array.of(0, 2, 0, 1, 0) };
const media = fakeClientHello({ version: 0xfefd, extensions: [SRTP] });
const open = { client: undefined, server: undefined };
const older = (more: FakeHistory = {}): ConnectionHistory =>
  association({
    id: 1,
    packet: 1,
    ms: 0,
    clientHello: media,
    ...more,
    dtls: { probableClose: open, ...more.dtls },
  });
/** A ClientHello at 60 ms, sent twice more; the other side's last STUN or RTP comes at 3 s. */
const begun = (more: FakeHistory = {}): ConnectionHistory =>
  association({
    id: 2,
    packet: 11,
    ms: 60,
    stage: 'server-hello',
    outcome: 'incomplete',
    clientHello: media,
    ...more,
    dtls: {
      replacesOpen: 1,
      probableClose: open,
      answered: undefined,
      verifyRequests: [],
      clientHellos: [60, 460, 1260].map((ms, n) =>
        hello(atMs(11 + n, ms), 0, { retransmission: n > 0 }),
      ),
      company: { client: atMs(19, 2900), server: atMs(20, 3000) },
      ...more.dtls,
    },
  });

testConnectionRule(webrtcDtlsNotRestarted, [
  {
    name: 'tells of a ClientHello that the other side plays on over',
    history: begun(),
    previous: older(),
    want: [
      {
        message: 'ignored',
        severity: 'error',
        confidence: 'likely',
        packets: [11, 13, 20],
        connections: [2, 1],
      },
    ],
  },
  {
    name: 'passes where the other side is silent altogether',
    history: begun({ dtls: { company: { client: atMs(19, 2900), server: undefined } } }),
    previous: older(),
    want: 'pass',
  },
  {
    name: 'passes where its last word came before the ClientHello could be answered',
    history: begun({ dtls: { company: { client: undefined, server: atMs(12, 300) } } }),
    previous: older(),
    want: 'pass',
  },
  {
    name: 'passes where the answer came in the end',
    history: begun({ dtls: { answered: atMs(21, 3100) }, stage: 'done', outcome: 'established' }),
    previous: older(),
    want: 'pass',
  },
  {
    name: 'passes one transmission: it may be lost',
    history: begun({ dtls: { clientHellos: [hello(atMs(11, 60), 0)] } }),
    previous: older(),
    want: 'pass',
  },
  {
    name: 'passes where the association had been closed',
    history: begun(),
    previous: older({
      dtls: { probableClose: { ...open, server: record(ALERT, 'server', atMs(9, 9), 2) } },
    }),
    want: 'pass',
  },
  {
    name: 'cannot tell without the association before',
    history: begun(),
    want: { missing: 'start-not-captured' },
  },
  {
    name: 'leaves other DTLS alone',
    history: begun({ clientHello: fakeClientHello({ version: 0xfefd, extensions: [] }) }),
    previous: older(),
    want: 'not-applicable',
  },
  {
    name: 'leaves associations alone that replace nothing',
    history: begun({ dtls: { replacesOpen: 0 } }),
    want: 'not-applicable',
  },
  { name: 'leaves TLS alone', history: fakeHistory(), want: 'not-applicable' },
]);

it('knows from the wire when a side last spoke STUN or RTP', () => {
  const flow = new UdpFlow();
  const first = new Association(flow, { verify: false });
  for (const [from, flight] of first.flights()) first.send(from, flight());
  flow.datagram('server', rtp(1));
  const again = clientHello({
    version: 0xfefd,
    cookie: new Uint8Array(0),
    random: filled(32, 0x99),
    extensions: [SRTP],
  });
  for (let n = 0; n < 3; n++) {
    flow.wait(0.5e9).datagram('client', dtlsRecord(22, 0xfefd, 0, n, dtlsFragment(1, 0, again)));
    flow.datagram('server', n === 1 ? stun(1) : rtp(2 + n));
  }
  const { connections } = analyse(captureFile(flow.frames));
  const last = connections[1]?.lastPacket ?? 0;
  expect(connections.map(({ dtls }) => dtls?.company?.server?.packet)).toEqual([
    last - 5,
    last + 1,
  ]);
  expect(connections.map(({ dtls }) => dtls?.company?.client)).toEqual([undefined, undefined]);
});
