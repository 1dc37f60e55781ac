import { describe, expect, it } from 'vitest';
import { type Role, STAGES } from '../../../src/model/history.ts';
import type { FindingVerdict } from '../../../src/model/rule.ts';
import { readingOf } from '../../../src/rules/handshake/alert-dictionary.ts';
import { handshakeAlert } from '../../../src/rules/handshake/handshake-alert.ts';
import { at, fakeAlert, fakeHistory, fakeMessage, fakeRecord } from '../../support/fake-history.ts';
import { PASSES_CLIENT_THAT_WENT_ON } from '../support/gone-on.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const hello = fakeMessage(1, 'client', 4);
const failed = { outcome: 'failed', stage: 'server-hello', messages: [hello] } as const;
const refused = {
  outcome: 'aborted',
  stage: 'client-finished',
  messages: [hello],
  tcp: { fin: { client: at(9), server: undefined } },
} as const;
const unread = [
  { message: 'unread', severity: 'error', confidence: 'likely', packets: [8, 9] } as const,
];
const nothing = { version: undefined, cipherSuite: undefined };
const found = (packets: readonly number[]) => [
  { message: 'alert', severity: 'error', confidence: 'proven', packets } as const,
];

testConnectionRule(handshakeAlert, [
  {
    name: 'reports a fatal alert in answer to a ClientHello',
    history: fakeHistory({ ...failed, ...nothing, alerts: [fakeAlert(40, 'server', 6)] }),
    want: found([4, 6]),
  },
  {
    name: 'reports it over DTLS',
    history: fakeHistory({
      ...failed,
      ...nothing,
      protocol: 'DTLS',
      alerts: [fakeAlert(70, 'server', 6)],
    }),
    want: found([4, 6]),
  },
  {
    name: 'reports the alert of a client that refuses a certificate in TLS 1.3',
    history: fakeHistory({
      outcome: 'failed',
      stage: 'client-flight',
      version: 0x0304,
      cipherSuite: 0x1301,
      messages: [hello, fakeMessage(2, 'server', 6)],
      alerts: [fakeAlert(48, 'client', 8)],
    }),
    want: found([6, 8]),
  },
  {
    name: 'takes it for an answer to the encrypted flight where that was captured',
    history: fakeHistory({
      outcome: 'failed',
      stage: 'client-flight',
      version: 0x0304,
      cipherSuite: 0x1301,
      messages: [hello, fakeMessage(2, 'server', 6)],
      protectedRecords: { server: { count: 2, first: fakeRecord(23, 'server', 7) } },
      alerts: [fakeAlert(48, 'client', 8)],
    }),
    want: found([7, 8]),
  },
  {
    name: 'reports an alert that its sender marks as a warning, which TLS 1.3 does not know',
    history: fakeHistory({
      outcome: 'failed',
      stage: 'client-flight',
      version: 0x0304,
      messages: [hello],
      alerts: [fakeAlert(42, 'client', 8, { level: 1 })],
    }),
    want: found([8]),
  },
  {
    name: 'reports an alert that was captured after the FIN of the other side but has its own reason',
    history: fakeHistory({
      ...failed,
      ...nothing,
      alerts: [fakeAlert(40, 'server', 9)],
      tcp: { fin: { client: at(8), server: undefined } },
    }),
    want: found([4, 9]),
  },
  {
    name: 'leaves unexpected_message behind the FIN of the other side, which is how GnuTLS takes an end of file',
    history: fakeHistory({
      ...failed,
      ...nothing,
      outcome: 'aborted',
      alerts: [fakeAlert(10, 'client', 9)],
      tcp: { fin: { client: undefined, server: at(8) } },
    }),
    want: 'pass',
  },
  {
    name: 'reports unexpected_message before any close',
    history: fakeHistory({
      ...failed,
      ...nothing,
      alerts: [fakeAlert(10, 'client', 7)],
      tcp: { fin: { client: undefined, server: at(8) } },
    }),
    want: found([7]),
  },
  {
    name: 'is less sure of what ended where octets are missing',
    history: fakeHistory({
      ...failed,
      ...nothing,
      alerts: [fakeAlert(40, 'server', 6)],
      blindSpots: ['cut-packets'],
    }),
    want: [{ message: 'alert', severity: 'error', confidence: 'likely', packets: [6] }],
  },
  {
    name: 'and where one direction was captured late',
    history: fakeHistory({
      ...failed,
      alerts: [fakeAlert(40, 'server', 6)],
      blindSpots: ['order-unknown'],
    }),
    want: [{ message: 'alert', severity: 'error', confidence: 'likely', packets: [6] }],
  },
  {
    name: 'does not judge a decode_error where what it may answer was captured late',
    history: fakeHistory({
      ...failed,
      ...nothing,
      alerts: [fakeAlert(50, 'client', 8)],
      tcp: { isBehindAnswer: true },
    }),
    want: { missing: 'order-unknown' },
  },
  {
    name: 'does not judge a decode_error without the side that it may answer',
    history: fakeHistory({
      ...failed,
      ...nothing,
      bothDirections: false,
      alerts: [fakeAlert(50, 'client', 8)],
      tcp: { synAck: undefined, octets: { client: 200, server: 0 } },
    }),
    want: { missing: 'one-direction' },
  },
  {
    name: 'passes an unprotected alert of a DTLS side that has its keys in use',
    history: fakeHistory({
      outcome: 'failed',
      stage: 'client-flight',
      protocol: 'DTLS',
      messages: [fakeMessage(2, 'server', 6)],
      protectedRecords: { server: { count: 2, first: fakeRecord(22, 'server', 7, { epoch: 1 }) } },
      alerts: [fakeAlert(10, 'server', 9)],
    }),
    want: 'pass',
  },
  {
    name: 'passes a decode_error that only answers a FIN',
    history: fakeHistory({
      ...failed,
      ...nothing,
      alerts: [fakeAlert(50, 'client', 8)],
      tcp: { fin: { client: undefined, server: at(6) } },
    }),
    want: 'pass',
  },
  {
    name: 'passes a warning',
    history: fakeHistory({
      ...failed,
      outcome: 'aborted',
      alerts: [fakeAlert(112, 'server', 6, { level: 1 })],
      tcp: { fin: { client: at(7), server: undefined } },
    }),
    want: 'pass',
  },
  PASSES_CLIENT_THAT_WENT_ON,
  {
    name: 'passes a close_notify',
    history: fakeHistory({
      ...failed,
      outcome: 'aborted',
      alerts: [fakeAlert(0, 'server', 6, { level: 1 })],
    }),
    want: 'pass',
  },
  {
    name: 'tells of an encrypted alert without guessing at its reason',
    history: fakeHistory({ ...refused, alerts: [fakeAlert(undefined, 'client', 8)] }),
    want: unread,
  },
  {
    name: 'takes a last record of the size of an alert for one in TLS 1.3',
    history: fakeHistory({
      ...refused,
      version: 0x0304,
      cipherSuite: 0x1301,
      protectedRecords: { client: { count: 1, last: fakeRecord(23, 'client', 8, { length: 19 }) } },
    }),
    want: unread,
  },
  {
    name: 'takes none for one where no ServerHello is in front of it',
    history: fakeHistory({
      ...refused,
      cipherSuite: undefined,
      alerts: [fakeAlert(undefined, 'client', 8)],
    }),
    want: { missing: 'start-not-captured' },
  },
  {
    name: 'takes none for one where octets are missing',
    history: fakeHistory({
      ...refused,
      alerts: [fakeAlert(undefined, 'client', 8)],
      tcp: { ...refused.tcp, lostOctets: { client: 9, server: 0 } },
    }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'leaves established connections alone',
    history: fakeHistory({ alerts: [fakeAlert(undefined, 'client', 8)] }),
    want: 'not-applicable',
  },
  {
    name: 'leaves a handshake alone that the capture shows in part',
    history: fakeHistory({
      outcome: 'incomplete',
      stage: 'server-hello',
      alerts: [fakeAlert(40, 'server', 6)],
    }),
    want: 'not-applicable',
  },
]);

describe('the alert dictionary', () => {
  const at12 = { stage: 'client-flight', version: 0x0303 } as const;

  it('tells whose certificate was refused by who refused it', () => {
    expect(readingOf(48, { ...at12, from: 'client' }).causes.join()).toContain(
      'the server’s certificate',
    );
    expect(readingOf(48, { ...at12, from: 'server' }).causes.join()).toContain(
      'the client’s certificate',
    );
  });

  it('never blames a certificate before one was shown', () => {
    for (const description of [10, 20, 40, 47, 50, 70, 80, 109, 112]) {
      for (const from of ['client', 'server'] as const) {
        const reading = readingOf(description, { from, stage: 'server-hello', version: undefined });
        const accusation = /refused (?:the|its) .*certificate/;
        if (from === 'server') expect(reading.causes.join()).not.toMatch(accusation);
      }
    }
  });

  it('has a cause and a remedy for every alert at every stage', () => {
    for (let description = 0; description < 256; description++) {
      for (const stage of STAGES) {
        for (const from of ['client', 'server'] as const) {
          const { causes, remedies } = readingOf(description, { from, stage, version: 0x0303 });
          expect(causes.length).toBeGreaterThan(0);
          expect(remedies.length).toBeGreaterThan(0);
        }
      }
    }
  });
});

describe('a request for a certificate', () => {
  const [ANONYMOUS, WITH_CERTIFICATE] = [0x0034, 0x002f];
  const [UNEXPECTED_MESSAGE, HANDSHAKE_FAILURE, CERTIFICATE_REQUEST] = [10, 40, 13];
  const refused = (cipherSuite: number, type: number, description: number, from: Role) => {
    const history = fakeHistory({
      ...failed,
      cipherSuite,
      stage: 'client-flight',
      messages: [hello, fakeMessage(2, 'server', 6), fakeMessage(type, 'server', 6)],
      alerts: [fakeAlert(description, from, 7)],
    });
    const told = handshakeAlert.check(history, { previous: undefined, next: undefined });
    return (told as FindingVerdict).causes?.join().includes('anonymous suite');
  };

  it.each([
    ['under an anonymous suite', ANONYMOUS, CERTIFICATE_REQUEST, HANDSHAKE_FAILURE, 'client', true],
    [
      'the same, taken for misplaced',
      ANONYMOUS,
      CERTIFICATE_REQUEST,
      UNEXPECTED_MESSAGE,
      'client',
      true,
    ],
    ['under another', WITH_CERTIFICATE, CERTIFICATE_REQUEST, HANDSHAKE_FAILURE, 'client', false],
    ['that was not sent', ANONYMOUS, 14, HANDSHAKE_FAILURE, 'client', false],
    [
      'that the server ends itself',
      ANONYMOUS,
      CERTIFICATE_REQUEST,
      HANDSHAKE_FAILURE,
      'server',
      false,
    ],
    ['behind which all else may be wrong', ANONYMOUS, CERTIFICATE_REQUEST, 51, 'client', false],
  ] as const)('%s', (_, suite, type, description, from, said) => {
    expect(refused(suite, type, description, from)).toBe(said);
  });
});
