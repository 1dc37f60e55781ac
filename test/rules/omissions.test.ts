import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/model/limits.ts';
import { HeldOver, type Kind, Omissions } from '../../src/rules/omissions.ts';
import { Spoken } from '../../src/rules/spoken.ts';
import { reaches } from '../support/reaches.ts';

const kind: Kind = { title: 'a', severity: 'error', confidence: 'likely' };
const server = (port: number) => ({ address: '192.0.2.1', port });

describe('Omissions', () => {
  it('counts what says the same of one server, with the span of time', () => {
    const omissions = new Omissions();
    omissions.add('r', kind, server(1), 5);
    omissions.add('r', kind, server(1), 3);
    omissions.add('r', kind, server(1), 9);
    omissions.add('r', kind, server(2), 1);
    omissions.add('r', { ...kind, confidence: 'possible' }, server(1), 1);
    expect(
      omissions.list().map(({ count, firstNanos, lastNanos }) => [count, firstNanos, lastNanos]),
    ).toEqual([
      [3, 3, 9],
      [1, 1, 1],
      [1, 1, 1],
    ]);
  });

  reaches('omittedGroups', 6, 'tells no more apart than its limit, and counts all', (bound) => {
    const omissions = new Omissions();
    const all = bound + 100;
    for (let port = 0; port < all; port++) omissions.add('r', kind, server(port), port);
    const list = omissions.list();
    expect(list).toHaveLength(bound + 1);
    expect(list.at(-1)).toMatchObject({ title: undefined, server: undefined, count: 100 });
    expect(list.reduce((sum, { count }) => sum + count, 0)).toBe(all);
  });
});

describe('HeldOver', () => {
  const all = (held: HeldOver) => {
    const list: [string | undefined, number, readonly number[]][] = [];
    held.forEach(({ title }, nanos, connections) => {
      list.push([title, nanos, connections]);
    });
    return list;
  };

  it('gives back what it took, in order', () => {
    const held = new HeldOver();
    held.add(kind, 1, [7]);
    held.add({ ...kind, title: 'b' }, 2, []);
    held.add(kind, 3, [8, 9]);
    expect(all(held)).toEqual([
      ['a', 1, [7]],
      ['b', 2, []],
      ['a', 3, [8, 9]],
    ]);
    expect(held.count).toBe(3);
  });

  reaches('findingsHeldOver', 8, 'says so when it is full', () => {
    const held = new HeldOver();
    expect([1, 2, 3].map((id) => held.add(kind, id, [id]))).toEqual([true, true, false]);
    expect(held.count).toBe(2);
  });

  it('does not tell more headlines apart than its limit', () => {
    const held = new HeldOver();
    for (let n = 0; n < LIMITS.omittedGroups + 5; n++)
      held.add({ ...kind, title: `t${n}` }, n, [n]);
    expect(all(held).filter(([title]) => title === undefined)).toHaveLength(5);
  });
});

describe('Spoken', () => {
  reaches(
    'spokenConnections',
    300,
    'remembers the first and the last, and no more than its limit',
    () => {
      const spoken = new Spoken();
      for (let id = 1; id <= 10_000; id++) spoken.set(id, -1);
      expect(spoken.size).toBeLessThanOrEqual(300);
      expect([1, 100, 9_950, 10_000].map((id) => spoken.get(id))).toEqual([-1, -1, -1, -1]);
      expect(spoken.get(5_000)).toBeUndefined();
    },
  );

  it('takes a graver word', () => {
    const spoken = new Spoken();
    spoken.set(1, -3);
    spoken.set(1, -1);
    expect(spoken.get(1)).toBe(-1);
    expect(spoken.size).toBe(1);
  });
});
