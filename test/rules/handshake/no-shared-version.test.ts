import { expect, it } from 'vitest';
import type { FindingVerdict } from '../../../src/model/rule.ts';
import { noSharedVersion } from '../../../src/rules/handshake/no-shared-version.ts';
import { fakeAlert, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const refused = {
  outcome: 'failed',
  stage: 'server-hello',
  version: undefined,
  cipherSuite: undefined,
  versionsOffered: [0x0301, 0x0302],
  messages: [fakeMessage(1, 'client', 4)],
  alerts: [fakeAlert(70, 'server', 6)],
} as const;
const failed = fakeSummary({ id: 1, outcome: 'failed', version: undefined });
const others = (...versions: number[]) => {
  const rows = versions.map((version, i) => fakeSummary({ id: 2 + i, version }));
  return fakeIndex([fakeServer({ connections: [failed, ...rows] })]);
};
const finding = (message: string, confidence: 'proven' | 'likely', packets: number[]) =>
  [{ message, severity: 'error', confidence, packets }] as const;

testConnectionRule(noSharedVersion, [
  {
    name: 'proves it where the server agreed to other versions only',
    history: fakeHistory(refused),
    index: others(0x0303, 0x0304),
    want: finding('refused', 'proven', [4, 6]),
  },
  {
    name: 'takes an alert at its word also where one direction was captured late',
    history: fakeHistory({
      ...refused,
      blindSpots: ['order-unknown'],
      tcp: { isBehindAnswer: true },
    }),
    index: others(0x0303, 0x0304),
    want: finding('refused', 'proven', [4, 6]),
  },
  {
    name: 'does not judge where nobody knows which connection a packet is of',
    history: fakeHistory({
      ...refused,
      blindSpots: ['order-unknown'],
      tcp: { isBehindAnswer: true, isOrderUnknown: true },
    }),
    want: { missing: 'order-unknown' },
  },
  {
    name: 'takes protocol_version at its word',
    history: fakeHistory(refused),
    index: others(),
    want: finding('refused', 'likely', [4, 6]),
  },
  {
    name: 'doubts it where many versions are offered',
    history: fakeHistory({ ...refused, versionsOffered: [0x0301, 0x0302, 0x0303] }),
    index: others(),
    want: [{ message: 'wide-offer', severity: 'error', confidence: 'possible', packets: [4, 6] }],
  },
  {
    name: 'takes handshake_failure for it where the versions are disjoint',
    history: fakeHistory({ ...refused, alerts: [fakeAlert(40, 'server', 6)] }),
    index: others(0x0303),
    want: finding('refused', 'likely', [4, 6]),
  },
  {
    name: 'says nothing of handshake_failure to TLS 1.2 where others got TLS 1.3: the server may know both',
    history: fakeHistory({
      ...refused,
      versionsOffered: [0x0303],
      alerts: [fakeAlert(40, 'server', 6)],
    }),
    index: others(0x0304),
    want: [],
  },
  {
    name: 'knows that a draft is not what it became',
    history: fakeHistory({ ...refused, versionsOffered: [0x7f17, 0x0303] }),
    index: others(0x0304),
    want: finding('refused', 'proven', [4, 6]),
  },
  {
    name: 'but takes no handshake_failure for a word about it, which TLS 1.2 may be the reason of',
    history: fakeHistory({
      ...refused,
      versionsOffered: [0x7f17, 0x0303],
      alerts: [fakeAlert(40, 'server', 6)],
    }),
    index: others(0x0304),
    want: [],
  },
  {
    name: 'takes handshake_failure to TLS 1.3 alone for it where others got TLS 1.2',
    history: fakeHistory({
      ...refused,
      versionsOffered: [0x0304],
      alerts: [fakeAlert(40, 'server', 6)],
    }),
    index: others(0x0303),
    want: finding('refused', 'likely', [4, 6]),
  },
  {
    name: 'says nothing of handshake_failure without a comparison',
    history: fakeHistory({ ...refused, alerts: [fakeAlert(40, 'server', 6)] }),
    index: others(),
    want: [],
  },
  {
    name: 'says nothing of handshake_failure where connections were forgotten: one may have had an offered version',
    history: fakeHistory({ ...refused, alerts: [fakeAlert(40, 'server', 6)] }),
    index: { ...others(0x0303), connectionsForgotten: 1 },
    want: [],
  },
  {
    name: 'proves nothing there by others, but has the word of the server',
    history: fakeHistory(refused),
    index: { ...others(0x0303, 0x0304), connectionsForgotten: 1 },
    want: finding('refused', 'likely', [4, 6]),
  },
  {
    name: 'says nothing where the server agreed to an offered version with others',
    history: fakeHistory(refused),
    index: others(0x0302),
    want: [],
  },
  {
    name: 'tells of a client that refuses what was chosen',
    history: fakeHistory({
      ...refused,
      stage: 'server-flight',
      version: 0x0301,
      versionsOffered: [0x0303],
      messages: [fakeMessage(1, 'client', 4), fakeMessage(2, 'server', 6)],
      alerts: [fakeAlert(70, 'client', 7)],
    }),
    index: others(),
    want: finding('chosen', 'proven', [6, 7]),
  },
  {
    name: 'leaves a client alone that names the version itself: it refuses something else in the stream',
    history: fakeHistory({
      ...refused,
      stage: 'server-flight',
      version: 0x0301,
      versionsOffered: [0x0303, 0x0301],
      messages: [fakeMessage(1, 'client', 4), fakeMessage(2, 'server', 6)],
      alerts: [fakeAlert(70, 'client', 7)],
    }),
    index: others(),
    want: 'not-applicable',
  },
  {
    name: 'passes a ClientHello of which nothing is known',
    history: fakeHistory({ ...refused, versionsOffered: [] }),
    want: 'pass',
  },
  {
    name: 'does not judge where octets are missing',
    history: fakeHistory({ ...refused, tcp: { lostOctets: { client: 1, server: 0 } } }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'leaves other alerts alone',
    history: fakeHistory({ ...refused, alerts: [fakeAlert(80, 'server', 6)] }),
    want: 'not-applicable',
  },
  { name: 'leaves healthy handshakes alone', history: fakeHistory(), want: 'not-applicable' },
]);

it.each([
  [[0x7f17, 0x0303], /offers TLS 1.3 \(draft 23\) alone/],
  [[0xfb1a], /offers TLS 1.3 \(Facebook’s draft 26\) alone/],
  [[0x7f17, 0x0304], undefined],
  [[0x0303], undefined],
])('names the drafts of %o where the final version is not offered', (versionsOffered, cause) => {
  const verdict = noSharedVersion.check(fakeHistory({ ...refused, versionsOffered }), {
    previous: undefined,
    next: undefined,
  });
  const { causes } = verdict as FindingVerdict;
  expect(causes).toEqual(cause && [expect.stringMatching(cause)]);
});
