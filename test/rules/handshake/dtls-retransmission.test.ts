import { describe, expect, it } from 'vitest';
import type { FlightRepeat } from '../../../src/model/flights.ts';
import type { ConnectionHistory } from '../../../src/model/history.ts';
import { dtlsRetransmissionNormal } from '../../../src/rules/handshake/dtls-retransmission-normal.ts';
import { dtlsRetransmissionStorm } from '../../../src/rules/handshake/dtls-retransmission-storm.ts';
import { analyse } from '../../support/analyse.ts';
import { Association } from '../../support/conversation.ts';
import { fakeHistory } from '../../support/fake-history.ts';
import { captureFile, MS, UdpFlow } from '../../support/network.ts';
import { association } from '../support/dtls-history.ts';
import { flights, repeatAt, stuck } from '../support/flights.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const healthy = association({ id: 1, packet: 1, ms: 0 });
const repeated = (
  repeats: readonly FlightRepeat[],
  more: Partial<ConnectionHistory> = {},
): ConnectionHistory => ({
  ...association({ id: 1, packet: 1, ms: 0, dtls: { flights: flights(repeats) } }),
  ...more,
});

/** Each side in turn, the first time in packet 20. */
const inTurn = (count: number, momentOf: (n: number) => number) =>
  Array.from({ length: count }, (_, n) =>
    repeatAt(n % 2 === 0 ? 'client' : 'server', 20 + n, momentOf(n)),
  );

const NEVER_BLIND = { 'not-assessable': 'what is there is told, what is not is not missed' };

testConnectionRule(
  dtlsRetransmissionStorm,
  [
    { name: 'leaves TLS alone', history: fakeHistory(), want: 'not-applicable' },
    { name: 'says nothing about a healthy association', history: healthy, want: 'pass' },
    {
      name: 'tells of repeats that provoke each other',
      history: stuck(flights(inTurn(12, (n) => 1000 + 4 * n))),
      want: [
        {
          message: 'storm',
          severity: 'warning',
          confidence: 'proven',
          packets: [20, 21, 22, 23, 31],
        },
      ],
    },
    {
      name: 'tells of it in a handshake that came to its end',
      history: repeated(inTurn(10, (n) => 1000 + 300 * n)),
      want: [
        {
          message: 'storm',
          severity: 'warning',
          confidence: 'proven',
          packets: [20, 21, 22, 23, 29],
        },
      ],
    },
    {
      name: 'tells a timer that is too short from repeats that provoke each other',
      history: stuck(
        flights([
          ...Array.from({ length: 5 }, (_, n) => repeatAt('client', 20 + n, 1000 + 100 * n)),
          ...inTurn(10, (n) => 1550 + 50 * n).map(({ from, first }) =>
            repeatAt(from, first.packet + 10, first.nanos / 1e6),
          ),
        ]),
      ),
      want: [
        {
          message: 'timer',
          severity: 'warning',
          confidence: 'proven',
          packets: [20, 21, 22, 23, 39],
        },
      ],
    },
    {
      name: 'takes what several old records of the peer provoke for no timer',
      history: stuck(
        flights(
          Array.from({ length: 20 }, (_, n) =>
            repeatAt(
              n % 8 < 4 ? 'client' : 'server',
              20 + n,
              1000 + 25 * Math.floor(n / 4) + (n % 4),
            ),
          ),
        ),
      ),
      want: [
        {
          message: 'storm',
          severity: 'warning',
          confidence: 'proven',
          packets: [20, 21, 22, 23, 39],
        },
      ],
    },
    {
      name: 'takes timers that double for what they are, however short they begin',
      history: stuck(flights(inTurn(14, (n) => 25 * 2 ** Math.floor(n / 2) + (n % 2)))),
      want: 'pass',
    },
    {
      name: 'takes a repeat and its answer each second for no storm',
      history: stuck(flights(inTurn(14, (n) => 1000 * Math.floor(n / 2) + (n % 2)))),
      want: 'pass',
    },
    {
      name: 'waits for five of each side',
      history: stuck(flights(inTurn(9, (n) => 1000 + 4 * n))),
      want: 'pass',
    },
    {
      name: 'leaves one side that repeats alone',
      history: stuck(flights(Array.from({ length: 20 }, (_, n) => repeatAt('client', 20 + n, n)))),
      want: 'pass',
    },
  ],
  NEVER_BLIND,
);

testConnectionRule(
  dtlsRetransmissionNormal,
  [
    { name: 'leaves TLS alone', history: fakeHistory(), want: 'not-applicable' },
    { name: 'says nothing where nothing was repeated', history: healthy, want: 'pass' },
    {
      name: 'counts what was repeated',
      history: repeated([repeatAt('client', 4, 1003), repeatAt('server', 5, 1004)]),
      want: [{ message: 'repaired', severity: 'info', confidence: 'proven', packets: [3, 4] }],
    },
    {
      name: 'sees a timer that is shorter than the round trip',
      history: repeated([repeatAt('server', 5, 3.5)]),
      want: [{ message: 'too-early', severity: 'info', confidence: 'proven', packets: [4, 5] }],
    },
    {
      name: 'knows that DTLS 1.3 repeats by ACKs',
      history: repeated([repeatAt('server', 5, 4)], { version: 0xfefc }),
      want: [{ message: 'acknowledged', severity: 'info', confidence: 'proven', packets: [4, 5] }],
    },
    {
      name: 'says nothing where what was repeated is not in the capture',
      history: repeated([repeatAt('client', 1, 1003)]),
      want: 'pass',
    },
    {
      name: 'leaves a handshake that stopped',
      history: stuck(flights([repeatAt('client', 10, 1000)])),
      want: 'pass',
    },
  ],
  NEVER_BLIND,
);

describe('repeats on the wire', () => {
  const rulesOf = (flow: UdpFlow) =>
    analyse(captureFile(flow.frames)).findings.map(({ rule }) => rule);

  it('are a storm where each answers the other', () => {
    const flow = new UdpFlow();
    const a = new Association(flow, { verify: false });
    a.send('client', a.clientHello());
    for (let n = 0; n < 8; n++) {
      a.send('server', a.serverFlight());
      flow.wait(20 * MS);
      a.send('client', a.clientHello());
      flow.wait(20 * MS);
    }
    expect(rulesOf(flow)).toContain('dtls-retransmission-storm');
  });

  it('are a note where a lost flight was sent again', () => {
    const flow = new UdpFlow();
    const a = new Association(flow, { verify: false });
    a.send('client', a.clientHello());
    flow.wait(1000 * MS);
    a.handshake().data('client').closeBoth('client');
    expect(rulesOf(flow)).toEqual(['dtls-retransmission-normal']);
  });

  it('measure no round trip where a ClientHello was repeated before its answer', () => {
    const flow = new UdpFlow();
    const a = new Association(flow, { verify: false });
    for (let n = 0; n < 4; n++) {
      a.send('client', a.clientHello());
      flow.wait(200 * MS);
    }
    for (const [from, flight] of a.flights().slice(1)) a.send(from, flight());
    const [finding] = analyse(captureFile(flow.frames)).findings;
    expect(finding?.title).toBe(dtlsRetransmissionNormal.meta.title);
    expect(finding?.summary).not.toContain('round trip');
  });
});
