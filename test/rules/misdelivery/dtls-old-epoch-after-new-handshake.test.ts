import type { DtlsAnomaly } from '../../../src/model/dtls-facts.ts';
import type { ConnectionHistory, RecordFact } from '../../../src/model/history.ts';
import { MILLISECOND } from '../../../src/model/time.ts';
import { dtlsOldEpochAfterNewHandshake } from '../../../src/rules/misdelivery/dtls-old-epoch-after-new-handshake.ts';
import { fakeAlert, fakeHistory } from '../../support/fake-history.ts';
import {
  ALERT,
  anomaly,
  association,
  atMs,
  DATA,
  HANDSHAKE,
  hello,
  record,
} from '../support/dtls-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

/** A record of association 1 in packet 21, while association 2 (packets 12 on, from 600 ms) is established. */
function leftOver(
  more: Partial<DtlsAnomaly> = {},
  stray: Partial<RecordFact> = {},
): ConnectionHistory {
  const data = record(DATA, 'client', atMs(21, 620), 3, { length: 55, ...stray });
  return association({
    id: 1,
    packet: 1,
    ms: 0,
    dtls: {
      anomalies: [
        anomaly(data, 1, {
          sincePeerClose: 612 * MILLISECOND,
          during: 2,
          duringStage: 'done',
          confidence: 'likely',
          ...more,
        }),
      ],
    },
  });
}

/** The same, but its number was used before. */
function takenNumber(): ConnectionHistory {
  const history = leftOver();
  const [late] = history.dtls?.anomalies ?? [];
  if (history.dtls === undefined || late === undefined) return history;
  const anomalies = [late, { ...late, kind: 'sequence-reuse' as const, earlier: atMs(7, 6) }];
  return { ...history, dtls: { ...history.dtls, anomalies } };
}

const second = (more: Partial<ConnectionHistory> = {}): ConnectionHistory => ({
  ...association({ id: 2, packet: 12, ms: 600 }),
  ...more,
});

testConnectionRule(
  dtlsOldEpochAfterNewHandshake,
  [
    { name: 'leaves TLS over TCP alone', history: fakeHistory(), want: 'not-applicable' },
    {
      name: 'cannot judge one direction alone',
      history: association({ id: 1, packet: 1, ms: 0, bothDirections: false }),
      want: { missing: 'one-direction' },
    },
    {
      name: 'says nothing about two healthy associations in a row',
      history: association({ id: 1, packet: 1, ms: 0 }),
      next: second(),
      want: 'pass',
    },
    {
      name: 'warns of data that came in the next association',
      history: leftOver(),
      next: second(),
      want: [
        {
          message: 'harmless',
          severity: 'warning',
          confidence: 'likely',
          packets: [9, 21],
          connections: [1, 2],
        },
      ],
    },
    {
      name: 'says nothing where the owner had used its number for other octets',
      history: takenNumber(),
      next: second(),
      want: 'pass',
    },
    {
      name: 'makes a note of it where the owner is a guess',
      history: leftOver({ confidence: 'possible' }),
      next: second({ alerts: [fakeAlert(20, 'server', 22, atMs(22, 620.1))] }),
      want: [{ message: 'harmless', severity: 'info', confidence: 'possible', packets: [9, 21] }],
    },
    {
      name: 'tells of a bad_record_mac in answer',
      history: leftOver(),
      next: second({ alerts: [fakeAlert(20, 'server', 22, atMs(22, 620.1))] }),
      want: [{ message: 'alerted', severity: 'error', confidence: 'likely', packets: [9, 21, 22] }],
    },
    {
      name: 'does not take an alert about a certificate for an answer to it',
      history: leftOver({ duringStage: 'client-flight' }),
      next: second({ alerts: [fakeAlert(48, 'server', 22, atMs(22, 620.1))] }),
      want: [{ message: 'harmless', severity: 'warning', confidence: 'likely', packets: [9, 21] }],
    },
    {
      name: 'lets the server serve the old association until the new one is complete',
      history: leftOver(
        { sincePeerClose: undefined, duringStage: 'client-flight' },
        { from: 'server' },
      ),
      next: second(),
      want: 'pass',
    },
    {
      name: 'leaves closing alerts to their own rule',
      history: leftOver({ shape: 'alert' }, { contentType: ALERT, length: 26 }),
      next: second(),
      want: 'pass',
    },
    {
      name: 'leaves records that come before any answer to their own rule',
      history: leftOver({ duringStage: 'server-hello' }),
      next: second(),
      want: 'pass',
    },
    {
      name: 'tells of a server that was gone right after it',
      history: leftOver(),
      next: second({
        dtls: association({
          id: 2,
          packet: 12,
          ms: 600,
          dtls: {
            probableClose: { client: undefined, server: undefined },
            portUnreachable: [{ ...atMs(22, 621), role: 'server' }],
          },
        }).dtls,
      }),
      want: [
        { message: 'unreachable', severity: 'error', confidence: 'likely', packets: [9, 21, 22] },
      ],
    },
    {
      name: 'tells of a second ClientHello that was not answered behind it',
      history: leftOver({ duringStage: 'server-flight' }, atMs(15, 601.5)),
      next: second({
        messages: [],
        dtls: association({
          id: 2,
          packet: 12,
          ms: 600,
          dtls: {
            clientHellos: [
              hello(atMs(12, 600), 0),
              hello(atMs(16, 602), 1),
              hello(atMs(17, 1602), 1, { retransmission: true }),
            ],
            verifyRequests: [],
            answered: atMs(13, 601),
          },
        }).dtls,
      }),
      want: [
        {
          message: 'hello-unanswered',
          severity: 'error',
          confidence: 'likely',
          packets: [9, 15, 16, 17],
        },
      ],
    },
    {
      name: 'tells of a repeated Finished of the old association that stopped the new one',
      history: leftOver(
        { shape: 'finished', duringStage: 'client-flight' },
        { contentType: HANDSHAKE, length: 48 },
      ),
      next: second({
        outcome: 'incomplete',
        stage: 'client-finished',
        dtls: association({
          id: 2,
          packet: 12,
          ms: 600,
          dtls: {
            probableClose: { client: undefined, server: undefined },
            finishedTransmissions: {
              client: [0, 1, 2].map((again) =>
                record(HANDSHAKE, 'client', atMs(22 + again, 700 + 1000 * again), again, {
                  length: 48,
                }),
              ),
              server: [],
            },
          },
        }).dtls,
      }),
      want: [
        {
          message: 'fell-silent',
          severity: 'error',
          confidence: 'possible',
          packets: [9, 20, 21, 24],
        },
      ],
    },
  ],
  { 'hello-repeated': 'shown by dtls-late-record: the effect is found by the same code' },
);
