import { describe, expect, it } from 'vitest';
import type { ServerFacts } from '../../../src/model/capture-index.ts';
import { handshakeKillsServer } from '../../../src/rules/handshake/handshake-kills-server.ts';
import { at } from '../../support/fake-history.ts';
import {
  fakeClose,
  fakeIndex,
  fakeRefusal,
  fakeServer,
  fakeSummary,
} from '../../support/fake-index.ts';
import { testCaptureRule } from '../support/rule-tester.ts';

const CBC_SHA = 0xc013;

const death = (connection: number, packet: number) => [
  fakeClose(connection, packet, {
    stage: 'server-finished',
    lastFromClient: at(packet - 3),
    answeredSince: false,
  }),
  ...[1, 2, 3].map((more) => fakeClose(connection + more, packet + more)),
];
const victim = (id: number, packet: number) =>
  fakeSummary({
    id,
    outcome: 'aborted',
    stage: 'server-finished',
    cipherSuite: CBC_SHA,
    start: at(packet - 9),
    lastFromServer: at(packet - 5),
  });
const healthy = [1, 2, 3, 4, 5].map((id) => fakeSummary({ id }));

const twice: Partial<ServerFacts> = {
  connections: [...healthy, victim(20, 1000), victim(30, 5000)],
  closes: [...death(20, 1000), ...death(30, 5000)],
  refusals: [fakeRefusal(2000), fakeRefusal(6000)],
  accepted: [at(3000)],
};

testCaptureRule(handshakeKillsServer, [
  {
    name: 'names the connection of each death in one finding',
    index: fakeIndex([fakeServer(twice)]),
    want: [
      {
        message: 'kills',
        severity: 'critical',
        confidence: 'likely',
        packets: [997, 1000, 2001, 4997, 5000, 6001],
        connections: [20, 30],
      },
    ],
  },
  {
    name: 'tells a death on a ClientHello, with the MAC that every offered suite has',
    index: fakeIndex([
      fakeServer({
        connections: [
          ...healthy,
          fakeSummary({
            id: 20,
            outcome: 'aborted',
            stage: 'server-hello',
            version: undefined,
            cipherSuite: undefined,
            offeredSuites: [CBC_SHA, 0xc014, 0x00ff],
            resumptionOffered: true,
          }),
        ],
        closes: [
          fakeClose(20, 1000, {
            stage: 'server-hello',
            lastFromClient: at(997),
            answeredSince: false,
          }),
          ...[1, 2, 3].map((id) => fakeClose(id, 1000 + id)),
        ],
        refusals: [fakeRefusal(2000)],
      }),
    ]),
    want: [
      { message: 'kills', severity: 'critical', confidence: 'likely', packets: [997, 1000, 2001] },
    ],
  },
  {
    name: 'is silent where the process died without a handshake under way',
    index: fakeIndex([
      fakeServer({
        connections: healthy,
        closes: [1, 2, 3, 4].map((id) => fakeClose(id, 1000 + id)),
        refusals: [fakeRefusal(2000)],
      }),
    ]),
    want: [],
  },
  {
    name: 'is silent where one connection died alone',
    index: fakeIndex([fakeServer({ ...twice, closes: death(20, 1000).slice(0, 1), refusals: [] })]),
    want: [],
  },
]);

describe('what handshake-kills-server says', () => {
  const only = (given: Partial<ServerFacts>) =>
    [...handshakeKillsServer.check(fakeIndex([fakeServer(given)]))][0];

  it('points at the MAC construction and not at the key', () => {
    const finding = only(twice);
    expect(finding?.causes?.join()).toContain('the server’s MAC construction');
    expect(finding?.causes?.join()).toContain('not the key');
    expect(finding?.table).toEqual([
      ['suite', 'record MAC', 'established', 'died'],
      ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', 'HMAC-SHA1', '0', '2'],
      ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'AEAD', '5', '0'],
    ]);
  });

  it('says of a single death that it is too few to tell from chance', () => {
    const finding = only({
      connections: [...healthy.slice(0, 3), victim(20, 1000)],
      closes: death(20, 1000),
      refusals: [fakeRefusal(2000)],
    });
    expect(finding?.causes?.join()).toMatch(
      /^every death \(1\) .* survivors \(3\) had, too few to tell it from chance: look at the server’s MAC/,
    );
    expect(finding?.causes?.join()).not.toContain('not the key');
  });

  it('says so of HMAC-SHA1 only if no survivor used it', () => {
    const survivor = fakeSummary({ id: 6, cipherSuite: CBC_SHA });
    const finding = only({ ...twice, connections: [...(twice.connections ?? []), survivor] });
    expect(finding?.causes).toEqual([]);
  });
});
