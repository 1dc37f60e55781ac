import type { IssuedSession, ResumptionFacts } from '../../../src/model/history.ts';
import { ticketsSharedAcrossNames } from '../../../src/rules/misdelivery/tickets-shared-across-names.ts';
import { at, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const issued: IssuedSession = {
  ...at(9),
  by: 'session_id',
  connection: 1,
  keyName: '',
  extendedMasterSecret: true,
  cipherSuite: 0xc02f,
};
const session: ResumptionFacts = {
  by: 'session_id',
  keyName: undefined,
  issued,
  isOtherName: true,
  renewed: undefined,
};
const resumed = {
  id: 2,
  firstPacket: 21,
  messages: [fakeMessage(1, 'client', 24), fakeMessage(2, 'server', 26)],
  resumed: true,
  resumption: session,
} as const;
const capture = (first: string | undefined, second: string | undefined) =>
  fakeIndex([
    fakeServer({
      connections: [
        fakeSummary({ id: 1, serverName: first }),
        fakeSummary({ id: 2, serverName: second, resumed: true }),
      ],
    }),
  ]);

testConnectionRule(
  ticketsSharedAcrossNames,
  [
    {
      name: 'proves it from the two hellos',
      history: fakeHistory(resumed),
      index: capture('a.example', 'b.example'),
      want: [
        {
          message: 'resumed',
          severity: 'warning',
          confidence: 'proven',
          packets: [9, 24, 26],
          connections: [2, 1],
        },
      ],
    },
    {
      name: 'takes it back where the names agree but for the case',
      history: fakeHistory(resumed),
      index: capture('a.example', 'A.example.'),
      want: [],
    },
    {
      name: 'takes it back where a name is not known',
      history: fakeHistory(resumed),
      index: capture(undefined, 'b.example'),
      want: [],
    },
    {
      name: 'passes the same name',
      history: fakeHistory({ ...resumed, resumption: { ...session, isOtherName: false } }),
      want: 'pass',
    },
    {
      name: 'passes a full handshake',
      history: fakeHistory({ ...resumed, resumed: false }),
      want: 'pass',
    },
    {
      name: 'leaves sessions alone whose issue nobody saw',
      history: fakeHistory({ ...resumed, resumption: { ...session, issued: undefined } }),
      want: 'not-applicable',
    },
  ],
  { 'not-assessable': 'both hellos were read, or there is nothing to compare' },
);
