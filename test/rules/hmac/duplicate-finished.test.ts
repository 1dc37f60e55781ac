import type { ConnectionHistory } from '../../../src/model/history.ts';
import { duplicateFinished } from '../../../src/rules/hmac/duplicate-finished.ts';
import { fakeHistory } from '../../support/fake-history.ts';
import { ALERT, association, atMs, DATA, HANDSHAKE, record } from '../support/dtls-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

interface Case {
  /** Numbers of the client's Finished records, in packets 5, 12, 13, … */
  readonly sequences: readonly number[];
  /** Packet of the client's last data; none for 0. */
  readonly data?: number;
  /** Packet of an alert of the server. */
  readonly alert?: number;
  readonly more?: Partial<ConnectionHistory>;
}

function after({ sequences, data = 7, alert, more }: Case): ConnectionHistory {
  const finished = sequences.map((sequence, i) => {
    const packet = i === 0 ? 5 : 11 + i;
    return record(HANDSHAKE, 'client', atMs(packet, packet), sequence, { length: 48 });
  });
  const answer = record(HANDSHAKE, 'server', atMs(6, 6), 0, { length: 48 });
  const lastData = data === 0 ? undefined : record(DATA, 'client', atMs(data, data), 0);
  return {
    ...association({
      id: 1,
      packet: 1,
      ms: 0,
      protectedRecords: { client: { count: 3, first: finished[0], lastData } },
      dtls: {
        finishedTransmissions: { client: finished, server: [answer] },
        epochs: { client: [], server: [] },
        probableClose: {
          client: undefined,
          server: alert === undefined ? undefined : record(ALERT, 'server', atMs(alert, alert), 3),
        },
      },
    }),
    ...more,
  };
}

testConnectionRule(duplicateFinished, [
  {
    name: 'tells of a Finished behind data of the same side',
    history: after({ sequences: [0, 4] }),
    want: [{ message: 'again', severity: 'warning', confidence: 'likely', packets: [5, 7, 12] }],
  },
  {
    name: 'finds it graver where an alert answers it',
    history: after({ sequences: [0, 4], alert: 14 }),
    want: [{ message: 'again', severity: 'error', confidence: 'likely', packets: [5, 7, 12, 14] }],
  },
  {
    name: 'is less sure without the beginning',
    history: after({ sequences: [0, 4], more: { blindSpots: ['start-not-captured'] } }),
    want: [{ message: 'again', severity: 'warning', confidence: 'possible', packets: [5, 7, 12] }],
  },
  {
    name: 'passes a repeat before any data, which repairs a loss',
    history: after({ sequences: [0, 1], data: 14 }),
    want: 'pass',
  },
  {
    name: 'passes a repeat whose number leaves no room for the data: it was only captured later',
    history: after({ sequences: [0, 1] }),
    want: 'pass',
  },
  {
    name: 'passes a client that comes last, in a resumed session, and repeats when asked',
    history: after({ sequences: [0, 4], more: { resumed: true } }),
    want: 'pass',
  },
  {
    name: 'says nothing about a healthy association',
    history: association({ id: 1, packet: 1, ms: 0 }),
    want: 'pass',
  },
  {
    name: 'does not judge half a conversation',
    history: after({ sequences: [0, 4], more: { bothDirections: false } }),
    want: { missing: 'one-direction' },
  },
  {
    name: 'does not judge cut packets: the other side may have asked for it',
    history: after({ sequences: [0, 4], more: { blindSpots: ['cut-packets'] } }),
    want: { missing: 'cut-packets' },
  },
  { name: 'leaves TLS over TCP alone', history: fakeHistory(), want: 'not-applicable' },
]);
