import type { OddityFact } from '../../../src/model/history.ts';
import type { ClientHello, ServerHello } from '../../../src/model/message.ts';
import { serverHelloOfOtherConnection } from '../../../src/rules/misdelivery/server-hello-of-other-connection.ts';
import {
  at,
  type FakeHistory,
  fakeAlert,
  fakeHistory,
  fakeMessage,
} from '../../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const none = new Uint8Array(0);
const asked: ClientHello = {
  legacyVersion: 0x0303,
  random: none,
  sessionId: none,
  cookie: undefined,
  cipherSuites: [0x1301, 0xc02f],
  compressionMethods: [0],
  extensions: [],
  serverName: undefined,
  alpn: [],
  versions: [0x0304, 0x0303],
  supportedGroups: [29],
  signatureAlgorithms: [],
  keyShareGroups: [29],
  pskIdentities: [],
};
const answered: ServerHello = {
  legacyVersion: 0x0303,
  random: none,
  sessionId: none,
  cipherSuite: 0x1301,
  compressionMethod: 0,
  extensions: [],
  version: 0x0304,
  alpn: undefined,
  helloRetryRequest: false,
  keyShareGroup: 29,
  selectedPsk: undefined,
};

const hellos: FakeHistory = {
  outcome: 'failed',
  stage: 'client-flight',
  version: 0x0304,
  versionsOffered: [0x0304, 0x0303],
  cipherSuite: 0x1301,
  messages: [fakeMessage(1, 'client', 4), fakeMessage(2, 'server', 5)],
  alerts: [fakeAlert(47, 'client', 6)],
};
const pair = (ch: Partial<ClientHello>, sh: Partial<ServerHello>, more: FakeHistory = {}) =>
  fakeHistory({
    ...hellos,
    clientHello: { ...asked, ...ch },
    serverHello: { ...answered, ...sh },
    ...more,
  });
const misfit = (answers: number): OddityFact => ({
  ...at(5),
  kind: 'session-id-not-echoed',
  from: 'server',
  length: 90,
  contentType: 2,
  octets: undefined,
  answers,
});

const index = fakeIndex([
  fakeServer({ connections: [fakeSummary({ id: 1 }), fakeSummary({ id: 7, hello: at(3) })] }),
]);
const proven = (message: string, packets = [4, 5, 6]) => [
  { message, severity: 'error', confidence: 'proven', packets } as const,
];

testConnectionRule(
  serverHelloOfOtherConnection,
  [
    { name: 'leaves what succeeded alone', history: fakeHistory(), want: 'not-applicable' },
    {
      name: 'leaves alone what had not ended',
      history: pair({}, { cipherSuite: 0x1303 }, { outcome: 'incomplete' }),
      want: 'not-applicable',
    },
    { name: 'passes an answer that fits', history: pair({}, {}), want: 'pass' },
    {
      name: 'names the connection whose session id came back',
      history: pair({}, {}, { oddities: [misfit(7)] }),
      index,
      want: proven('other', [3, 4, 5, 6]),
    },
    {
      name: 'proves that a session id is foreign where nobody is known to have sent it',
      history: pair({}, {}, { oddities: [misfit(0)] }),
      index,
      want: proven('unknown'),
    },
    ...(
      [
        ['a suite', { cipherSuite: 0x1303 }],
        ['a key share', { keyShareGroup: 23 }],
        ['a PSK', { selectedPsk: 0 }],
      ] as const
    ).map(([what, selected]) => ({
      name: `proves that ${what} was not offered`,
      history: pair({}, selected),
      want: proven('unoffered'),
    })),
    {
      name: 'proves that a version was not offered',
      history: pair({}, {}, { versionsOffered: [0x0303] }),
      want: proven('unoffered'),
    },
    {
      name: 'asks for no key share before TLS 1.3',
      history: pair({}, { cipherSuite: 0xc02f, keyShareGroup: 23 }, { version: 0x0303 }),
      want: 'pass',
    },
    {
      name: 'cannot tell which of two ClientHellos is answered',
      history: pair(
        {},
        { cipherSuite: 0x1303 },
        { messages: [fakeMessage(1, 'client', 3), ...(hellos.messages ?? [])] },
      ),
      want: 'pass',
    },
    {
      name: 'can where the server asked for the second',
      history: pair(
        {},
        { cipherSuite: 0x1303 },
        {
          messages: [
            fakeMessage(1, 'client', 2),
            fakeMessage(0x102, 'server', 3),
            ...(hellos.messages ?? []),
          ],
        },
      ),
      want: proven('unoffered'),
    },
    {
      name: 'does not see what an encrypted ClientHello offers',
      history: pair({ extensions: [{ type: 0xfe0d, data: none }] }, { cipherSuite: 0x1303 }),
      want: 'pass',
    },
    {
      name: 'does not see what a packet lacks',
      history: pair({ cipherSuites: [0x1302] }, {}, { blindSpots: ['cut-packets'] }),
      want: 'pass',
    },
    {
      name: 'does not see which ClientHello was answered where the capture lacks octets',
      history: pair({ cipherSuites: [0x1302] }, {}, { blindSpots: ['lost-bytes'] }),
      want: 'pass',
    },
  ],
  { 'not-assessable': 'without both hellos there is nothing to compare' },
);
