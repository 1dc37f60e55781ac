import type { UnusedUpgradeFact } from '../../../src/model/capture-index.ts';
import type { UpgradeFact } from '../../../src/model/upgrade.ts';
import { starttlsRefused } from '../../../src/rules/handshake/starttls-refused.ts';
import { at } from '../../support/fake-history.ts';
import { fakeIndex } from '../../support/fake-index.ts';
import { fakeUpgrade } from '../../support/fake-upgrade.ts';
import { testCaptureRule } from '../support/rule-tester.ts';

/** A refusal in this packet, of a request in the one before. */
const unused = (
  packet: number,
  given: Partial<UpgradeFact> = {},
  agreed = false,
): UnusedUpgradeFact => ({
  client: { address: '192.0.2.1', port: 40_000 + packet },
  server: { address: '192.0.2.2', port: 25 },
  stream: packet,
  upgrade: fakeUpgrade({
    request: at(packet - 1),
    answer: { ...at(packet), from: 'server', line: '454 not now', agreed },
    ...given,
  }),
});
const of = (...unusedUpgrades: UnusedUpgradeFact[]) => fakeIndex([], { unusedUpgrades });

testCaptureRule(starttlsRefused, [
  {
    name: 'notes a refusal',
    index: of(unused(10)),
    want: [
      {
        message: 'refused',
        severity: 'info',
        confidence: 'proven',
        packets: [9, 10],
        connections: [],
      },
    ],
  },
  {
    name: 'says once of each server and request how often',
    index: of(
      unused(10),
      unused(20),
      unused(30, { protocol: 'imap' }),
      unused(40),
      unused(50),
      unused(60),
    ),
    want: [
      { message: 'refused', severity: 'info', confidence: 'proven', packets: [9, 10, 20, 40, 50] },
      { message: 'refused', severity: 'info', confidence: 'proven', packets: [29, 30] },
    ],
  },
  {
    name: 'notes a proxy that does not connect',
    index: of(unused(10, { protocol: 'http-connect', target: { host: 'example.org', port: 443 } })),
    want: [{ message: 'unreachable', severity: 'info', confidence: 'proven', packets: [9, 10] }],
  },
  { name: 'is silent where the server agreed', index: of(unused(10, {}, true)), want: [] },
  {
    name: 'is silent where the answer is none it knows',
    index: of(unused(10, { answer: { ...at(10), from: 'server', line: '?', agreed: undefined } })),
    want: [],
  },
  {
    name: 'is silent where no answer was captured',
    index: of(unused(10, { answer: undefined })),
    want: [],
  },
  {
    name: 'is silent where octets are missing',
    index: of(unused(10, { hasGaps: true })),
    want: [],
  },
  {
    name: 'is silent about an Upgrade header that a web server did not take up',
    index: of(unused(10, { protocol: 'http-upgrade' })),
    want: [],
  },
  { name: 'is silent where nobody asked', index: fakeIndex([]), want: [] },
]);
