import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { QuicStream } from '../../src/connection/quic-stream.ts';
import { QuicTracker } from '../../src/connection/quic-tracker.ts';
import { LIMITS } from '../../src/model/limits.ts';
import type { QuicConnection } from '../../src/model/quic.ts';
import type { FlowDirectory, Side } from '../../src/model/stream.ts';
import {
  clientHello,
  concat,
  ext,
  filled,
  handshakeMessage,
  hex,
  type Octets,
  serverHello,
  uint,
} from '../support/hello-builder.ts';
import {
  cryptoFrame,
  DRAFT_29,
  type InitialSpec,
  initialPacket,
  longPacket,
  V1,
  V2,
  varint,
} from '../support/quic-builder.ts';
import { reaches } from '../support/reaches.ts';

const flows: FlowDirectory = {
  streamOf: (flow) => flow,
  isOverTcp: () => false,
  endpoint: (flow, side) => ({ address: `192.0.2.${flow & 255}`, port: side }),
  address: (flow) => `192.0.2.${flow & 255}`,
  port: (_flow, side) => side,
  endpointKey: (flow) => flow,
};

class Wire {
  readonly tracker = new QuicTracker(flows);
  packet = 0;

  send(octets: Octets, side: Side = 0, flow = 0, wireLength = octets.length): boolean {
    const block = concat(filled(3, 0xc0), octets, filled(30, 0xc0));
    const packet = ++this.packet;
    const isQuic = this.tracker.longHeader(
      flow,
      side,
      block,
      3,
      3 + octets.length,
      wireLength,
      packet,
      packet,
    );
    // Nothing of the datagram may be kept.
    block.fill(0xee);
    return isQuic;
  }

  get connections(): readonly QuicConnection[] {
    return this.tracker.result().connections;
  }

  get only(): QuicConnection {
    const [only, ...others] = this.connections;
    if (only === undefined || others.length > 0)
      throw new Error(`${this.connections.length} connections`);
    return only;
  }
}

const ID = filled(8, 0x1d);
const CLIENT_ID = filled(6, 0xcc);
const SERVER_ID = filled(8, 0x55);
const NAME = 'quic.example.org';
const hello = (name = NAME, padding = 0): Octets =>
  handshakeMessage(
    1,
    clientHello({
      random: filled(32, 0xaa),
      cipherSuites: [0x1301, 0x1302],
      extensions: [
        ext.serverName(name),
        ext.alpn('h3', 'h3-29'),
        ext.supportedVersions([0x0a0a, 0x0304]),
        ext.supportedGroups([29]),
        ...(padding > 0 ? [{ type: 21, data: filled(padding, 0) }] : []),
      ],
    }),
  );
const answer = handshakeMessage(
  2,
  serverHello({ cipherSuite: 0x1302, extensions: [ext.selectedVersion(0x0304), ext.keyShare(29)] }),
);
const fromClient = (frames: Octets, more: Partial<InitialSpec> = {}): Octets =>
  initialPacket({ keysOf: ID, source: CLIENT_ID, frames, padTo: 1100, ...more });
const fromServer = (frames: Octets, more: Partial<InitialSpec> = {}): Octets =>
  initialPacket({ keysOf: ID, from: 'server', to: CLIENT_ID, source: SERVER_ID, frames, ...more });

describe('QUIC connections', () => {
  test.each([
    ['v1', V1],
    ['v2', V2],
    ['draft-29', DRAFT_29],
  ])('%s: both hellos', (_name, version) => {
    const wire = new Wire();
    expect(wire.send(fromClient(cryptoFrame(0, hello()), { version }), 1)).toBe(true);
    wire.send(fromServer(concat(hex('02 00 00 00 00'), cryptoFrame(0, answer)), { version }), 0);
    const found = wire.only;
    expect(found).toMatchObject({
      stream: 0,
      client: { port: 1 },
      server: { port: 0 },
      rolesKnown: true,
      firstPacket: 1,
      lastPacket: 2,
      version,
      cipherSuite: 0x1302,
      tlsVersion: 0x0304,
      clientHello: {
        serverName: NAME,
        alpn: ['h3', 'h3-29'],
        versions: [0x0304],
        cipherSuites: [0x1301, 0x1302],
        extensions: [0, 16, 43, 10],
        supportedGroups: [29],
        signatureAlgorithms: [],
      },
    });
    expect(found.clientHello?.random).toEqual(filled(32, 0xaa));
  });

  test('a server that goes on in version 2', () => {
    const wire = new Wire();
    wire.send(fromClient(cryptoFrame(0, hello())));
    wire.send(fromServer(cryptoFrame(0, answer), { version: V2 }), 1);
    expect(wire.only).toMatchObject({ version: V2, cipherSuite: 0x1302 });
  });

  test('a ClientHello over several Initials, in any order and sent again', () => {
    const whole = hello(NAME, 3000);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: whole.length - 1 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 0, max: 1000 }),
        (cuts, order) => {
          const edges = [...new Set([0, ...cuts, whole.length])].sort((a, b) => a - b);
          const frames = edges
            .slice(1)
            .map((end, i) => cryptoFrame(edges[i] as number, whole.subarray(edges[i], end)));
          frames.push(frames[order % frames.length] as Octets);
          frames.sort((a, b) => (((a[3] ?? 0) * order) % 7) - (((b[3] ?? 0) * order) % 7));
          const wire = new Wire();
          frames.forEach((frame, number) => {
            wire.send(fromClient(frame, { number }));
          });
          expect(wire.only.clientHello?.serverName).toBe(NAME);
        },
      ),
      { seed: 9001, numRuns: 40 },
    );
  });

  test('two Initials and a Handshake packet in one datagram', () => {
    const whole = hello();
    const first = initialPacket({
      keysOf: ID,
      source: CLIENT_ID,
      frames: cryptoFrame(0, whole.subarray(0, 50)),
    });
    const second = initialPacket({
      keysOf: ID,
      source: CLIENT_ID,
      number: 1,
      frames: cryptoFrame(50, whole.subarray(50)),
    });
    const handshake = longPacket(2, V1, ID, CLIENT_ID, concat(varint(40), filled(40, 3)));
    const wire = new Wire();
    wire.send(concat(first, second, handshake, filled(30, 0)));
    expect(wire.only.clientHello?.serverName).toBe(NAME);
  });

  test('behind a Retry the keys come from the server’s id, and it is still one connection', () => {
    const wire = new Wire();
    wire.send(fromClient(cryptoFrame(0, hello())));
    wire.send(longPacket(3, V1, CLIENT_ID, SERVER_ID, filled(40, 0x77)), 1);
    wire.send(
      fromClient(cryptoFrame(0, hello()), { keysOf: SERVER_ID, token: filled(24, 1), number: 1 }),
    );
    wire.send(fromServer(cryptoFrame(0, answer), { keysOf: SERVER_ID }), 1);
    expect(wire.only).toMatchObject({ cipherSuite: 0x1302, clientHello: { serverName: NAME } });
  });

  test('behind Version Negotiation too', () => {
    const wire = new Wire();
    wire.send(fromClient(cryptoFrame(0, hello()), { version: DRAFT_29 }));
    wire.send(longPacket(0, 0, CLIENT_ID, ID, concat(uint(0x1a1a1a1a, 4), uint(V1, 4))), 1);
    const other = filled(9, 3);
    wire.send(fromClient(cryptoFrame(0, hello()), { keysOf: other }));
    wire.send(fromServer(cryptoFrame(0, answer), { keysOf: other }), 1);
    expect(wire.only).toMatchObject({ version: V1, cipherSuite: 0x1302 });
  });

  test('the next connection on the same 5-tuple', () => {
    const wire = new Wire();
    wire.send(fromClient(cryptoFrame(0, hello('one.example'))));
    wire.send(fromServer(cryptoFrame(0, answer)), 1);
    wire.send(fromClient(cryptoFrame(0, hello('one.example')), { number: 2 }));
    wire.send(fromClient(hex('02 00 00 00 00'), { to: SERVER_ID, number: 3 }));
    wire.send(fromClient(cryptoFrame(0, hello('two.example')), { keysOf: filled(8, 0x2d) }));
    expect(wire.connections.map(({ clientHello }) => clientHello?.serverName)).toEqual([
      'one.example',
      'two.example',
    ]);
  });

  test('joined late, cut, or of a version without known keys: named by version only', () => {
    const wire = new Wire();
    wire.send(longPacket(2, V1, CLIENT_ID, SERVER_ID, concat(varint(60), filled(60, 1))), 1);
    const initial = fromClient(cryptoFrame(0, hello()));
    wire.send(initial.subarray(0, 100), 0, 1, initial.length);
    wire.send(longPacket(0, 0x51303436, ID, CLIENT_ID, filled(60, 1)), 0, 2);
    expect(
      wire.connections.map(({ version, rolesKnown, clientHello }) => [
        version,
        rolesKnown,
        clientHello,
      ]),
    ).toEqual([
      [V1, false, undefined],
      [V1, false, undefined],
      [0x51303436, false, undefined],
    ]);
  });

  test('what is no QUIC leaves nothing', () => {
    const wire = new Wire();
    expect(wire.send(concat(hex('c0 12345678 08'), filled(60, 1)))).toBe(false);
    expect(wire.connections).toEqual([]);
  });

  test('a CRYPTO stream that begins with something else is not read as a hello', () => {
    const wire = new Wire();
    wire.send(fromClient(cryptoFrame(0, answer)));
    expect(wire.only).toMatchObject({ rolesKnown: true, clientHello: undefined });
  });
});

describe('bounds', () => {
  reaches('quicHelloOctets', 2048, 'a hello beyond the limit is not put together', (bound) => {
    const whole = hello(NAME, bound);
    const wire = new Wire();
    for (let at = 0, number = 0; at < whole.length; at += 1000, number++)
      wire.send(fromClient(cryptoFrame(at, whole.subarray(at, at + 1000)), { number }));
    expect(wire.only.clientHello).toBeUndefined();
    wire.send(fromServer(cryptoFrame(0, answer)), 1);
    expect(wire.only.cipherSuite).toBe(0x1302);
  });

  reaches(
    'quicPieces',
    8,
    'pieces beyond the limit are forgotten, and there may be room later',
    (bound) => {
      const stream = new QuicStream();
      const whole = hello(NAME, 1000);
      const piece = (at: number, octets = 1): void => stream.add(at, whole, at, at + octets);
      for (let n = 0; n < bound + 5; n++) piece(10 + 3 * n);
      // The five furthest back were forgotten: they are still missing when all between them has come.
      piece(0, 10);
      for (let n = 0; n < bound + 5; n++) piece(11 + 3 * n, 2);
      piece(10 + 3 * (bound + 5), whole.length - 10 - 3 * (bound + 5));
      expect(stream.message(1)).toBeUndefined();
      piece(10, whole.length - 10);
      expect(stream.message(1)).toEqual(whole.subarray(4));
      expect(stream.message(2)).toBeNull();
    },
  );

  test('the first copy of an octet stays', () => {
    const stream = new QuicStream();
    const whole = hello();
    stream.add(10, whole, 10, 40);
    stream.add(
      0,
      filled(whole.length, 1).map((_, i) => (i < 10 || i >= 40 ? (whole[i] as number) : 0)),
      0,
      whole.length,
    );
    expect(stream.message(1)).toEqual(whole.subarray(4));
  });

  reaches(
    'quicInitials',
    8,
    'Initials of one connection beyond the limit are not opened',
    (bound) => {
      const wire = new Wire();
      const whole = hello();
      for (let number = 0; number <= bound; number++)
        wire.send(fromClient(cryptoFrame(0, whole.subarray(0, 9)), { number }));
      wire.send(fromClient(cryptoFrame(9, whole.subarray(9)), { number: 99 }));
      expect(wire.only.clientHello).toBeUndefined();
    },
  );

  reaches('quicFailures', 2, 'a 5-tuple whose Initials fail is given up', (bound) => {
    const wire = new Wire();
    const wrong = (n: number) => {
      const packet = fromClient(cryptoFrame(0, hello()), { keysOf: uint(n, 8) });
      packet[packet.length - 1] = (packet[packet.length - 1] as number) ^ 1;
      return packet;
    };
    for (let n = 0; n < bound; n++) wire.send(wrong(n));
    wire.send(fromClient(cryptoFrame(0, hello())));
    expect(wire.only).toMatchObject({ rolesKnown: false, clientHello: undefined });
  });

  reaches(
    'quicConnections',
    16,
    'connections beyond the limit are counted, and none is named in part',
    (bound) => {
      const wire = new Wire();
      const late = longPacket(2, V1, CLIENT_ID, SERVER_ID, concat(varint(30), filled(30, 1)));
      for (let flow = 0; flow < bound + 3; flow++) wire.send(late, 0, flow);
      for (let flow = 0; flow < bound + 3; flow++) wire.send(late, 1, flow);
      const { connections, omitted } = wire.tracker.result();
      expect([connections.length, omitted]).toEqual([bound, 3]);
    },
  );

  reaches(
    'quicGathering',
    8,
    'more hellos in pieces than are gathered at one time: the oldest gives way',
    (bound) => {
      const wire = new Wire();
      const whole = hello();
      const part = (from: number, to: number, number: number) =>
        fromClient(cryptoFrame(from, whole.subarray(from, to)), { number });
      const [first, second] = [part(0, 60, 0), part(60, whole.length, 1)];
      for (let flow = 0; flow <= bound; flow++) wire.send(first, 0, flow);
      for (let flow = 0; flow <= bound; flow++) wire.send(second, 0, flow);
      const named = wire.connections.filter(({ clientHello }) => clientHello !== undefined);
      expect(named).toHaveLength(bound);
      expect(wire.connections[0]?.clientHello).toBeUndefined();
    },
  );

  reaches('quicIds', 1, 'an id that is not remembered is taken for that of a first Initial', () => {
    const wire = new Wire();
    wire.send(fromClient(cryptoFrame(0, hello())));
    wire.send(fromServer(cryptoFrame(0, answer)), 1);
    for (let number = 1; number <= LIMITS.quicFailures; number++)
      wire.send(
        longPacket(0, V1, SERVER_ID, CLIENT_ID, concat(hex('00 4032'), filled(50, number))),
      );
    const other = filled(8, 0x2e);
    wire.send(fromClient(cryptoFrame(0, hello()), { keysOf: other, source: filled(6, 0xdd) }));
    expect(wire.connections).toHaveLength(1);
  });

  test('as many 5-tuples as are named may fail before none is tried any more', () => {
    const { quicTrials, quicFailures, quicConnections } = LIMITS;
    expect(quicConnections * quicFailures).toBeLessThan(quicTrials);
  });

  reaches(
    'quicTrials',
    256,
    'a flood of packets that pass for Initials is tried so often and no more',
    (bound) => {
      const wire = new Wire();
      const ping = (flow: number, number: number) =>
        initialPacket({
          keysOf: concat(uint(flow, 4), ID),
          source: CLIENT_ID,
          number,
          frames: hex('01'),
          padTo: 20,
        });
      const perFlow = LIMITS.quicInitials;
      for (let flow = 0; flow < bound / perFlow; flow++) {
        // The same octets again and again: opened each time.
        const packet = ping(flow, 0);
        for (let n = 0; n < perFlow; n++) wire.send(packet, 0, flow);
      }
      wire.send(fromClient(cryptoFrame(0, hello())), 0, 4000);
      expect(wire.connections.at(-1)).toMatchObject({ stream: 4000, rolesKnown: false });
    },
  );
});
