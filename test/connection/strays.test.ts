/** Records that stand out of their direction: explicit nonces off the line, ciphertext that was seen before. */
import { describe, expect, test } from 'vitest';
import { analyse, onlyConnection } from '../support/analyse.ts';
import { Association, TlsWriter } from '../support/conversation.ts';
import { type Octets, tlsRecord } from '../support/hello-builder.ts';
import {
  captureFile,
  MS,
  type Peer,
  TcpFlow,
  type TcpOptions,
  UdpFlow,
} from '../support/network.ts';
import { Cipherlike, nonceOf } from '../support/protection.ts';
import { reaches } from '../support/reaches.ts';

const FIRST = 0x5e11_0000_ffff_fffen;
const GOAL: Peer = 'client';

class Tapped {
  readonly flow: TcpFlow;
  private readonly writer: TlsWriter;
  private readonly cipher: Cipherlike;

  constructor(seed = 1, options: TcpOptions = {}, spec: { suite?: number; version?: number } = {}) {
    this.flow = new TcpFlow(options);
    this.writer = new TlsWriter({ seed, ...spec });
    this.cipher = new Cipherlike(seed + 1000);
    this.flow.open();
    for (const { from, record } of this.writer.handshake()) this.flow.send(from, record);
  }

  /** Records whose explicit nonces are the first one plus these. */
  nonces(...steps: readonly number[]): this {
    for (const step of steps) this.flow.send(GOAL, this.record(FIRST + BigInt(step)));
    return this;
  }

  record(nonce: bigint, type = 23): Octets {
    return tlsRecord(type, 0x0303, this.cipher.behind(nonceOf(nonce), 90));
  }

  get file(): Octets {
    return captureFile(this.flow.frames);
  }
}

const told = (tapped: Tapped) =>
  onlyConnection(tapped.file).strays.map(({ kind, after, from }) => [kind, after, from]);

describe('explicit nonces', () => {
  test.each<[string, readonly number[], readonly unknown[]]>([
    ['a line that goes on, over the end of the low word', [0, 1, 2, 3, 4], []],
    ['a first nonce of its own, as some stacks have', [700, 0, 1, 2], []],
    ['random ones', [5, 900, 17, 33, 2, 80, 41, 7, 70, 11], []],
    ['one record of somebody else', [0, 1, 90, 2, 3], [['nonce-off-line', 'line', GOAL]]],
    ['the same, and nothing behind it', [0, 1, 90], [['nonce-off-line', undefined, GOAL]]],
    ['numbers are missing', [0, 1, 40, 41, 42], [['nonce-off-line', 'moved', GOAL]]],
    [
      'a line that was left twice',
      [0, 1, 9, 2, 8, 3],
      [
        ['nonce-off-line', 'line', GOAL],
        ['nonce-off-line', 'line', GOAL],
      ],
    ],
    ['two writers behind one another', [0, 1, 2, 3, 2, 3, 4], [['nonce-repeated', 'moved', GOAL]]],
    ['two writers at a time', [0, 1, 2, 2, 3, 3, 4, 4], [['nonce-repeated', 'both', GOAL]]],
    ['below the line, but never used', [5, 6, 7, 1, 8], [['nonce-off-line', 'line', GOAL]]],
  ])('%s', (_name, steps, want) => {
    expect(told(new Tapped().nonces(...steps))).toEqual(want);
  });

  test('say what was due and where the record was, however it is cut into segments', () => {
    for (const size of [1000, 17, 7, 3]) {
      const tapped = new Tapped(1, { segments: [size] }).nonces(0, 1, 90, 2);
      expect(onlyConnection(tapped.file).strays).toMatchObject([
        {
          nonce: { got: '5e11000100000058', due: '5e11000100000000' },
          contentType: 23,
          length: 90,
          other: undefined,
        },
      ]);
    }
  });

  test('name the connection whose line it is', () => {
    const other = new Tapped(2, {
      hosts: {
        client: { address: '192.0.2.11', port: 40_002 },
        server: { address: '198.51.100.20', port: 443 },
      },
    }).nonces(7000, 7001);
    const mine = new Tapped(1, { startNanos: 1e9 }).nonces(0, 1, 7002, 2);
    const { connections } = analyse(captureFile([...other.flow.frames, ...mine.flow.frames]));
    expect(connections.map(({ strays }) => strays.map((one) => one.other?.connection))).toEqual([
      [],
      [1],
    ]);
  });

  test('may be any in an alert, which some stacks write by another way', () => {
    const tapped = new Tapped().nonces(0, 1, 2);
    tapped.flow.send(GOAL, tapped.record(4n, 21));
    expect(told(tapped)).toEqual([]);
  });

  test('may jump where octets are missing', () => {
    const tapped = new Tapped().nonces(0, 1, 2);
    tapped.flow.skip(GOAL, 95 * 3).acknowledge('server');
    tapped.nonces(6, 7);
    expect(told(tapped)).toEqual([]);
  });

  test('may begin anew behind a ChangeCipherSpec', () => {
    const tapped = new Tapped().nonces(0, 1, 2);
    tapped.flow.send(GOAL, tlsRecord(20, 0x0303, new Uint8Array(50)));
    expect(told(tapped.nonces(500, 501, 502))).toEqual([]);
  });

  test('are none of TLS 1.3', () => {
    expect(told(new Tapped(1, {}, { version: 0x0304 }).nonces(0, 1, 90, 2))).toEqual([]);
  });
});

describe('the same ciphertext', () => {
  const hosts = (n: number) => ({
    client: { address: `192.0.2.${n}`, port: 40_000 + n },
    server: { address: '198.51.100.20', port: 443 },
  });
  const over13 = (n: number, seed = n, startNanos = n * 1e9) =>
    new Tapped(seed, { hosts: hosts(n), startNanos }, { version: 0x0304 });
  const sealed = (seed: number, length = 60) =>
    tlsRecord(23, 0x0303, new Cipherlike(seed).octets(length));

  test('in both directions is a reflection', () => {
    const tapped = over13(1);
    tapped.flow.send('client', sealed(77)).send('server', sealed(77));
    const [stray] = onlyConnection(tapped.file).strays;
    expect(stray).toMatchObject({ kind: 'reflection', from: 'server', length: 60 });
    expect(stray?.other?.connection).toBe(1);
    expect(stray?.peerRecords).toBe(2);
    expect(stray?.other?.packet).toBe((stray?.packet ?? 0) - 2);
  });

  test('twice in one direction is a repetition', () => {
    const tapped = over13(1);
    tapped.flow.send('server', sealed(77)).send('server', sealed(77));
    expect(told(tapped)).toEqual([['repetition', undefined, 'server']]);
  });

  test('in another connection is a copy, told of the later one', () => {
    const first = over13(1);
    const second = over13(2);
    first.flow.send('client', sealed(77));
    second.flow.send('client', sealed(77));
    const { connections } = analyse(captureFile([...first.flow.frames, ...second.flow.frames]));
    expect(
      connections.map(({ strays }) => strays.map(({ kind, other }) => [kind, other?.connection])),
    ).toEqual([[], [['copy', 1]]]);
  });

  test.each<[string, Octets, Octets]>([
    ['is none with another length', sealed(77), sealed(77, 61)],
    ['is none if too short to tell', sealed(77, 31), sealed(77, 31)],
  ])('%s', (_name, one, other) => {
    const tapped = over13(1);
    tapped.flow.send('client', one).send('server', other);
    expect(told(tapped)).toEqual([]);
  });

  test('is known by its end too, however it is cut into segments', () => {
    const beginning = [...sealed(77).subarray(0, 40)];
    const alike = Uint8Array.from([...beginning, ...sealed(78).subarray(40)]);
    for (const size of [1000, 64, 63, 62, 17, 3, 1]) {
      const tapped = (other: Octets) => {
        const [one, two] = [1, 2].map(
          (n) => new Tapped(n, { hosts: hosts(n), startNanos: n * 1e9, segments: [size] }),
        ) as [Tapped, Tapped];
        one.flow.send('client', sealed(77));
        two.flow.send('client', other);
        return analyse(captureFile([...one.flow.frames, ...two.flow.frames])).connections;
      };
      const kinds = (other: Octets) =>
        tapped(other).flatMap(({ strays }) => strays.map((s) => s.kind));
      expect(kinds(sealed(77)), `${size}`).toEqual(['copy']);
      expect(kinds(alike), `${size}`).toEqual([]);
    }
  });

  test('says nothing where one handshake was captured on both sides of a translator', () => {
    const inside = over13(1, 5, 0);
    const outside = over13(2, 5, 1000);
    inside.flow.send('client', sealed(77));
    outside.flow.send('client', sealed(77));
    const { connections } = analyse(captureFile([...inside.flow.frames, ...outside.flow.frames]));
    expect(connections.map(({ strays }) => strays)).toEqual([[], []]);
  });

  test('says nothing where nothing is encrypted', () => {
    const tapped = new Tapped(1, {}, { suite: 0x0002 });
    tapped.flow.send('client', sealed(77)).send('server', sealed(77));
    expect(told(tapped)).toEqual([]);
  });
});

describe('hellos of somebody else', () => {
  const hosts = (n: number) => ({
    client: { address: `192.0.2.${n}`, port: 40_000 + n },
    server: { address: '198.51.100.20', port: 443 },
  });
  const hellos = (seed: number) => {
    const [asked, answered] = new TlsWriter({ seed, version: 0x0304 }).handshake();
    if (asked === undefined || answered === undefined) throw new Error('no hellos');
    return { asked: asked.record, answered: answered.record };
  };
  const answersOf = (...flows: readonly TcpFlow[]) =>
    analyse(captureFile(flows.flatMap(({ frames }) => frames))).connections.map(({ oddities }) =>
      oddities.map(({ kind, answers }) => [kind, answers]),
    );
  const flow = (n: number) => new TcpFlow({ hosts: hosts(n), startNanos: n * 1000 }).open();

  test('a ServerHello is known by the session id of the other ClientHello', () => {
    const one = flow(1).send('client', hellos(1).asked).send('server', hellos(2).answered);
    const two = flow(2).send('client', hellos(2).asked);
    expect(answersOf(one, two)).toEqual([[['session-id-not-echoed', 2]], []]);
  });

  test('the other connection is not named where several had that session id', () => {
    const one = flow(1)
      .wait(1e6)
      .send('client', hellos(1).asked)
      .send('server', hellos(2).answered);
    const two = flow(2).send('client', hellos(2).asked);
    const three = flow(3).send('client', hellos(2).asked);
    const told = answersOf(one, two, three);
    expect(told.flat()).toEqual([['session-id-not-echoed', 0]]);
  });

  test('nor where nobody had it', () => {
    const one = flow(1).send('client', hellos(1).asked).send('server', hellos(2).answered);
    expect(answersOf(one)).toEqual([[['session-id-not-echoed', 0]]]);
  });

  test('an answer that fits says nothing', () => {
    const one = flow(1).send('client', hellos(1).asked).send('server', hellos(1).answered);
    expect(answersOf(one)).toEqual([[]]);
  });

  test('a ClientHello that comes back is no hello of a client', () => {
    const one = flow(1).send('client', hellos(1).asked).send('server', hellos(1).asked);
    const { connections } = analyse(captureFile(one.frames));
    expect(
      connections.map(({ client, oddities }) => [
        client.address,
        ...oddities.map(({ kind, from }) => [kind, from]),
      ]),
    ).toEqual([['192.0.2.1', ['hello-reflected', 'server']]]);
  });
});

describe('DTLS numbers far ahead', () => {
  const told = (talk: (a: Association) => void) => {
    const flow = new UdpFlow();
    const a = new Association(flow);
    for (const [from, flight] of a.flights()) a.send(from, flight());
    const send = (sequence: number) => a.send('client', [a.sealed('client', 23, 40, { sequence })]);
    for (const sequence of [1, 2, 3]) send(sequence);
    talk(a);
    const { dtls } = onlyConnection(captureFile(flow.frames));
    return dtls?.anomalies.map(({ kind, ahead, lineGoesOn }) => [kind, ahead, lineGoesOn]);
  };
  const sends =
    (...sequences: readonly number[]) =>
    (a: Association) => {
      for (const sequence of sequences)
        a.send('client', [a.sealed('client', 23, 40, { sequence })]);
    };

  test.each<[string, (a: Association) => void, readonly unknown[]]>([
    ['one of them, and the line goes on', sends(500_000, 4, 5), [['far-number', 499_997, true]]],
    ['one of them, and nothing behind it', sends(500_000), [['far-number', 499_997, false]]],
    ['a jump that the next record confirms', sends(500_000, 500_001, 500_002), []],
    ['a gap as loss leaves it', sends(900, 901), []],
    [
      'more than a pause explains at this rate',
      (a) => {
        a.flow.wait(5 * MS);
        sends(2000)(a);
      },
      [['far-number', 1997, false]],
    ],
    [
      'what a longer pause explains',
      (a) => {
        a.flow.wait(1000 * MS);
        sends(2000)(a);
      },
      [],
    ],
  ])('%s', (_name, talk, want) => {
    expect(told(talk)).toEqual(want);
  });

  reaches('dtlsFarAhead', 50, 'a number further ahead than loss explains', (bound) => {
    expect(told(sends(3 + bound))).toEqual([]);
    expect(told(sends(4 + bound))).toEqual([['far-number', bound + 1, false]]);
  });
});
