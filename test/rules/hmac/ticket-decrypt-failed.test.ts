import type { IssuedSession, ResumptionFacts } from '../../../src/model/history.ts';
import { ticketDecryptFailed } from '../../../src/rules/hmac/ticket-decrypt-failed.ts';
import { at, fakeAlert, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const issued: IssuedSession = {
  ...at(9),
  by: 'ticket',
  connection: 1,
  keyName: '11'.repeat(16),
  extendedMasterSecret: true,
  cipherSuite: 0xc02f,
};
const renewed: IssuedSession = { ...issued, ...at(30), connection: 2, keyName: '22'.repeat(16) };
const ticket: ResumptionFacts = { by: 'ticket', keyName: issued.keyName, issued, renewed };
const psk: ResumptionFacts = { ...ticket, by: 'psk', issued: undefined, renewed: undefined };
const full = {
  id: 2,
  firstPacket: 21,
  messages: [fakeMessage(1, 'client', 24), fakeMessage(2, 'server', 26)],
  resumed: false,
  resumption: ticket,
} as const;
const alerted = {
  ...full,
  outcome: 'failed',
  stage: 'server-hello',
  version: undefined,
  resumed: undefined,
  messages: full.messages.slice(0, 1),
  resumption: { ...ticket, renewed: undefined },
  alerts: [fakeAlert(40, 'server', 26)],
} as const;
const note = (packets: readonly number[]) =>
  [{ message: 'full', severity: 'info', confidence: 'proven', packets }] as const;

const own = fakeSummary({ id: 2, outcome: 'failed', stage: 'server-hello', resumed: undefined });
const capture = (...rows: Parameters<typeof fakeSummary>) =>
  fakeIndex([fakeServer({ connections: [...rows.map((row) => fakeSummary(row)), own] })]);

testConnectionRule(ticketDecryptFailed, [
  {
    name: 'notes a ticket that led to a full handshake, and its keys',
    history: fakeHistory(full),
    want: note([9, 24, 26]),
  },
  {
    name: 'passes one whose origin is not in the capture: it may just be old',
    history: fakeHistory({ ...full, resumption: { ...ticket, issued: undefined } }),
    want: 'pass',
  },
  {
    name: 'notes one of another server',
    history: fakeHistory(full),
    index: fakeIndex([
      fakeServer({
        connections: [fakeSummary({ id: 1, server: { address: '192.0.2.9', port: 443 } })],
      }),
      fakeServer({ connections: [own] }),
    ]),
    want: note([9, 24, 26]),
  },
  {
    name: 'passes a ticket of TLS 1.3 that is not selected, whose issue nobody can see',
    history: fakeHistory({ ...full, version: 0x0304, resumption: psk }),
    want: 'pass',
  },
  {
    name: 'suspects the ticket where an alert answers it and the client got in before',
    history: fakeHistory(alerted),
    index: capture({ id: 1 }),
    want: [{ message: 'alert', severity: 'error', confidence: 'likely', packets: [9, 24, 26] }],
  },
  {
    name: 'takes that back where nobody but other clients got in',
    history: fakeHistory(alerted),
    index: capture({ id: 1, client: { address: '192.0.2.77', port: 40_000 } }),
    want: [],
  },
  {
    name: 'does not judge the alert where octets are missing',
    history: fakeHistory({ ...alerted, tcp: { lostOctets: { client: 1, server: 0 } } }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'passes a session id that is not known here',
    history: fakeHistory({
      ...full,
      resumption: { by: 'session_id', keyName: undefined, issued: undefined, renewed: undefined },
    }),
    want: 'pass',
  },
  {
    name: 'passes an alert about something else',
    history: fakeHistory({ ...alerted, alerts: [fakeAlert(70, 'server', 26)] }),
    want: 'pass',
  },
  {
    name: 'passes a session that is resumed',
    history: fakeHistory({ ...full, resumed: true }),
    want: 'pass',
  },
  {
    name: 'leaves a ticket alone where TLS 1.3 was chosen in its place',
    history: fakeHistory({ ...full, version: 0x0304 }),
    want: 'not-applicable',
  },
  {
    name: 'leaves connections alone that offer nothing',
    history: fakeHistory({ ...full, resumption: undefined }),
    want: 'not-applicable',
  },
]);
