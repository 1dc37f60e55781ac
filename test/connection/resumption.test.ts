import { describe, expect, it } from 'vitest';
import { analyse } from '../support/analyse.ts';
import {
  clientHello,
  concat,
  dtlsFragment,
  dtlsRecord,
  type ExtensionSpec,
  ext,
  filled,
  handshakeMessage,
  type Octets,
  serverHello,
  tlsRecord,
  u8,
  uint,
  vector,
} from '../support/hello-builder.ts';
import { captureFile, type Frame, HOSTS, TcpFlow, UDP_HOSTS, UdpFlow } from '../support/network.ts';
import { Cipherlike } from '../support/protection.ts';

const EMS = ext.extendedMasterSecret();
const RENEGOTIATION = ext.renegotiationInfo();

const ticketOf = (key: number, n: number): Octets => concat(filled(16, key), filled(48, n));
const newTicket = (ticket: Octets): Octets => concat(uint(7200, 4), vector(2, ticket));

interface Handshake {
  readonly n: number;
  readonly offer?: readonly ExtensionSpec[];
  readonly sessionId?: Octets;
  readonly answer?: readonly ExtensionSpec[];
  readonly issuedId?: Octets;
  /** The server resumes: no certificate, no key exchange. */
  readonly resumed?: boolean;
  /** The server issues this ticket. */
  readonly ticket?: Octets;
  /** The server's address, where it is not the one of the others; the client's likewise. */
  readonly server?: string;
  readonly client?: string;
  /** Some seconds between two of them. */
  readonly seconds?: number;
  /** The server answers the ClientHello with this alert. */
  readonly alert?: number;
  /** Cuts the NewSessionTicket over two records. */
  readonly split?: boolean;
}

const handshake = (body: Octets): Octets => tlsRecord(22, 0x0303, body);
const CHANGE = tlsRecord(20, 0x0303, u8(1));
/** Its records carry no nonce, so that any octets will do. */
const CHACHA20 = 0xcca8;

/** A handshake of TLS 1.2 from a port of its own, one second after the one before. */
function connect(h: Handshake): readonly Frame[] {
  const cipher = new Cipherlike(h.n);
  const finished = () => tlsRecord(22, 0x0303, cipher.octets(32));
  const { server = HOSTS.server.address, client = HOSTS.client.address } = h;
  const hosts = {
    client: { address: client, port: 40_000 + h.n },
    server: { ...HOSTS.server, address: server },
  };
  const flow = new TcpFlow({ hosts, startNanos: h.n * (h.seconds ?? 1) * 1e9 }).open();
  const hello = clientHello({
    random: filled(32, h.n),
    cipherSuites: [CHACHA20],
    sessionId: h.sessionId ?? new Uint8Array(0),
    extensions: h.offer ?? [EMS],
  });
  const answer = serverHello({
    random: filled(32, 0x80 + h.n),
    cipherSuite: CHACHA20,
    sessionId: h.issuedId ?? new Uint8Array(0),
    extensions: h.answer ?? [EMS],
  });
  const message = h.ticket && handshakeMessage(4, newTicket(h.ticket));
  const issue =
    message === undefined
      ? new Uint8Array(0)
      : h.split
        ? concat(handshake(message.subarray(0, 30)), handshake(message.subarray(30)))
        : handshake(message);
  const keys = concat(handshake(handshakeMessage(16, vector(1, filled(65, 4)))));
  flow.send('client', tlsRecord(22, 0x0301, handshakeMessage(1, hello)));
  if (h.alert !== undefined)
    return flow.send('server', tlsRecord(21, 0x0303, concat(u8(2), u8(h.alert)))).fin('server')
      .frames;
  if (h.resumed === true) {
    flow.send('server', handshake(handshakeMessage(2, answer)), issue, CHANGE, finished());
    flow.send('client', CHANGE, finished());
  } else {
    const flight = [answer, vector(3, vector(3, filled(90, 3))), new Uint8Array(0)];
    const types = [2, 11, 14];
    flow.send(
      'server',
      ...flight.map((body, i) => handshake(handshakeMessage(types[i] ?? 0, body))),
    );
    flow.send('client', keys, CHANGE, finished());
    flow.send('server', issue, CHANGE, finished());
  }
  flow.send('client', tlsRecord(23, 0x0303, cipher.octets(60)));
  return flow.frames;
}

const run = (...handshakes: readonly Handshake[]) =>
  analyse(captureFile(handshakes.flatMap(connect)));
const told = (analysed: ReturnType<typeof run>) =>
  analysed.findings.map(({ rule, severity, connections }) => [rule, severity, connections[0]]);

describe('sessions that are offered again', () => {
  const first = ticketOf(0x11, 1);
  const offering = [EMS, ext.sessionTicket(first)];

  it.each([false, true])('are known by their ticket (cut over records: %s)', (split) => {
    const { connections } = run(
      { n: 1, ticket: first, split },
      { n: 2, offer: offering, ticket: ticketOf(0x22, 2) },
    );
    expect(connections.map(({ resumption }) => resumption)).toEqual([
      undefined,
      {
        by: 'ticket',
        keyName: '11'.repeat(16),
        isOtherName: false,
        issued: expect.objectContaining({ connection: 1, extendedMasterSecret: true }),
        renewed: expect.objectContaining({ connection: 2, keyName: '22'.repeat(16) }),
      },
    ]);
  });

  it('are known by their session id', () => {
    const issuedId = filled(32, 7);
    const { connections } = run({ n: 1, issuedId }, { n: 2, sessionId: issuedId });
    expect(connections[1]?.resumption).toMatchObject({
      by: 'session_id',
      keyName: undefined,
      issued: { connection: 1 },
      renewed: undefined,
    });
  });

  it('are none where the session id is only there for middleboxes', () => {
    const offer = [EMS, ext.supportedVersions([0x0304, 0x0303])];
    const { connections } = run({ n: 1, sessionId: filled(32, 7), offer });
    expect(connections[0]?.resumption).toBeUndefined();
  });

  it('are known over DTLS too', () => {
    const flow = new UdpFlow({ hosts: UDP_HOSTS });
    const hello = (n: number, extensions: readonly ExtensionSpec[]) =>
      clientHello({
        version: 0xfefd,
        cookie: new Uint8Array(0),
        random: filled(32, n),
        extensions,
      });
    const send = (from: 'client' | 'server', type: number, n: number, body: Octets) =>
      flow.datagram(from, dtlsRecord(22, 0xfefd, 0, n, dtlsFragment(type, n, body)));
    send('client', 1, 0, hello(1, [EMS]));
    send('server', 2, 0, serverHello({ version: 0xfefd, extensions: [EMS] }));
    send('server', 4, 1, newTicket(first));
    flow.datagram('server', dtlsRecord(20, 0xfefd, 0, 2, u8(1)));
    flow.datagram('client', dtlsRecord(22, 0xfefd, 0, 9, dtlsFragment(1, 0, hello(2, offering))));
    const { connections } = analyse(captureFile(flow.frames));
    expect(connections[1]?.resumption?.issued).toMatchObject({ connection: 1, by: 'ticket' });
  });

  it('are told of where the server does not take them up, whatever came before', () => {
    const analysed = run(
      { n: 1, ticket: first },
      { n: 2, ticket: ticketOf(0x11, 2) },
      { n: 3, offer: offering },
      { n: 4, offer: offering },
    );
    expect(told(analysed)).toEqual([
      ['ticket-decrypt-failed', 'info', 3],
      ['ticket-decrypt-failed', 'info', 4],
    ]);
  });

  it('are told of where they are resumed on other terms, even among many that are not', () => {
    const id = filled(32, 9);
    const resume = { sessionId: id, offer: offering, issuedId: id, resumed: true };
    const analysed = run(
      { n: 1, ticket: first },
      { n: 2, ...resume },
      { n: 3, ...resume },
      { n: 4, ...resume, answer: [RENEGOTIATION] },
      { n: 5, ...resume, answer: [RENEGOTIATION] },
    );
    expect(told(analysed)).toEqual([
      ['ems-disagreement', 'warning', 4],
      ['ems-disagreement', 'warning', 5],
    ]);
  });

  describe('at another server or under another name', () => {
    const named = (name: string, ...more: readonly ExtensionSpec[]) => [
      EMS,
      ext.serverName(name),
      ...more,
    ];
    const id = filled(32, 9);
    const offer = (name: string) => named(name, ext.sessionTicket(first));
    const resume = { sessionId: id, issuedId: id, resumed: true };
    const issue = { n: 1, ticket: first, offer: named('a.example') };
    const other = '198.51.100.21';

    it('are told of where that server does not take them up', () => {
      const analysed = run(issue, { n: 2, server: other, offer: offer('a.example') });
      expect(told(analysed)).toEqual([['ticket-crossed-servers', 'info', 2]]);
    });

    it('are told of where the name is another one', () => {
      const analysed = run(issue, { n: 2, offer: offer('b.example') });
      expect(told(analysed)).toEqual([['ticket-crossed-servers', 'info', 2]]);
    });

    it('are told of where that server refuses them, and the client gets in without', () => {
      const analysed = run(
        issue,
        { n: 2, server: other, offer: offer('a.example'), alert: 40 },
        { n: 3, server: other, offer: named('a.example') },
      );
      expect(told(analysed)).toEqual([['ticket-crossed-servers', 'error', 2]]);
      expect(analysed.findings[0]?.confidence).toBe('likely');
    });

    it('are not blamed for an alert where nobody knows that the client gets in without', () => {
      const analysed = run(issue, { n: 2, server: other, offer: offer('a.example'), alert: 40 });
      expect(told(analysed)).toEqual([['handshake-alert', 'error', 2]]);
    });

    it('are nothing to tell of where another node of the same name resumes them', () => {
      expect(
        told(run(issue, { n: 2, ...resume, server: other, offer: offer('A.example.') })),
      ).toEqual([]);
    });

    it('are told of where they are resumed under another name, even among many that are not', () => {
      const analysed = run(
        issue,
        { n: 2, ...resume, offer: offer('a.example') },
        { n: 3, ...resume, offer: offer('a.example') },
        { n: 4, ...resume, offer: offer('b.example') },
        { n: 5, ...resume, offer: [EMS, ext.sessionTicket(first)] },
        { n: 6, ...resume, offer: offer('b.example') },
      );
      expect(told(analysed)).toEqual([
        ['tickets-shared-across-names', 'warning', 4],
        ['tickets-shared-across-names', 'warning', 6],
      ]);
      expect(analysed.findings[0]?.summary).toMatch(/asks for b\.example .* for a\.example/);
    });
  });

  describe('with a session id that another client was given', () => {
    const issuedId = filled(32, 7);
    const spread = { issuedId, seconds: 30 };

    it('are told of', () => {
      const analysed = run({ n: 1, ...spread }, { n: 2, ...spread, client: '192.0.2.11' });
      expect(told(analysed)).toEqual([['tls-duplicate-session-id', 'warning', 1]]);
    });

    it.each([
      ['the same client', { n: 2, ...spread }],
      ['an id of its own', { n: 2, ...spread, issuedId: filled(32, 8), client: '192.0.2.11' }],
      ['it just before', { n: 2, ...spread, seconds: 16, client: '192.0.2.11' }],
      ['it when it asked', { n: 2, ...spread, sessionId: issuedId, resumed: true }],
    ])('are not where %s was given', (_, second: Handshake) => {
      expect(told(run({ n: 1, ...spread }, second))).toEqual([]);
    });
  });
});
