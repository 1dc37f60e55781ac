import { describe, expect, it } from 'vitest';
import type { DtlsAnomaly } from '../../../src/model/dtls-facts.ts';
import type { At, ConnectionHistory } from '../../../src/model/history.ts';
import { MILLISECOND } from '../../../src/model/time.ts';
import { dtlsLateCloseNotify } from '../../../src/rules/misdelivery/dtls-late-close-notify.ts';
import { fakeAlert, fakeHistory } from '../../support/fake-history.ts';
import {
  ALERT,
  anomaly,
  association,
  atMs,
  DATA,
  dtlsIndex,
  HANDSHAKE,
  hello,
  record,
  summaryOf,
  verify,
} from '../support/dtls-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

/** The server closes association 1 in packet 9 at 8 ms; the client's answer is `late`, unless it is prompt. */
function closedAssociation(
  late: Partial<DtlsAnomaly> & { readonly at: At; readonly sequence?: number },
) {
  const { at, sequence = 2, ...more } = late;
  const stray = record(ALERT, 'client', at, sequence);
  return association({
    id: 1,
    packet: 1,
    ms: 0,
    dtls: {
      anomalies: [anomaly(stray, 1, { sincePeerClose: at.nanos - 8 * MILLISECOND, ...more })],
      probableClose: { client: undefined, server: record(ALERT, 'server', atMs(9, 8), 2) },
    },
  });
}

/** The next association, whose ClientHello in packet 12 is repeated after a second and then answered. */
function repeatedHello(ms: number): ConnectionHistory {
  return association({
    id: 2,
    packet: 12,
    ms,
    dtls: {
      clientHellos: [
        hello(atMs(12, ms), 0),
        hello(atMs(13, ms + 1000), 0, { retransmission: true, recordSequence: 1 }),
        hello(atMs(15, ms + 1002), 1),
      ],
      verifyRequests: [],
      answered: atMs(14, ms + 1001),
    },
    messages: [],
  });
}

function unansweredHello(ms: number): ConnectionHistory {
  return association({
    id: 2,
    packet: 12,
    ms,
    outcome: 'incomplete',
    stage: 'server-hello',
    messages: [],
    dtls: {
      clientHellos: [
        hello(atMs(12, ms), 0),
        hello(atMs(13, ms + 1000), 0, { retransmission: true }),
        hello(atMs(14, ms + 3000), 0, { retransmission: true }),
      ],
      verifyRequests: [],
      answered: undefined,
      finishedTransmissions: { client: [], server: [] },
      epochs: { client: [], server: [] },
      probableClose: { client: undefined, server: undefined },
    },
    protectedRecords: { client: {}, server: {} },
  });
}

/** The server asks for a cookie at once, and never answers the ClientHello that brings it. */
function unansweredCookie(ms: number): ConnectionHistory {
  const next = unansweredHello(ms);
  return {
    ...next,
    dtls: next.dtls && {
      ...next.dtls,
      clientHellos: [
        hello(atMs(12, ms), 0),
        hello(atMs(14, ms + 1), 1),
        hello(atMs(15, ms + 1001), 1, { retransmission: true }),
      ],
      verifyRequests: [verify(atMs(13, ms + 0.5), 1)],
      answered: atMs(13, ms + 0.5),
    },
  };
}

/** The next association, begun at 600 ms; the stray record comes in packet 18, after its server flight. */
const inside = { during: 2, duringStage: 'client-flight' } as const;
const strayInside = { at: atMs(18, 606.5), sequence: 3, ...inside };

/** Ended by an alert of the server right after its Finished, with no data at all. */
function cutByAlert(more: Partial<ConnectionHistory> = {}): ConnectionHistory {
  const base = association({ id: 2, packet: 12, ms: 600 });
  const serverAlert = record(ALERT, 'server', atMs(21, 609), 1);
  return {
    ...base,
    protectedRecords: {
      client: { ...base.protectedRecords.client, lastData: undefined },
      server: { ...base.protectedRecords.server, lastData: undefined },
    },
    dtls: base.dtls && {
      ...base.dtls,
      probableClose: { client: undefined, server: serverAlert },
      finishedTransmissions: {
        client: [record(HANDSHAKE, 'client', atMs(19, 607.5), 0)],
        server: [record(HANDSHAKE, 'server', atMs(20, 608.5), 0)],
      },
    },
    ...more,
  };
}

testConnectionRule(dtlsLateCloseNotify, [
  { name: 'leaves TLS over TCP alone', history: fakeHistory(), want: 'not-applicable' },
  {
    name: 'cannot judge one direction alone',
    history: association({ id: 1, packet: 1, ms: 0, bothDirections: false }),
    want: { missing: 'one-direction' },
  },
  {
    name: 'says nothing about two healthy associations in a row',
    history: association({ id: 1, packet: 1, ms: 0 }),
    next: association({ id: 2, packet: 11, ms: 2500 }),
    want: 'pass',
  },
  {
    name: 'takes a prompt answer to the close for what it is',
    history: closedAssociation({ at: atMs(10, 9) }),
    next: association({ id: 2, packet: 11, ms: 2500 }),
    want: 'pass',
  },
  {
    name: 'makes no more than a note of a repeated ClientHello after a prompt answer',
    history: closedAssociation({ at: atMs(10, 9) }),
    next: repeatedHello(30),
    want: [
      {
        message: 'hello-repeated',
        severity: 'info',
        confidence: 'possible',
        packets: [9, 10, 12, 13],
      },
    ],
  },
  {
    name: 'notes a late answer that nobody minded',
    history: closedAssociation({ at: atMs(10, 557) }),
    want: [
      {
        message: 'harmless',
        severity: 'info',
        confidence: 'proven',
        packets: [9, 10],
        connections: [1],
      },
    ],
  },
  {
    name: 'is sure of less when packets were lost',
    history: { ...closedAssociation({ at: atMs(10, 557) }), blindSpots: ['lost-bytes'] },
    want: [{ message: 'harmless', severity: 'info', confidence: 'likely', packets: [9, 10] }],
  },
  {
    name: 'tells of the ClientHello that was swallowed behind it',
    history: closedAssociation({ at: atMs(11, 557) }),
    next: repeatedHello(557.1),
    want: [
      {
        message: 'hello-repeated',
        severity: 'error',
        confidence: 'proven',
        packets: [9, 11, 12, 13],
        connections: [1, 2],
      },
    ],
  },
  {
    name: 'does not blame it for a ClientHello that is repeated much later',
    history: closedAssociation({ at: atMs(11, 557) }),
    next: repeatedHello(4000),
    want: [
      {
        message: 'harmless',
        severity: 'info',
        confidence: 'proven',
        packets: [9, 11],
        connections: [1],
      },
    ],
  },
  {
    name: 'tells of a listener that stayed deaf',
    history: closedAssociation({ at: atMs(11, 557) }),
    next: unansweredHello(4000),
    want: [
      {
        message: 'hello-unanswered',
        severity: 'error',
        confidence: 'likely',
        packets: [9, 11, 12, 13],
        connections: [1, 2],
      },
    ],
  },
  {
    name: 'does not blame it for a ClientHello behind one that was answered',
    history: closedAssociation({ at: atMs(11, 557) }),
    next: unansweredCookie(757),
    want: [{ message: 'harmless', severity: 'info', confidence: 'proven', packets: [9, 11] }],
  },
  {
    name: 'does not blame it where the host says that nobody listens',
    history: closedAssociation({ at: atMs(11, 557) }),
    next: (() => {
      const dead = unansweredHello(558);
      return {
        ...dead,
        dtls: dead.dtls && {
          ...dead.dtls,
          portUnreachable: [{ ...atMs(15, 559), role: 'server' }],
        },
      };
    })(),
    want: [{ message: 'harmless', severity: 'info', confidence: 'proven', packets: [9, 11] }],
  },
  {
    name: 'notes one inside the next association that went on',
    history: closedAssociation(strayInside),
    next: association({ id: 2, packet: 12, ms: 600 }),
    want: [
      {
        message: 'harmless',
        severity: 'info',
        confidence: 'proven',
        packets: [9, 18],
        connections: [1, 2],
      },
    ],
  },
  {
    name: 'tells of an association that was cut by an alert right after it',
    history: closedAssociation(strayInside),
    next: cutByAlert(),
    want: [
      {
        message: 'alerted',
        severity: 'error',
        confidence: 'likely',
        packets: [9, 18, 21],
        connections: [1, 2],
      },
    ],
  },
  {
    name: 'tells of a readable bad_record_mac after it',
    history: closedAssociation(strayInside),
    next: cutByAlert({ alerts: [fakeAlert(20, 'server', 21, atMs(21, 607))] }),
    want: [{ message: 'alerted', severity: 'error', confidence: 'likely', packets: [9, 18, 21] }],
  },
  {
    name: 'does not take an answer to the client’s own close for a reaction',
    history: closedAssociation(strayInside),
    next: (() => {
      const closed = cutByAlert();
      const client = record(ALERT, 'client', atMs(20, 608.7), 1);
      return {
        ...closed,
        dtls: closed.dtls && {
          ...closed.dtls,
          probableClose: { ...closed.dtls.probableClose, client },
        },
      };
    })(),
    want: [{ message: 'harmless', severity: 'info', confidence: 'proven', packets: [9, 18] }],
  },
  {
    name: 'does not take a close after more data for a reaction',
    history: closedAssociation(strayInside),
    next: cutByAlert({
      protectedRecords: association({ id: 2, packet: 14, ms: 602 }).protectedRecords,
    }),
    want: [{ message: 'harmless', severity: 'info', confidence: 'proven', packets: [9, 18] }],
  },
  {
    name: 'does so too where a coarse clock gives the data the same time',
    history: closedAssociation(strayInside),
    next: (() => {
      const { protectedRecords, ...closed } = cutByAlert();
      const lastData = record(HANDSHAKE, 'client', atMs(20, 606.5), 1);
      const client = { ...protectedRecords.client, lastData };
      return { ...closed, protectedRecords: { ...protectedRecords, client } };
    })(),
    want: [{ message: 'harmless', severity: 'info', confidence: 'proven', packets: [9, 18] }],
  },
  {
    name: 'blames nobody where the owner is a guess',
    history: closedAssociation({ ...strayInside, confidence: 'possible' }),
    next: cutByAlert(),
    want: [{ message: 'harmless', severity: 'info', confidence: 'possible', packets: [9, 18] }],
  },
  {
    name: 'tells of a port that closed right after it',
    history: closedAssociation(strayInside),
    next: (() => {
      const cut = cutByAlert();
      const none = { client: undefined, server: undefined };
      return {
        ...cut,
        dtls: cut.dtls && {
          ...cut.dtls,
          probableClose: none,
          portUnreachable: [{ ...atMs(19, 607), role: 'server' }],
        },
      };
    })(),
    want: [
      { message: 'unreachable', severity: 'error', confidence: 'likely', packets: [9, 18, 19] },
    ],
  },
  {
    name: 'tells of a handshake that stopped at it',
    history: closedAssociation(strayInside),
    next: (() => {
      const cut = cutByAlert({ outcome: 'incomplete', stage: 'client-finished' });
      const { dtls } = cut;
      const epochs = dtls && {
        client: dtls.epochs.client,
        server: [
          {
            epoch: 0,
            firstSequence: 0,
            highestSequence: 3,
            count: 4,
            first: atMs(13, 601),
            last: atMs(15, 603),
          },
        ],
      };
      return {
        ...cut,
        dtls: dtls && {
          ...dtls,
          epochs: epochs ?? dtls.epochs,
          probableClose: { client: undefined, server: undefined },
          finishedTransmissions: {
            client: [0, 1, 2].map((again) =>
              record(HANDSHAKE, 'client', atMs(20 + again, 700 + 1000 * again), again),
            ),
            server: [],
          },
        },
      };
    })(),
    want: [
      {
        message: 'fell-silent',
        severity: 'error',
        confidence: 'possible',
        packets: [9, 15, 18, 22],
      },
    ],
  },
  {
    name: 'leaves late data to another rule',
    history: association({
      id: 1,
      packet: 1,
      ms: 0,
      dtls: {
        anomalies: [
          anomaly(record(DATA, 'client', atMs(11, 557), 3), 1, {
            sincePeerClose: 549 * MILLISECOND,
          }),
        ],
      },
    }),
    want: 'pass',
  },
  {
    name: 'looks at the next client from another port, and finds it served',
    history: closedAssociation({ at: atMs(10, 527) }),
    index: dtlsIndex([
      summaryOf(association({ id: 1, packet: 1, ms: 0 })),
      summaryOf(association({ id: 2, packet: 11, ms: 565 })),
    ]),
    want: [
      {
        message: 'harmless',
        severity: 'info',
        confidence: 'proven',
        packets: [9, 10, 11],
        connections: [1],
      },
    ],
  },
  {
    name: 'warns when the next client from another port had to wait',
    history: closedAssociation({ at: atMs(10, 527) }),
    index: dtlsIndex([
      summaryOf(association({ id: 1, packet: 1, ms: 0 })),
      summaryOf(repeatedHello(565)),
    ]),
    want: [
      {
        message: 'other-client',
        severity: 'warning',
        confidence: 'possible',
        packets: [9, 10, 12],
        connections: [1, 2],
      },
    ],
  },
  {
    name: 'does not blame it when a third client was served meanwhile',
    history: closedAssociation({ at: atMs(10, 527) }),
    index: dtlsIndex([
      summaryOf(association({ id: 1, packet: 1, ms: 0 })),
      summaryOf(repeatedHello(565)),
      summaryOf(association({ id: 3, packet: 40, ms: 700 })),
    ]),
    want: [{ message: 'harmless', severity: 'info', confidence: 'proven', packets: [9, 10, 12] }],
  },
]);

describe('dtls-late-close-notify over the whole capture', () => {
  it('sets the delays of all late closing alerts against quiet periods', () => {
    const verdict = dtlsLateCloseNotify.check(closedAssociation({ at: atMs(10, 557) }), {
      previous: undefined,
      next: undefined,
    });
    if (!('kind' in verdict) || verdict.kind !== 'finding') throw new Error('no finding');
    const server = { address: '192.0.2.2', port: 5684 };
    const index = dtlsIndex([], {
      lateCloses: [80, 549, 1800].map((ms, at) => ({
        connection: at + 1,
        server,
        packet: 10 + at,
        lateNanos: ms * MILLISECOND,
      })),
    });
    expect(dtlsLateCloseNotify.complete?.(verdict, index)?.table?.slice(1)).toEqual([
      ['100 ms', '1 of 3'],
      ['250 ms', '1 of 3'],
      ['500 ms', '1 of 3'],
      ['1.00 s', '2 of 3'],
      ['1.80 s (the longest seen)', '3 of 3'],
      ['2.00 s', '3 of 3'],
    ]);
  });
});
