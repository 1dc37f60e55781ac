/** The two rules about cookies that come back elsewhere. */
import { describe, expect, it } from 'vitest';
import type { ConnectionHistory, CookieFact } from '../../../src/model/history.ts';
import { hrrCookieForeign } from '../../../src/rules/misdelivery/hrr-cookie-foreign.ts';
import { hvrCookieFromOtherClient } from '../../../src/rules/misdelivery/hvr-cookie-from-other-client.ts';
import { analyse } from '../../support/analyse.ts';
import {
  at,
  type FakeHistory,
  fakeAlert,
  fakeHistory,
  fakeMessage,
} from '../../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import {
  clientHello,
  concat,
  dtlsFragment,
  dtlsRecord,
  type ExtensionSpec,
  filled,
  handshakeMessage,
  helloVerifyRequest,
  type Octets,
  serverHello,
  tlsRecord,
  u8,
  u16,
  vector,
} from '../../support/hello-builder.ts';
import {
  captureFile,
  type Frame,
  HOSTS,
  type Peer,
  TcpFlow,
  UDP_HOSTS,
  UdpFlow,
} from '../../support/network.ts';
import { atMs, hello, verify } from '../support/dtls-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const given = (by: CookieFact['by']): CookieFact => ({ ...at(5), by, connection: 1 });
const foreign = (by: CookieFact['by'], more: FakeHistory = {}): ConnectionHistory =>
  fakeHistory({
    id: 2,
    protocol: 'DTLS',
    stage: 'server-hello',
    outcome: 'incomplete',
    version: undefined,
    messages: [fakeMessage(1, 'client', 20)],
    foreignCookie: given(by),
    ...more,
    dtls: { clientHellos: [hello(at(20), 1)], ...more.dtls },
  });
const rows = (first: Parameters<typeof fakeSummary>[0] = {}) =>
  fakeIndex([fakeServer({ connections: [fakeSummary(first), fakeSummary({ id: 2 })] })]);
const finding = (confidence: 'proven' | 'likely', ...packets: number[]) =>
  [{ message: 'foreign', severity: 'error', confidence, packets, connections: [2, 1] }] as const;

testConnectionRule(hvrCookieFromOtherClient, [
  {
    name: 'proves it where the server asks again',
    history: foreign('hello_verify_request', {
      dtls: { verifyRequests: [verify(at(21), 2, false)] },
    }),
    index: rows(),
    want: finding('proven', 5, 20, 21),
  },
  {
    name: 'is less sure where nothing of the server was captured',
    history: foreign('hello_verify_request', {
      bothDirections: false,
      dtls: { clientHellos: [hello(at(20), 1), hello(at(30), 1)] },
    }),
    index: rows({ server: { address: '192.0.2.9', port: 443 } }),
    want: finding('likely', 5, 20),
  },
  {
    name: 'cannot tell there whether the client got an answer, unless it asks again',
    history: foreign('hello_verify_request', { bothDirections: false }),
    index: rows({ server: { address: '192.0.2.9', port: 443 } }),
    want: { missing: 'one-direction' },
  },
  {
    name: 'cannot tell where a question to the ClientHello before is missing',
    history: foreign('hello_verify_request', {
      dtls: { clientHellos: [hello(at(18), 0), hello(at(20), 1)] },
    }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'says nothing where the row of the other connection is no longer kept',
    history: foreign('hello_verify_request'),
    index: fakeIndex([fakeServer({ connections: [fakeSummary({ id: 2 })] })]),
    want: [],
  },
  {
    name: 'passes a server that takes it',
    history: foreign('hello_verify_request', { stage: 'done', outcome: 'established' }),
    want: 'pass',
  },
  {
    name: 'leaves the other kind alone',
    history: foreign('hello_retry_request'),
    want: 'not-applicable',
  },
]);

testConnectionRule(
  hrrCookieForeign,
  [
    {
      name: 'proves it where the server answers with an alert',
      history: foreign('hello_retry_request', {
        outcome: 'failed',
        alerts: [fakeAlert(47, 'server', 21)],
      }),
      index: rows(),
      want: finding('proven', 5, 20, 21),
    },
    {
      name: 'passes a server that goes on',
      history: foreign('hello_retry_request', { stage: 'server-flight' }),
      want: 'pass',
    },
    { name: 'leaves other hellos alone', history: fakeHistory(), want: 'not-applicable' },
  ],
  { 'not-assessable': 'the cookie itself was captured where it was given out' },
);

const cookie = filled(20, 7);
const fatal = (description: number): Octets => concat(u8(2), u8(description));

/** Puts a ClientHello or HelloVerifyRequest on the wire of a client with this port. */
class Udp {
  readonly flow: UdpFlow;
  constructor(port: number, startNanos: number, address = UDP_HOSTS.client.address) {
    const hosts = { ...UDP_HOSTS, client: { address, port } };
    this.flow = new UdpFlow({ hosts, startNanos });
  }
  hello(sequence: number, bearing: Octets = new Uint8Array(0)): this {
    const body = clientHello({ version: 0xfefd, cookie: bearing, random: filled(32, 1) });
    return this.put('client', 1, sequence, body);
  }
  ask(sequence: number, giving: Octets = cookie): this {
    return this.put('server', 3, sequence, helloVerifyRequest(0xfeff, giving));
  }
  private put(from: Peer, type: number, sequence: number, body: Octets): this {
    const fragment = dtlsFragment(type, sequence, body);
    this.flow.datagram(from, dtlsRecord(22, 0xfefd, 0, sequence, fragment));
    return this;
  }
}

const told = (...flows: readonly { readonly frames: readonly Frame[] }[]) =>
  analyse(captureFile(flows.flatMap(({ frames }) => frames))).findings.map(
    ({ rule, connections }) => [rule, connections],
  );

describe('a cookie of a HelloVerifyRequest', () => {
  it('is told of where the client moved to another port', () => {
    const first = new Udp(40_001, 0).hello(0).ask(0);
    const second = new Udp(40_002, 1e9).hello(1, cookie).ask(1, filled(20, 8));
    expect(told(first.flow, second.flow)).toEqual([['hvr-cookie-from-other-client', [2, 1]]]);
  });

  it('is told of where a loop follows', () => {
    const first = new Udp(40_001, 0).hello(0).ask(0);
    const second = new Udp(40_002, 1e9).hello(1, cookie).ask(1, filled(20, 8));
    second.hello(1, cookie).ask(2, filled(20, 9)).hello(1, cookie).ask(3, filled(20, 10));
    expect(told(first.flow, second.flow)[0]).toEqual(['hvr-cookie-from-other-client', [2, 1]]);
  });

  it('is told of where the first ClientHello is a minute old', () => {
    const first = new Udp(40_001, 0).hello(0).ask(0);
    const second = new Udp(40_002, 60e9).hello(1, cookie).ask(1, filled(20, 8));
    expect(told(first.flow, second.flow)).toEqual([['hvr-cookie-from-other-client', [2, 1]]]);
  });

  it('is nothing to tell of where the server takes it', () => {
    const first = new Udp(40_001, 0).hello(0).ask(0);
    const second = new Udp(40_002, 1e9).hello(1, cookie);
    const answer = dtlsFragment(2, 1, serverHello({ version: 0xfefd }));
    second.flow.datagram('server', dtlsRecord(22, 0xfefd, 0, 1, answer));
    expect(told(first.flow, second.flow)).toEqual([]);
  });

  it('is not where the capture shows both sides of a translator', () => {
    const inside = new Udp(40_001, 0).hello(0).ask(0).hello(1, cookie);
    const outside = new Udp(50_001, 1000, '203.0.113.9').hello(0);
    outside.flow.nanos = inside.flow.nanos + 1000;
    outside.hello(1, cookie);
    const rules = told(inside.flow, outside.flow).map(([rule]) => rule);
    expect(rules).not.toContain('hvr-cookie-from-other-client');
  });
});

describe('a cookie of a HelloRetryRequest', () => {
  const RETRY = Uint8Array.from(
    Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex'),
  );
  const versions = { type: 43, data: u16(0x0304) };
  const bearing = { type: 44, data: vector(2, cookie) };
  const offer = { type: 43, data: vector(1, u16(0x0304)) };
  const send = (port: number, startNanos: number, ...extensions: readonly ExtensionSpec[]) => {
    const hosts = { ...HOSTS, client: { ...HOSTS.client, port } };
    const body = clientHello({ random: filled(32, port & 0xff), extensions });
    return new TcpFlow({ hosts, startNanos })
      .open()
      .send('client', tlsRecord(22, 0x0301, handshakeMessage(1, body)));
  };
  const asked = (port: number, startNanos: number) => {
    const retry = serverHello({
      random: RETRY,
      cipherSuite: 0x1301,
      extensions: [versions, bearing],
    });
    return send(port, startNanos, offer).send(
      'server',
      tlsRecord(22, 0x0303, handshakeMessage(2, retry)),
    );
  };

  it('is told of where another connection brings it', () => {
    const second = send(40_002, 1e9, offer, bearing).send(
      'server',
      tlsRecord(21, 0x0303, fatal(47)),
    );
    const rules = told(asked(40_001, 0), second.fin('server'));
    expect(rules).toContainEqual(['hrr-cookie-foreign', [2, 1]]);
    expect(rules.map(([rule]) => rule)).not.toContain('handshake-alert');
  });

  it('is not where its own connection brings it', () => {
    const flow = asked(40_001, 0);
    const body = clientHello({ random: filled(32, 0x41), extensions: [offer, bearing] });
    flow.send('client', tlsRecord(22, 0x0303, handshakeMessage(1, body)));
    const rules = told(flow.send('server', tlsRecord(21, 0x0303, fatal(47))).fin('server'));
    expect(rules.map(([rule]) => rule)).not.toContain('hrr-cookie-foreign');
  });
});

it('keeps what a hello says of its cookie', () => {
  const first = new Udp(40_001, 0).hello(0).ask(0);
  const second = new Udp(40_002, 1e9).hello(1, cookie);
  const frames = [...first.flow.frames, ...second.flow.frames];
  const { connections } = analyse(captureFile(frames));
  expect(connections.map(({ foreignCookie }) => foreignCookie)).toEqual([
    undefined,
    { by: 'hello_verify_request', connection: 1, packet: 2, nanos: atMs(2, 0.2).nanos },
  ]);
});
