import { describe, expect, it } from 'vitest';
import { SessionIndex } from '../../src/connection/session-index.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { concat, filled, type Octets, uint, vector } from '../support/hello-builder.ts';

const ticketOf = (n: number, octets = 64): Octets => concat(filled(16, 0x11), uint(n, octets - 16));
const messageOf = (ticket: Octets): Octets => concat(uint(300, 4), vector(2, ticket));

/** Puts tickets into an index as connections 1, 2, … in packets 10, 20, … */
function indexOf(...tickets: readonly Octets[]) {
  const index = new SessionIndex();
  const numbers = tickets.map((ticket, i) => {
    const message = messageOf(ticket);
    return index.addTicket(message, 0, message.length, i + 1, 0x5f, 10 * (i + 1), 1e6 * i);
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
    expect(index.addTicket(message, 0, message.length, 1, 0, 1, 1)).toBe(0);
  });

  it('are forgotten when newer ones need the room', () => {
    const index = new SessionIndex();
    const add = (n: number) => {
      const message = messageOf(ticketOf(n));
      return index.addTicket(message, 0, message.length, n, 0, n, n);
    };
    const first = add(1);
    for (let n = 2; n <= LIMITS.sessions; n++) add(n);
    expect(find(index, ticketOf(1))?.connection).toBe(1);
    add(LIMITS.sessions + 1);
    expect(find(index, ticketOf(1))).toBeUndefined();
    expect(index.issued(first)).toBeUndefined();
    expect(find(index, ticketOf(2))?.connection).toBe(2);
    expect(find(index, ticketOf(LIMITS.sessions + 1))?.connection).toBe(LIMITS.sessions + 1);
  });
});
