import type { ConnectionHistory, RecordFact } from '../../../src/model/history.ts';
import { dtlsFinalFlightRetransmission } from '../../../src/rules/misdelivery/dtls-final-flight-retransmission.ts';
import { fakeHistory } from '../../support/fake-history.ts';
import { ALERT, association, atMs, HANDSHAKE, record } from '../support/dtls-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

interface Case {
  /** When each side’s Finished is sent, in ms; packets count from 10 and from 20. */
  readonly client: readonly number[];
  readonly server: readonly number[];
  readonly sequences?: readonly number[];
  readonly clientPacket?: number;
  /** A closing alert of the server, in packet 30. */
  readonly alert?: number;
  /** Numbers of the server's protected records, where it matters that some are left out. */
  readonly serverEpoch?: { firstSequence: number; highestSequence: number; count: number };
  readonly more?: Partial<ConnectionHistory>;
}

const none = { client: {}, server: {} };

function handshake({
  client,
  server,
  sequences,
  clientPacket = 10,
  alert,
  serverEpoch,
  more,
}: Case): ConnectionHistory {
  const sent = (
    from: 'client' | 'server',
    packet: number,
    times: readonly number[],
  ): RecordFact[] =>
    times.map((ms, at) =>
      record(HANDSHAKE, from, atMs(packet + at, ms), sequences?.[at] ?? at, { length: 48 }),
    );
  const base = association({
    id: 1,
    packet: 1,
    ms: 0,
    protectedRecords: none,
    dtls: {
      ...(serverEpoch && {
        epochs: {
          client: [],
          server: [{ ...serverEpoch, epoch: 1, first: atMs(20, 5), last: atMs(30, 1023) }],
        },
      }),
      finishedTransmissions: {
        client: sent('client', clientPacket, client),
        server: sent('server', 20, server),
      },
      probableClose: {
        client: undefined,
        server: alert === undefined ? undefined : record(ALERT, 'server', atMs(30, alert), 1),
      },
    },
  });
  return { ...base, ...more };
}

testConnectionRule(dtlsFinalFlightRetransmission, [
  { name: 'leaves TLS over TCP alone', history: fakeHistory(), want: 'not-applicable' },
  {
    name: 'has nothing to say before both Finished',
    history: handshake({ client: [4, 1004, 3004], server: [] }),
    want: 'not-applicable',
  },
  {
    name: 'cannot judge one direction alone',
    history: handshake({ client: [4], server: [5], more: { bothDirections: false } }),
    want: { missing: 'one-direction' },
  },
  {
    name: 'says nothing about a handshake that went through at once',
    history: association({ id: 1, packet: 1, ms: 0 }),
    want: 'pass',
  },
  {
    name: 'notes a lost last flight that was sent again',
    history: handshake({ client: [4, 1022], server: [5, 1022.1] }),
    want: [{ message: 'answered', severity: 'info', confidence: 'proven', packets: [11, 20, 21] }],
  },
  {
    name: 'takes a single repeat for one that crossed the answer',
    history: handshake({ client: [4, 1022], server: [5] }),
    want: 'pass',
  },
  {
    name: 'does not take a doubled datagram for a repeat',
    history: handshake({ client: [4, 7, 8], server: [5], sequences: [0, 0, 0] }),
    want: 'pass',
  },
  {
    name: 'tells of a server that does not send its last flight again',
    history: handshake({ client: [4, 1022, 3022], server: [5] }),
    want: [
      { message: 'not-resent', severity: 'error', confidence: 'likely', packets: [11, 12, 20] },
    ],
  },
  {
    name: 'tells of a client that does not, when a session is resumed',
    history: handshake({ client: [5], server: [4, 1022, 3022], clientPacket: 40 }),
    want: [
      { message: 'not-resent', severity: 'error', confidence: 'likely', packets: [21, 22, 40] },
    ],
  },
  {
    name: 'says nothing when the repeating side goes on with data',
    history: handshake({
      client: [4, 1022, 3022],
      server: [5],
      more: { protectedRecords: association({ id: 1, packet: 1, ms: 3100 }).protectedRecords },
    }),
    want: 'pass',
  },
  {
    name: 'proves nothing where packets were lost',
    history: handshake({
      client: [4, 1022, 3022],
      server: [5],
      more: { blindSpots: ['lost-bytes'] },
    }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'tells of an alert in answer to a repeat',
    history: handshake({ client: [4, 1022], server: [5], alert: 1023 }),
    want: [
      {
        message: 'answered-by-alert',
        severity: 'error',
        confidence: 'likely',
        packets: [11, 20, 30],
      },
    ],
  },
  {
    name: 'takes an alert behind a repeat that crossed the last flight for an ordinary close',
    history: handshake({ client: [4, 1022], server: [1021], alert: 1023 }),
    want: 'pass',
  },
  {
    name: 'takes an answer that was captured in front of the repeat for what it is',
    history: handshake({ client: [4, 1022], server: [5, 1021.8], alert: 1023 }),
    want: [{ message: 'answered', severity: 'info', confidence: 'proven', packets: [11, 20, 21] }],
  },
  {
    name: 'does not miss an answer that the capture may lack',
    history: handshake({
      client: [4, 1022],
      server: [5],
      alert: 1023,
      serverEpoch: { firstSequence: 0, highestSequence: 2, count: 2 },
    }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'does not miss the silence of a side of which the capture lacks records',
    history: handshake({
      client: [4, 1022, 3022],
      server: [5],
      serverEpoch: { firstSequence: 0, highestSequence: 2, count: 2 },
    }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'cannot tell whose flight was the last without the beginning: alert',
    history: handshake({
      client: [4, 1022],
      server: [5],
      alert: 1023,
      more: { blindSpots: ['start-not-captured'] },
    }),
    want: { missing: 'start-not-captured' },
  },
  {
    name: 'cannot tell whose flight was the last without the beginning: silence',
    history: handshake({
      client: [4, 1022, 3022],
      server: [5],
      more: { blindSpots: ['start-not-captured'] },
    }),
    want: { missing: 'start-not-captured' },
  },
]);
