import { dtls13AckOrFinishedLoss } from '../../../src/rules/hmac/dtls13-ack-or-finished-loss.ts';
import { failing, fakeDecryption, fakeMistake } from '../../support/fake-decryption.ts';
import { at, type FakeHistory, fakeHistory, fakeRecord } from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const dtls13 = { protocol: 'DTLS', version: 0xfefc, cipherSuite: 0x1301 } as const;
const generation = (which: 'previous' | 'next') =>
  fakeMistake('other-key-generation', { generation: which, sequence: 0, offset: 0 });
const underKeys = (which: 'previous' | 'next', epoch: number, more: FakeHistory = {}) =>
  failing(generation(which), { ...dtls13, alerts: [], failure: { epoch, sequence: 0 }, ...more });

const SECOND = 1e9;
/** Finished of the client, a second apart, and what the server acknowledges of them in which packet. */
const repeating = (count: number, acks: readonly [packet: number, sequence: number][], more = {}) =>
  fakeHistory({
    ...dtls13,
    decryption: fakeDecryption(),
    protectedRecords: {
      server: { count: 9, last: fakeRecord(23, 'server', 90, { nanos: 90 * SECOND }) },
    },
    dtls: {
      finishedTransmissions: {
        client: Array.from({ length: count }, (_, sequence) =>
          fakeRecord(23, 'client', 10 + 2 * sequence, {
            epoch: 2,
            sequence,
            nanos: (10 + 2 * sequence) * SECOND,
          }),
        ),
        server: [fakeRecord(23, 'server', 9, { epoch: 2, nanos: 9 * SECOND })],
      },
      acks: acks.map(([packet, sequence]) => ({
        ...at(packet),
        nanos: packet * SECOND,
        from: 'server',
        epoch: 3,
        sequence: packet,
        received: [{ epoch: 2, sequence }],
        omitted: 0,
      })),
    },
    ...more,
  });

testConnectionRule(dtls13AckOrFinishedLoss, [
  {
    name: 'proves data under the keys of the handshake, of which nothing ever opens',
    history: underKeys('previous', 3),
    want: [{ message: 'handshake-keys', severity: 'error', confidence: 'proven', packets: [30] }],
  },
  {
    name: 'warns where other data of the same side opens',
    history: underKeys('previous', 3, {
      dtls: {
        epochs: {
          client: [
            {
              epoch: 3,
              firstSequence: 0,
              highestSequence: 9,
              count: 9,
              first: at(20),
              last: at(50),
            },
          ],
          server: [],
        },
      },
    }),
    want: [{ message: 'handshake-keys', severity: 'warning', confidence: 'proven', packets: [30] }],
  },
  {
    name: 'proves a handshake record under the keys of the data',
    history: underKeys('next', 2),
    want: [{ message: 'data-keys', severity: 'warning', confidence: 'proven', packets: [30] }],
  },
  {
    name: 'leaves a KeyUpdate to its rule',
    history: underKeys('previous', 4),
    want: 'pass',
  },
  {
    name: 'leaves a record that fails otherwise to other rules',
    history: failing(fakeMistake('epoch-in-nonce'), { ...dtls13, alerts: [] }),
    want: 'pass',
  },
  {
    name: 'tells of a Finished that is never acknowledged',
    history: repeating(4, []),
    want: [
      { message: 'unacknowledged', severity: 'warning', confidence: 'likely', packets: [10, 16] },
    ],
  },
  {
    name: 'knows less where the capture lacks something',
    history: repeating(4, [], { blindSpots: ['lost-bytes'] }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'says nothing of a Finished that the server, which says no more, may not have had',
    history: repeating(5, [], {
      protectedRecords: {
        server: { count: 4, last: fakeRecord(23, 'server', 9, { nanos: 9 * SECOND }) },
      },
    }),
    want: 'pass',
  },
  {
    name: 'passes where three transmissions repair a loss',
    history: repeating(3, []),
    want: 'pass',
  },
  {
    name: 'passes where the last repeat is acknowledged',
    history: repeating(5, [[19, 4]]),
    want: 'pass',
  },
  {
    name: 'tells of ACKs that come to nothing',
    history: repeating(5, [[11, 0]]),
    want: [
      {
        message: 'acknowledged-in-vain',
        severity: 'warning',
        confidence: 'likely',
        packets: [10, 11, 18],
      },
    ],
  },
  {
    name: 'does not know ACKs where not every record of the server opened',
    history: repeating(5, [], { decryption: fakeDecryption({ skipped: 2 }) }),
    want: { missing: 'no-secrets' },
  },
  {
    name: 'passes where every record opens',
    history: fakeHistory({ ...dtls13, decryption: fakeDecryption() }),
    want: 'pass',
  },
  {
    name: 'needs secrets',
    history: fakeHistory({ ...dtls13, blindSpots: ['no-secrets'] }),
    want: { missing: 'no-secrets' },
  },
  {
    name: 'is about DTLS 1.3',
    history: failing(generation('previous'), { version: 0x0304, cipherSuite: 0x1301 }),
    want: 'not-applicable',
  },
]);
