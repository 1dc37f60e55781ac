/** Connections that were silent for long take few octets, and come back as they were. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { SEEN } from '../../src/connection/connection-table.ts';
import { EVENT, IN_STREAM } from '../../src/connection/event-log.ts';
import { FactsRecorder } from '../../src/connection/facts-recorder.ts';
import { NONCE, NonceLines } from '../../src/connection/nonce-lines.ts';
import { PackedConnections } from '../../src/connection/packed-connections.ts';
import { TlsRows } from '../../src/connection/tls-rows.ts';
import type { Side } from '../../src/model/stream.ts';
import { analyse } from '../support/analyse.ts';
import {
  clientHello,
  ext,
  filled,
  handshakeMessage,
  type Octets,
  serverHello,
  tlsRecord,
} from '../support/hello-builder.ts';
import { nonceOf } from '../support/protection.ts';
import { type Bound, reaches, withBounds } from '../support/reaches.ts';

const AT_ONCE: Partial<Record<Bound, number>> = { unpackedConnections: 0, silentPackets: 0 };
/** Numbers that a row gets anew. */
const PLACES = ['tcp', 'clientHello', 'serverHello', 'firstEvent', 'lastEvent'];

/** Connections on TCP connections of the same numbers, as the tracker keeps them. */
class Room {
  readonly facts = new FactsRecorder();
  readonly nonces = new NonceLines();
  readonly rows = new TlsRows(this.facts, this.nonces);
  packet = 1000;

  /** An established connection: of each side one protected record, and one more event for each of `alerts`. */
  establish(
    tcp: number,
    hello = clientHello(),
    alerts: readonly number[] = [],
    answer = serverHello({ random: filled(32, tcp) }),
  ): void {
    this.packet += 2;
    const { facts, rows, packet } = this;
    rows.begin(tcp, packet);
    const row = rows.of(tcp);
    const { table, hellos } = facts;
    hellos.clientHello(row, 0, hello, 0, hello.length, false);
    hellos.serverHello(row, 1, answer, 0, answer.length, false);
    table.helloPacket[row] = packet;
    table.set(row, SEEN.clientFinished | SEEN.serverFinished);
    facts.event(row, EVENT.message, 0, 1, hello.length, packet, packet * 1000);
    for (const value of alerts)
      facts.event(row, EVENT.alert, 1, value, 2, packet, packet * 999, IN_STREAM, 3);
    for (const side of [0, 1] as const)
      facts.protectedRecord(row, side, 23, 100, packet + side, (packet + side) * 1000);
  }

  /** Explicit nonces of one direction that follow each other. */
  counts(tcp: number, side: Side, first: bigint, steps: number): void {
    const half = 2 * this.rows.of(tcp) + side;
    for (let n = 0n; n < steps; n++) this.nonces.take(half, Uint8Array.from(nonceOf(first + n)), 0);
  }

  /** The direction to whose line a nonce belongs that another connection uses, as TCP connection and side. */
  ownerOf(nonce: bigint, tcp: number): readonly number[] | undefined {
    const row = this.rows.of(tcp);
    const half = this.nonces.ownerOf(Uint8Array.from(nonceOf(nonce)), 0, row);
    return half < 0 ? undefined : [(this.facts.table.tcp[half >> 1] as number) - 1, half & 1];
  }

  /** All that is known of a connection. */
  stateOf(tcp: number): unknown {
    const row = this.rows.of(tcp);
    const { table, log, hellos } = this.facts;
    const numbers: unknown[] = [];
    const capacity = table.id.length;
    for (const [name, column] of Object.entries(table)) {
      if (!ArrayBuffer.isView(column) || name === 'free' || PLACES.includes(name)) continue;
      const width = (column as Int32Array).length / capacity;
      numbers.push([name, ...(column as Int32Array).subarray(row * width, (row + 1) * width)]);
    }
    const events: unknown[] = [];
    let last = 0;
    for (let e = table.firstEvent[row] as number; e !== 0; e = log.next(e)) {
      last = e;
      events.push([log.what(e), log.packet(e), log.nanos(e), log.length(e)]);
      events.push([log.epoch(e), log.sequence(e)]);
    }
    expect(table.lastEvent[row]).toBe(last);
    const octets = (handles: Int32Array, lengths: Int32Array) =>
      handles[row] === 0
        ? undefined
        : [...hellos.slab.view(handles[row] as number, lengths[row] as number)];
    const lines = [2 * row, 2 * row + 1].map((half) => {
      const to = new Uint8Array(8);
      if (this.nonces.steps(half) !== 0) this.nonces.writeLast(half, to, 0);
      return [this.nonces.steps(half), ...to];
    });
    return {
      numbers,
      events,
      lines,
      client: octets(table.clientHello, table.clientHelloLength),
      server: octets(table.serverHello, table.serverHelloLength),
    };
  }
}

const i32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const connection = fc.record({
  hello: fc.uint8Array({ maxLength: 900 }),
  answer: fc.uint8Array({ maxLength: 90 }),
  echo: fc.uint8Array({ maxLength: 40 }),
  like: fc.boolean(),
  alerts: fc.array(fc.nat(0xffff), { maxLength: 20 }),
  numbers: fc.array(fc.tuple(fc.nat(), i32), { maxLength: 30 }),
  nanos: fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 5 }),
  lines: fc.tuple(fc.nat(4), fc.nat(4)),
  returns: fc.boolean(),
});
/** Columns in which any number may stand without the connection being another one. */
const FREE = [
  'records',
  'identity',
  'helloCount',
  'lastRecord',
  'ccsPacket',
  'answerPacket',
] as const;

describe('a packed connection', () => {
  test('comes back as it was', async () => {
    const hello = clientHello({ extensions: [ext.encryptThenMac()] });
    const property = fc.property(fc.array(connection, { maxLength: 12 }), (connections) => {
      const room = new Room();
      const before = new Map<number, unknown>();
      connections.forEach((one, tcp) => {
        const offered = Uint8Array.from(one.hello);
        const answer = Uint8Array.from(one.answer);
        // What stands behind the randoms is often the same.
        offered.set(
          one.echo.subarray(0, Math.max(0, offered.length - 34)),
          Math.min(34, offered.length),
        );
        answer.set(
          one.echo.subarray(0, Math.max(0, answer.length - 34)),
          Math.min(34, answer.length),
        );
        room.establish(tcp, one.like ? hello : offered, one.alerts, answer);
        const row = room.rows.of(tcp);
        const { table } = room.facts;
        for (const [n, value] of one.numbers) {
          const column = table[FREE[n % FREE.length] as (typeof FREE)[number]];
          const width = column.length / table.id.length;
          column[row * width + (n % width)] = value;
        }
        for (const nanos of one.nanos) table.answerNanos[row] = nanos;
        one.lines.forEach((steps, side) => {
          room.counts(tcp, side as Side, BigInt(tcp) << 40n, steps);
        });
        before.set(tcp, room.stateOf(tcp));
        if (one.returns) expect(room.stateOf(tcp >> 1)).toEqual(before.get(tcp >> 1));
      });
      expect(room.rows.size).toBeGreaterThanOrEqual(Math.min(1, connections.length - 3));
      for (const [tcp, state] of before) expect(room.stateOf(tcp)).toEqual(state);
    });
    await withBounds(AT_ONCE, () => fc.assert(property, { seed: 7, numRuns: 150 }));
  });

  test('takes no octets for a session id that the server echoes', async () => {
    const octetsOf = (echoed: number) =>
      withBounds(AT_ONCE, () => {
        const room = new Room();
        for (let tcp = 0; tcp < 12; tcp++) {
          const sessionId = Uint8Array.from({ length: 32 }, (_, n) => (n * n * (tcp + 3)) & 255);
          const answer = serverHello({ sessionId: sessionId.map((octet) => octet ^ echoed) });
          room.establish(tcp, clientHello({ sessionId }), [], answer);
        }
        return room.rows.octets;
      });
    expect((await octetsOf(1)) - (await octetsOf(0))).toBeGreaterThan(11 * 29);
  });

  test('that is final leaves its row and its octets to others', async () => {
    await withBounds(AT_ONCE, () => {
      const room = new Room();
      for (let round = 0; round < 3; round++) {
        for (let tcp = 0; tcp < 20; tcp++) room.establish(tcp);
        for (let tcp = 0; tcp < 20; tcp++) {
          room.facts.release(room.rows.of(tcp));
          room.rows.forget(tcp);
        }
        expect([room.facts.table.size, room.rows.size]).toEqual([0, 0]);
        expect(room.facts.table.end).toBeLessThan(4);
      }
    });
  });

  test('is found by its explicit nonces, unless others have such', async () => {
    await withBounds(AT_ONCE, () => {
      const room = new Room();
      const first = 0x1234_5678_9abc_def0n;
      [0, 1, 2].forEach((tcp) => {
        room.establish(tcp);
        room.counts(tcp, 1, first << BigInt(tcp), 4);
      });
      room.establish(3);
      expect(room.rows.size).toBe(3);
      expect(room.ownerOf((first << 1n) + 9n, 3)).toEqual([1, 1]);
      expect(room.rows.size).toBe(2);
      expect(room.ownerOf(0x7777_7777_7777n, 3)).toBeUndefined();
      // Whoever came back goes on where it was.
      const half = 2 * room.rows.of(1) + 1;
      const next = Uint8Array.from(nonceOf((first << 1n) + 4n));
      expect(room.nonces.take(half, next, 0)).toBe(NONCE.ordinary);
      expect(room.nonces.steps(half)).toBe(5);
      // One that is packed, and one that is not.
      room.counts(3, 0, first, 3);
      room.establish(4);
      expect(room.ownerOf(first + 9n, 4)).toBeUndefined();
    });
  });

  test('a line of less than two steps is nobody’s', async () => {
    await withBounds(AT_ONCE, () => {
      const room = new Room();
      room.establish(0);
      room.counts(0, 0, 1n << 50n, 1);
      room.establish(1);
      expect(room.rows.size).toBe(1);
      expect(room.ownerOf((1n << 50n) + 1n, 1)).toBeUndefined();
      expect(room.rows.size).toBe(1);
    });
  });

  test.each<[string, (room: Room, row: number) => void]>([
    ['octets of its handshake are kept', ({ facts }, row) => facts.clear.lost(2 * row + 1)],
    [
      'an event has octets',
      ({ facts }, row) => {
        const event = facts.event(row, EVENT.notARecord, 0, 0, 4, 9, 9);
        facts.log.octets.set(event, Uint8Array.of(1));
      },
    ],
    [
      'a record was off the line of its nonces',
      ({ nonces }, row) => {
        for (const n of [1n, 2n, 3n, 900n]) nonces.take(2 * row, Uint8Array.from(nonceOf(n)), 0);
      },
    ],
    [
      'another handshake goes through it',
      ({ facts }, row) =>
        facts.innerTls.data(row, tlsRecord(22, 0x0303, handshakeMessage(1, clientHello())), 5, 5),
    ],
  ])('there is none where %s', async (_, change) => {
    await withBounds(AT_ONCE, () => {
      const room = new Room();
      room.establish(0);
      change(room, room.rows.of(0));
      room.establish(1);
      expect(room.rows.size).toBe(0);
    });
  });

  test('comes back also when no more are packed', async () => {
    await withBounds(AT_ONCE, () => {
      const room = new Room();
      const before = Array.from({ length: 9 }, (_, tcp) => {
        room.establish(tcp);
        return room.stateOf(tcp);
      });
      room.rows.neverPack();
      expect(before.map((_, tcp) => room.stateOf(tcp))).toEqual(before);
      expect(room.rows.size).toBe(0);
      room.establish(9);
      expect(room.rows.size).toBe(0);
    });
  });

  test('may be in the middle of its handshake, once something of it was seen', async () => {
    await withBounds(AT_ONCE, () => {
      const room = new Room();
      room.rows.begin(0, 5);
      room.rows.begin(1, 6);
      expect(room.rows.size).toBe(0);
      room.facts.event(room.rows.of(0), EVENT.message, 0, 1, 200, 7, 7000);
      room.rows.begin(2, 8);
      expect(room.rows.size).toBe(1);
    });
  });

  test('there is none where there are secrets', async () => {
    await withBounds(AT_ONCE, () => {
      const room = new Room();
      room.rows.neverPack();
      for (let tcp = 0; tcp < 4; tcp++) room.establish(tcp);
      expect(room.rows.size).toBe(0);
    });
  });
});

describe('a report', () => {
  test.each([
    'tls-resumption',
    'tls-ticket-crossed',
    'tls-upgrades',
    'proxy-splices-record-upwards',
    'proxy-seen-on-both-sides',
  ])('on %s is the same where connections are packed', async (sample) => {
    const capture = Uint8Array.from(readFileSync(`samples/${sample}/capture.pcap`));
    const { lines } = analyse(capture);
    const pack = vi.spyOn(PackedConnections.prototype, 'pack');
    const unpack = vi.spyOn(PackedConnections.prototype, 'unpack');
    try {
      await withBounds({ ...AT_ONCE, rowsLookedAt: 100 }, () => {
        expect(analyse(capture).lines).toEqual(lines);
      });
      expect(pack).toHaveBeenCalled();
      expect(unpack).toHaveBeenCalledTimes(pack.mock.calls.length);
    } finally {
      vi.restoreAllMocks();
    }
  });
});

/** How many of five connections are packed when the last begins. */
async function packedOf(
  bounds: Partial<Record<Bound, number>>,
  hello?: Octets,
  alerts: readonly number[] = [],
): Promise<number> {
  return await withBounds(bounds, () => {
    const room = new Room();
    for (let tcp = 0; tcp < 5; tcp++) room.establish(tcp, hello, alerts);
    return room.rows.size;
  });
}

reaches('unpackedConnections', 2, 'so many connections keep their rows', async (bound) => {
  // The last one comes on top.
  expect(await packedOf({ silentPackets: 0 })).toBe(5 - 1 - bound);
});

reaches('silentPackets', 3, 'those keep their rows that were heard of lately', async () => {
  expect(await packedOf({ unpackedConnections: 0 })).toBe(3);
});

reaches('packedHelloOctets', 100, 'of long hellos nothing is packed', async (bound) => {
  const hello = clientHello({ random: filled(bound, 7) });
  expect(await packedOf(AT_ONCE, hello)).toBe(0);
});

reaches('packedEvents', 2, 'of many events nothing is packed', async () => {
  expect(await packedOf(AT_ONCE, undefined, [1, 2, 3])).toBe(0);
});

reaches('rowsLookedAt', 1, 'no more rows are looked at for one connection', async (bound) => {
  const room = new Room();
  for (let tcp = 0; tcp < 5; tcp++) room.establish(tcp);
  await withBounds(AT_ONCE, () => room.rows.begin(5, 2000));
  expect(room.rows.size).toBe(bound);
});

/** Octets that connections of two programs take, five of each, the first of which is known. */
async function octetsOf(bounds: Partial<Record<Bound, number>>): Promise<number> {
  return await withBounds({ ...AT_ONCE, ...bounds }, () => {
    const room = new Room();
    for (let tcp = 0; tcp < 11; tcp++) {
      const suites = Array.from(
        { length: 300 },
        (_, n) => (n * n * (tcp % 2 === 0 ? 7 : 13)) & 0xffff,
      );
      room.establish(tcp, clientHello({ cipherSuites: suites }));
    }
    expect(room.rows.size).toBe(10);
    return room.rows.octets;
  });
}

reaches('dictionaryOctets', 1000, 'what is unlike all that was learnt is kept whole', async () => {
  expect(await octetsOf({ dictionaries: 1 })).toBeGreaterThan(5 * 600);
});

reaches('dictionaries', 1, 'without room nothing more is learnt', async () => {
  expect(await octetsOf({ dictionaryOctets: 1000 })).toBeGreaterThan(5 * 600);
});
