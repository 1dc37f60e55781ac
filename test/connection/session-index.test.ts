import { describe, expect, it } from 'vitest';
import { SessionIndex, type SessionOrigin } from '../../src/connection/session-index.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { concat, filled, type Octets, uint, vector } from '../support/hello-builder.ts';
import { reaches } from '../support/reaches.ts';

const ticketOf = (n: number, octets = 64): Octets => concat(filled(16, 0x11), uint(n, octets - 16));
const origin = (connection: number, given: Partial<SessionOrigin> = {}): SessionOrigin => ({
  connection,
  packet: 10 * connection,
  nanos: 1e6 * (connection - 1),
  terms: 0x5f,
  name: 0,
  identity: connection,
  ...given,
});
const messageOf = (ticket: Octets): Octets => concat(uint(300, 4), vector(2, ticket));

/** Puts tickets into an index as connections 1, 2, … in packets 10, 20, … */
function indexOf(...tickets: readonly Octets[]) {
  const index = new SessionIndex();
  const numbers = tickets.map((ticket, i) => {
    const message = messageOf(ticket);
    return index.addTicket(message, 0, message.length, origin(i + 1));
  });
  return { index, numbers };
}

const find = (index: SessionIndex, ticket: Octets) =>
  index.find('ticket', ticket, 0, ticket.length);

describe('sessions that were issued', () => {
  it('are found by their ticket, wherever it lies', () => {
    const { index, numbers } = indexOf(ticketOf(1), ticketOf(2));
    const want = {
      by: 'ticket',
      connection: 2,
      packet: 20,
      nanos: 1e6,
      keyName: '11'.repeat(16),
      extendedMasterSecret: true,
      cipherSuite: 0x2e,
    };
    expect(find(index, ticketOf(2))).toEqual(want);
    const buffer = concat(filled(5, 0xee), ticketOf(2), filled(9, 0xee));
    expect(index.find('ticket', buffer, 5, 64)).toEqual(want);
    expect(index.issued(numbers[1] ?? 0)).toEqual(want);
  });

  it('are not taken for others', () => {
    const { index } = indexOf(ticketOf(1));
    expect(find(index, ticketOf(2))).toBeUndefined();
    expect(find(index, ticketOf(1, 65))).toBeUndefined();
    expect(index.find('session_id', ticketOf(1), 0, 64)).toBeUndefined();
  });

  it('are not looked for by less than eight octets', () => {
    const { index, numbers } = indexOf(filled(7, 1));
    expect(numbers).toEqual([0]);
    expect(find(index, filled(7, 1))).toBeUndefined();
  });

  it.each([
    ['cut', messageOf(ticketOf(1)).subarray(0, 40)],
    ['empty', messageOf(new Uint8Array(0))],
    ['shorter than its header', filled(5, 0)],
  ])('hold no ticket where the message is %s', (_, message) => {
    const index = new SessionIndex();
    expect(index.addTicket(message, 0, message.length, origin(1))).toBe(0);
  });

  it('keep what they were issued for', () => {
    const index = new SessionIndex();
    const id = filled(32, 7);
    index.add('session_id', id, 0, 32, origin(1, { name: 42 }));
    const place = index.placeOf('session_id', id, 0, 32);
    expect([index.nameAt(place), index.termsAt(place)]).toEqual([42, 0x5f]);
    expect(index.placeOf('session_id', filled(32, 8), 0, 32)).toBe(-1);
  });

  describe('with a session id that was issued before', () => {
    const sharedBy = (...issues: readonly (readonly [Octets, SessionOrigin])[]) => {
      const index = new SessionIndex();
      for (const [id, by] of issues) index.add('session_id', id, 0, id.length, by);
      return index.shared();
    };
    const id = filled(32, 7);

    it('are told of, each connection once', () => {
      expect(sharedBy([id, origin(1)], [id, origin(2)], [id, origin(3)], [id, origin(2)])).toEqual([
        { connections: [1, 2, 3], packets: [10, 20, 30] },
      ]);
    });

    it('are not where one connection or one ServerHello issued both', () => {
      expect(sharedBy([id, origin(1)], [id, origin(1, { identity: 9 })])).toEqual([]);
      expect(sharedBy([id, origin(1)], [id, origin(2, { identity: 1 })])).toEqual([]);
    });

    it('are not where the ids differ in the middle only', () => {
      const other = concat(filled(16, 7), filled(1, 8), filled(15, 7));
      expect(sharedBy([id, origin(1)], [other, origin(2)])).toEqual([]);
    });

    it('are told of up to the limit, and their connections', () => {
      const index = new SessionIndex();
      const add = (n: number, by: SessionOrigin) =>
        index.add('session_id', concat(uint(n, 4), filled(28, 1)), 0, 32, by);
      for (let n = 1; n <= LIMITS.findingsPerRule + 1; n++) {
        add(n, origin(n));
        add(n, origin(n + 1));
      }
      expect(index.shared().length).toBe(LIMITS.findingsPerRule);
      for (let n = 1; n <= LIMITS.anomaliesPerConnection + 9; n++) add(5, origin(100_000 + n));
      expect(index.shared()[4]?.connections.length).toBe(LIMITS.anomaliesPerConnection);
    });
  });

  reaches('sessions', 16, 'are forgotten when newer ones need the room', (bound) => {
    const index = new SessionIndex();
    const add = (n: number) => {
      const message = messageOf(ticketOf(n));
      return index.addTicket(message, 0, message.length, origin(n));
    };
    const first = add(1);
    for (let n = 2; n <= bound; n++) add(n);
    expect(find(index, ticketOf(1))?.connection).toBe(1);
    add(bound + 1);
    expect(find(index, ticketOf(1))).toBeUndefined();
    expect(index.issued(first)).toBeUndefined();
    expect(find(index, ticketOf(2))?.connection).toBe(2);
    expect(find(index, ticketOf(bound + 1))?.connection).toBe(bound + 1);
  });
});
