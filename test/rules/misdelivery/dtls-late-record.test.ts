import type { DtlsAnomaly } from '../../../src/model/dtls-facts.ts';
import type { ConnectionHistory } from '../../../src/model/history.ts';
import { MILLISECOND } from '../../../src/model/time.ts';
import { dtlsLateRecord } from '../../../src/rules/misdelivery/dtls-late-record.ts';
import { fakeHistory } from '../../support/fake-history.ts';
import {
  anomaly,
  association,
  atMs,
  DATA,
  hello,
  record,
  verify,
} from '../support/dtls-history.ts';
import { flights, fragmented } from '../support/flights.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const EFFECT_INSIDE =
  'a record inside an answered association belongs to dtls-old-epoch-after-new-handshake';

/** Association 1 ends at 9 ms; its data record 3 comes in packet 11 at 557 ms. */
function leftOver(more: Partial<DtlsAnomaly> = {}): ConnectionHistory {
  const stray = record(DATA, 'client', atMs(11, 557), 3, { length: 54 });
  return association({
    id: 1,
    packet: 1,
    ms: 0,
    dtls: { anomalies: [anomaly(stray, 1, { sincePeerClose: 549 * MILLISECOND, ...more })] },
  });
}

/** The record comes while a ClientHello in fragments waits, behind a whole one that was answered before it. */
function inPieces(whole: number, pieces: number): ConnectionHistory {
  const waiting = next([whole], undefined);
  return {
    ...waiting,
    dtls: waiting.dtls && {
      ...waiting.dtls,
      clientHellos: [
        hello(atMs(5, whole), 0),
        hello(atMs(8, pieces), 1),
        hello(atMs(14, pieces + 1000), 1, { retransmission: true }),
      ],
      verifyRequests: [verify(atMs(6, whole + 1), 1)],
      answered: atMs(6, whole + 1),
      flights: flights(
        [],
        [fragmented({ from: 'client', type: 1, first: atMs(8, pieces), completed: undefined })],
      ),
    },
  };
}

const next = (hellos: readonly number[], answered: number | undefined): ConnectionHistory =>
  association({
    id: 2,
    packet: 12,
    ms: 557.1,
    messages: [],
    dtls: {
      clientHellos: hellos.map((ms, at) => hello(atMs(12 + at, ms), 0, { retransmission: at > 0 })),
      verifyRequests: [],
      answered: answered === undefined ? undefined : atMs(20, answered),
    },
  });

testConnectionRule(
  dtlsLateRecord,
  [
    { name: 'leaves TLS over TCP alone', history: fakeHistory(), want: 'not-applicable' },
    {
      name: 'cannot judge one direction alone',
      history: association({ id: 1, packet: 1, ms: 0, bothDirections: false }),
      want: { missing: 'one-direction' },
    },
    {
      name: 'says nothing about a healthy end',
      history: association({ id: 1, packet: 1, ms: 0 }),
      want: 'pass',
    },
    {
      name: 'notes data after the close',
      history: leftOver(),
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
      name: 'does not count what was under way when the close came',
      history: leftOver({ sincePeerClose: 3 * MILLISECOND }),
      want: 'pass',
    },
    {
      name: 'needs a close: a server that still serves the old association may send within it',
      history: leftOver({ sincePeerClose: undefined, during: 2, duringStage: 'server-hello' }),
      want: 'pass',
    },
    {
      name: 'leaves records inside an answered association to their own rule',
      history: leftOver({ during: 2, duringStage: 'done' }),
      want: 'pass',
    },
    {
      name: 'tells of the ClientHello that was swallowed behind it',
      history: leftOver(),
      next: next([557.1, 1557], 1557.5),
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
      name: 'does not blame it for a ClientHello in fragments that was not taken before either',
      history: leftOver({ during: 2, duringStage: 'server-hello' }),
      next: inPieces(300, 310),
      want: [{ message: 'harmless', severity: 'info', confidence: 'proven', packets: [9, 11] }],
    },
    {
      name: 'tells of the ClientHello that was never answered',
      history: leftOver(),
      next: next([2000, 3000, 5000], undefined),
      want: [
        {
          message: 'hello-unanswered',
          severity: 'error',
          confidence: 'likely',
          packets: [9, 11, 12, 13],
        },
      ],
    },
  ],
  { alerted: EFFECT_INSIDE, unreachable: EFFECT_INSIDE, 'fell-silent': EFFECT_INSIDE },
);
