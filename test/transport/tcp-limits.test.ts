import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../src/model/limits.ts';
import { EARLY_OCTETS, placeOf } from '../../src/transport/tcp-table.ts';
import { reaches } from '../support/reaches.ts';
import { CLIENT, c, end, type Node, SERVER, s, stream, Wire } from './wire.ts';

const client = (n: number): Node => ({ ...CLIENT, port: 1024 + n });
const gapsOf = (wire: Wire) => wire.events.filter((event) => event.startsWith('c gap'));
const open = () => new Wire().send(c.syn(999), s.synAck(4999, 1000));

describe('when a gap is given up', () => {
  reaches('tcpEarlyRangesPerHalf', 8, 'once too many ranges lie beyond it', (bound) => {
    const wire = open();
    const ranges = bound;
    for (let i = 0; i < ranges; i++) wire.send(c.data(1002 + 2 * i, 'x'));
    expect(wire.events).toEqual([]);
    wire.send(c.data(1002 + 2 * ranges, 'x'));
    expect(wire.events).toEqual([`! tcp-gap @${3 + ranges}`, `c gap 2 @${3 + ranges}`, 'c "x" @3']);
  });

  reaches('tcpEarlyOctetsPerHalf', 200000, 'once too many octets lie beyond it', (bound) => {
    const wire = open();
    const large = 'x'.repeat(60_000);
    let sent = 0;
    while (gapsOf(wire).length === 0) {
      wire.send(c.data(2000 + sent, large));
      sent += large.length;
    }
    expect(sent).toBeLessThanOrEqual(bound + large.length);
    expect(stream(wire.events, 'c')).toBe(`${'.'.repeat(1000)}${'x'.repeat(sent)}`);
  });

  test('the limit holds for every gap, not for one of them at a time', () => {
    // Small ranges, then large ones with gaps between: each large one must push out more than one small one.
    const wire = open();
    for (let i = 0; i < 200; i++) wire.send(c.data(1002 + 2 * i, 'x'));
    const large = 'y'.repeat(60_000);
    for (let i = 0; i < 40; i++) wire.send(c.data(100_000 + i * 61_000, large));
    const held = wire.tcp.table.words[placeOf(wire.tcp.view.row, 0) + EARLY_OCTETS] as number;
    expect(held).toBeLessThanOrEqual(LIMITS.tcpEarlyOctetsPerHalf);
  });

  reaches(
    'tcpEarlyRangesAcknowledged',
    4,
    'sooner, if what lies beyond it was acknowledged',
    (bound) => {
      const wire = open();
      wire.send(c.data(1002, 'x'), s.ack(5000, 1003));
      const ranges = bound;
      for (let i = 1; i < ranges; i++) wire.send(c.data(1002 + 2 * i, 'x'));
      expect(wire.events).toEqual([]);
      wire.send(c.data(1002 + 2 * ranges, 'x'));
      expect(gapsOf(wire)).toHaveLength(1);
    },
  );

  reaches('tcpGapAcknowledgedNanos', 1e9, 'or if time has passed since', (bound) => {
    const seconds = bound / 1e9;
    const wire = open();
    wire.send(c.data(1002, 'x', { at: 1 }), s.ack(5000, 1003, { at: 1.1 }));
    wire.send(c.data(1003, 'y', { at: 1 + seconds }));
    expect(wire.events).toEqual([]);
    wire.send(c.data(1004, 'z', { at: 1.001 + seconds }));
    expect(stream(wire.events, 'c')).toBe('..xyz');
  });

  test('without an acknowledgement time alone does not', () => {
    const wire = open().send(c.data(1002, 'x', { at: 1 }), c.data(1003, 'y', { at: 600 }));
    expect(wire.events).toEqual([]);
  });
});

describe('when too much is kept over all connections', () => {
  /** Fills the pool with single octets, one slot each. */
  function full(): { wire: Wire; connections: number } {
    const slots = LIMITS.tcpEarlyOctets / 2048;
    const perHalf = LIMITS.tcpEarlyRangesPerHalf;
    const connections = Math.ceil(slots / perHalf);
    const wire = new Wire([client(0), client(1000)]);
    for (let n = 0; n < connections; n++) {
      const from = end(client(n), SERVER);
      wire.send(from.syn(999));
      for (let i = 0; i < perHalf && n * perHalf + i < slots; i++)
        wire.send(from.data(1002 + 2 * i, 'x'));
    }
    expect(wire.events).toEqual([]);
    return { wire, connections };
  }

  test('a connection that holds nothing itself goes on without its gap', () => {
    const { wire } = full();
    const late = end(client(1000), SERVER);
    wire.send(late.syn(999), late.data(1003, 'def'), late.data(1000, 'abc'), late.data(1006, 'g'));
    expect(stream(wire.events, 'c1')).toBe('...defg');
    expect(wire.notices.map(({ code }) => code)).toEqual(['tcp-early-limit', 'tcp-gap']);
  });

  test('one that holds early octets gives up what lies before the segment', () => {
    const { wire } = full();
    const first = end(client(0), SERVER);
    wire.send(first.data(1005, 'abc'), first.data(1000, 'zz'));
    expect(stream(wire.events, 'c')).toBe('..x.xaxcx');
  });

  test('all of it is delivered at the end', () => {
    const { wire } = full();
    wire.end();
    const octets = wire.events.filter((event) => /"x"/.test(event)).length;
    expect(octets).toBe(LIMITS.tcpEarlyOctets / 2048);
  });
});

describe('when a closed connection is final', () => {
  const closed = (n: number, at: number) => {
    const from = end(client(n), SERVER);
    const to = end(SERVER, client(n));
    return [from.syn(999, { at }), to.synAck(4999, 1000, { at }), from.rst(1000, { at })];
  };

  reaches(
    'closedNanos',
    30e9,
    'some time after its last packet, as soon as another begins',
    (bound) => {
      const seconds = bound / 1e9;
      const wire = new Wire().send(...closed(0, 0), ...closed(1, 1));
      wire.send(end(client(0), SERVER).ack(1000, 5000, { at: 2 }));
      wire.send(end(client(2), SERVER).syn(1, { at: seconds }));
      expect(wire.events).toEqual([]);
      wire.send(end(client(3), SERVER).syn(1, { at: seconds + 2 }));
      expect(wire.events).toEqual(['final 0', 'final 1']);
    },
  );

  test('when too many closed after it: first closed, first final', () => {
    const wire = new Wire();
    for (let n = 0; n < LIMITS.closedConnections; n++) wire.send(...closed(n, 0));
    expect(wire.events).toEqual([]);
    wire.send(...closed(5000, 0), ...closed(5001, 0));
    expect(wire.events).toEqual(['final 0', 'final 1']);
  });

  test('in the order in which they closed, not in which they began', () => {
    const seconds = LIMITS.closedNanos / 1e9;
    const wire = new Wire();
    for (let n = 0; n < 3; n++) wire.send(end(client(n), SERVER).syn(999));
    for (const n of [2, 0, 1]) wire.send(end(client(n), SERVER).rst(1000));
    wire.send(end(client(9), SERVER).syn(1, { at: seconds + 1 }));
    expect(wire.events).toEqual(['final 2', 'final 0', 'final 1']);
  });

  /** It goes on after a RST that was not taken. */
  const reopened = (n: number) => [
    ...closed(n, 0),
    end(SERVER, client(n)).ack(5000, 1000),
    end(client(n), SERVER).data(1000, 'on', { ack: 5000 }),
    end(SERVER, client(n)).ack(5000, 1002),
  ];

  test('one that goes on after a RST that was not taken keeps none behind it from becoming final', () => {
    const seconds = LIMITS.closedNanos / 1e9;
    const wire = new Wire().send(...reopened(0), ...closed(1, 0));
    wire.send(end(client(0), SERVER).data(1002, 'and on', { ack: 5000, at: seconds }));
    wire.send(end(client(9), SERVER).syn(1, { at: seconds + 1 }));
    expect(wire.events.filter((event) => event.startsWith('final'))).toEqual(['final 1']);
  });

  test('what takes the row of such a one closes in its own time', () => {
    const idle = LIMITS.idleNanos / 1e9 + 1;
    const wire = new Wire().send(...reopened(0));
    // Idle for long, it is final when the next one begins, and its row is free.
    for (let n = 1; n <= LIMITS.closedConnections; n++) wire.send(...closed(n, idle));
    expect(wire.finals.map(({ stream }) => stream)).toEqual([0]);
    wire.send(...closed(9000, idle), ...closed(9001, idle));
    expect(wire.finals.map(({ stream }) => stream)).toEqual([0, 1, 2]);
    expect(wire.finals[1]?.row).toBe(wire.finals[0]?.row);
  });

  test('its row serves another, with nothing left in it', () => {
    const seconds = LIMITS.closedNanos / 1e9;
    const wire = new Wire().send(...closed(0, 0));
    const first = end(client(0), SERVER);
    wire.send(first.data(1005, 'early'), first.data(1005, 'EARLY'));
    wire.send(end(client(1), SERVER).syn(7, { at: seconds + 1 })).end();
    const [old, fresh] = wire.finals;
    expect(old?.facts.conflicts).toHaveLength(1);
    expect(fresh?.row).toBe(old?.row);
    expect(fresh?.facts).toEqual({
      ...only(end(client(1), SERVER).syn(7)),
      syn: { packet: 6, nanos: (seconds + 1) * 1e9 },
      lastSeen: { client: { packet: 6, nanos: (seconds + 1) * 1e9 }, server: undefined },
    });
  });

  test('late octets of a closed connection still belong to it', () => {
    const wire = new Wire([client(0)]).send(...closed(0, 0));
    wire.send(end(client(0), SERVER).data(1000, 'late', { at: 3 }));
    expect(wire.events).toEqual(['c "late" @4']);
  });

  test('a packet after it was final opens it again under the same number', () => {
    const seconds = LIMITS.closedNanos / 1e9;
    const wire = new Wire([client(0)]).send(...closed(0, 0));
    wire.send(end(client(1), SERVER).syn(1, { at: seconds + 1 }));
    wire.send(end(client(0), SERVER).data(1000, 'ghost', { at: seconds + 2 })).end();
    expect(wire.events).toEqual(['final 0', 'c "ghost" @5', 'final 1', 'final 0']);
  });

  const only = (segment: ReturnType<typeof c.syn>) =>
    new Wire().send(segment).end().finals[0]?.facts;
});

describe('a segment far ahead', () => {
  reaches('tcpWindowOctets', 5000, 'is a stray beyond any window, and early within it', (bound) => {
    const told = (ahead: number) =>
      open()
        .send(c.data(1000 + ahead, 'x'))
        .end().events;
    expect(told(bound)).toEqual(['! tcp-gap @3', `c gap ${bound} @3`, 'c "x" @3', 'final 0']);
    expect(told(bound + 1)).toEqual(['final 0']);
  });
});

describe('when an open connection is final', () => {
  reaches('idleNanos', 100e9, 'after a long silence, as others begin', (bound) => {
    const seconds = bound / 1e9;
    const wire = new Wire();
    wire.send(c.syn(999), end(client(1), SERVER).syn(1, { at: seconds }));
    expect(wire.events).toEqual([]);
    wire.send(end(client(2), SERVER).syn(1, { at: seconds + 1 }));
    wire.send(end(client(3), SERVER).syn(1, { at: seconds + 1 }));
    expect(wire.events).toEqual(['final 0']);
    wire.end();
    expect(wire.finals.map(({ stream }) => stream)).toEqual([0, 1, 2, 3]);
  });

  reaches('flowsLookedAt', 4, 'of those that are looked at in a second', (bound) => {
    const wire = new Wire();
    for (let n = 0; n < 40; n++) wire.send(end(client(n), SERVER).syn(1));
    wire.tcp.second(LIMITS.idleNanos + 1);
    expect(wire.finals).toHaveLength(bound);
    for (let n = 1; n < 40 / bound; n++) wire.tcp.second(LIMITS.idleNanos + 1);
    expect(wire.finals).toHaveLength(40);
  });

  test('so that what was never closed does not pile up', () => {
    const seconds = LIMITS.idleNanos / 1e9;
    const wire = new Wire();
    for (let n = 0; n < 60_000; n++)
      wire.send(end(client(n), SERVER).syn(1, { at: (n * seconds) / 1000 }));
    expect(wire.tcp.table.end).toBeLessThan(4000);
  });
});
