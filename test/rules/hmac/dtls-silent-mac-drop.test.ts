import type { ConnectionHistory } from '../../../src/model/history.ts';
import { dtlsSilentMacDrop } from '../../../src/rules/hmac/dtls-silent-mac-drop.ts';
import { fakeAlert, fakeHistory } from '../../support/fake-history.ts';
import { association, atMs, HANDSHAKE, record } from '../support/dtls-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const PSK_AES_128_GCM = 0x00a8;

interface Case {
  /** When the client's Finished is sent, in packets 10 and following. */
  readonly sent: readonly number[];
  readonly sequences?: readonly number[];
  /** When the server was last heard from, in packet 30. */
  readonly heard: number;
  readonly more?: Partial<ConnectionHistory>;
}

function waiting({ sent, sequences, heard, more }: Case): ConnectionHistory {
  const first = atMs(2, 1);
  const epoch = {
    epoch: 0,
    firstSequence: 0,
    highestSequence: 8,
    count: 9,
    first,
    last: atMs(30, heard),
  };
  return {
    ...association({
      id: 1,
      packet: 1,
      ms: 0,
      outcome: 'incomplete',
      stage: 'server-finished',
      changeCipherSpec: { client: atMs(10, 1), server: undefined },
      cipherSuite: PSK_AES_128_GCM,
      dtls: {
        finishedTransmissions: {
          client: sent.map((ms, at) =>
            record(HANDSHAKE, 'client', atMs(10 + at, ms), sequences?.[at] ?? at, { length: 48 }),
          ),
          server: [],
        },
        epochs: { client: [], server: [epoch] },
      },
    }),
    ...more,
  };
}

const silence = { sent: [1, 1020, 3036, 7068], heard: 7067 };

/** DTLS 1.3: the server acknowledges a record of this epoch behind the first Finished, which is in epoch 2. */
function acknowledging(epoch: number): ConnectionHistory {
  const { dtls, ...history } = waiting(silence);
  if (dtls === undefined) throw new Error('no DTLS');
  const { client } = dtls.finishedTransmissions;
  return {
    ...history,
    version: 0xfefc,
    dtls: {
      ...dtls,
      finishedTransmissions: { client: client.map((one) => ({ ...one, epoch: 2 })), server: [] },
      acks: [
        {
          ...atMs(12, 1500),
          from: 'server',
          epoch: 2,
          sequence: 3,
          received: [{ epoch, sequence: 0 }],
          omitted: 0,
        },
      ],
    },
  };
}

testConnectionRule(dtlsSilentMacDrop, [
  { name: 'leaves TLS over TCP alone', history: fakeHistory(), want: 'not-applicable' },
  {
    name: 'says nothing about a healthy association',
    history: association({ id: 1, packet: 1, ms: 0 }),
    want: 'pass',
  },
  {
    name: 'tells of a Finished that is dropped in silence',
    history: waiting(silence),
    want: [{ message: 'dropped', severity: 'error', confidence: 'likely', packets: [10, 13, 30] }],
  },
  {
    name: 'tells of it with certificates as well',
    history: waiting({ ...silence, more: { cipherSuite: 0xc02f } }),
    want: [{ message: 'dropped', severity: 'error', confidence: 'likely', packets: [10, 13, 30] }],
  },
  {
    name: 'leaves a Finished of DTLS 1.3 that was acknowledged: whoever does that has opened it',
    history: acknowledging(2),
    want: 'pass',
  },
  {
    name: 'takes an ACK of other records for a sign of life and no more',
    history: acknowledging(0),
    want: [{ message: 'dropped', severity: 'error', confidence: 'likely', packets: [10, 13, 30] }],
  },
  {
    name: 'takes a single repeat for a loss',
    history: waiting({ ...silence, sent: [1, 1020] }),
    want: 'pass',
  },
  {
    name: 'does not count doubled datagrams',
    history: waiting({ ...silence, sequences: [0, 1, 1, 1] }),
    want: 'pass',
  },
  {
    name: 'leaves a server that is gone to the rule about timeouts',
    history: waiting({ ...silence, heard: 0.5 }),
    want: 'pass',
  },
  {
    name: 'leaves an alert in answer to other rules',
    history: waiting({ ...silence, more: { alerts: [fakeAlert(20, 'server', 14)] } }),
    want: 'pass',
  },
  {
    name: 'says nothing where the server’s ChangeCipherSpec was seen',
    history: waiting({
      ...silence,
      more: { changeCipherSpec: { client: atMs(10, 1), server: atMs(11, 2) } },
    }),
    want: 'pass',
  },
  {
    name: 'cannot judge one direction alone',
    history: waiting({ ...silence, more: { bothDirections: false } }),
    want: { missing: 'one-direction' },
  },
  {
    name: 'proves nothing where packets were lost',
    history: waiting({ ...silence, more: { blindSpots: ['lost-bytes'] } }),
    want: { missing: 'lost-bytes' },
  },
]);
