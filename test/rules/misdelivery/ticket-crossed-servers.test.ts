import type { IssuedSession, ResumptionFacts } from '../../../src/model/history.ts';
import { ticketCrossedServers } from '../../../src/rules/misdelivery/ticket-crossed-servers.ts';
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
const ticket: ResumptionFacts = {
  by: 'ticket',
  keyName: issued.keyName,
  issued,
  isOtherName: false,
  renewed: undefined,
};
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
  alerts: [fakeAlert(40, 'server', 26)],
} as const;
const closed = {
  ...alerted,
  outcome: 'aborted',
  alerts: [],
  tcp: { fin: { client: undefined, server: at(27) } },
} as const;

const here = { address: '192.0.2.2', port: 443 };
const there = { address: '192.0.2.3', port: 443 };
/** Connection 1 was at `there` or where it is told; connection 3 got in here without a session. */
const capture = (first: Parameters<typeof fakeSummary>[0] = {}, served = true) =>
  fakeIndex([
    fakeServer({
      endpoint: there,
      connections: [fakeSummary({ id: 1, server: there, ...first })],
    }),
    fakeServer({
      endpoint: here,
      connections: [
        fakeSummary({ id: 2, outcome: 'failed', resumed: undefined }),
        ...(served ? [fakeSummary({ id: 3 })] : []),
      ],
    }),
  ]);
const note = [
  {
    message: 'full',
    severity: 'info',
    confidence: 'proven',
    packets: [9, 24, 26],
    connections: [2],
  },
] as const;

testConnectionRule(ticketCrossedServers, [
  {
    name: 'notes a full handshake with another server',
    history: fakeHistory(full),
    index: capture(),
    want: note,
  },
  {
    name: 'notes one under another name of the same server',
    history: fakeHistory(full),
    index: capture({ server: here, serverName: 'other.example' }),
    want: note,
  },
  {
    name: 'says nothing of the same server and name',
    history: fakeHistory(full),
    index: capture({ server: here, serverName: 'EXAMPLE.org.' }),
    want: [],
  },
  {
    name: 'says nothing where the row of the first connection is no longer kept',
    history: fakeHistory({
      ...full,
      resumption: { ...ticket, issued: { ...issued, connection: 77 } },
    }),
    index: capture(),
    want: [],
  },
  {
    name: 'suspects the ticket where an alert answers it and the client gets in without',
    history: fakeHistory(alerted),
    index: capture(),
    want: [{ message: 'refused', severity: 'error', confidence: 'likely', packets: [9, 24, 26] }],
  },
  {
    name: 'is less sure of a close',
    history: fakeHistory(closed),
    index: capture(),
    want: [{ message: 'refused', severity: 'error', confidence: 'possible', packets: [9, 24, 27] }],
  },
  {
    name: 'takes both back where the client never got in',
    history: fakeHistory(alerted),
    index: capture({}, false),
    want: [],
  },
  {
    name: 'passes alerts about something else',
    history: fakeHistory({ ...alerted, alerts: [fakeAlert(70, 'server', 26)] }),
    want: 'pass',
  },
  {
    name: 'passes a client that gives up itself',
    history: fakeHistory({ ...alerted, alerts: [fakeAlert(40, 'client', 26)] }),
    want: 'pass',
  },
  {
    name: 'does not judge a refusal where octets are missing',
    history: fakeHistory({ ...alerted, tcp: { lostOctets: { client: 1, server: 0 } } }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'passes a session that is resumed',
    history: fakeHistory({ ...full, resumed: true }),
    want: 'pass',
  },
  {
    name: 'leaves sessions alone whose issue nobody saw',
    history: fakeHistory({ ...full, resumption: { ...ticket, issued: undefined } }),
    want: 'not-applicable',
  },
]);
