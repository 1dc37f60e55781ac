import { describe, expect, it } from 'vitest';
import { RandomIndex } from '../../src/connection/random-index.ts';
import type { ConnectionSummary } from '../../src/model/capture-index.ts';
import { SECOND } from '../../src/model/time.ts';
import { at } from '../support/fake-history.ts';
import { fakeSummary } from '../support/fake-index.ts';
import { reaches } from '../support/reaches.ts';

const OUTSIDE = { address: '203.0.113.77', port: 52_000 };
const started = (seconds: number) => ({ start: { packet: 10, nanos: seconds * SECOND } });

/** Views of connection 1, with a second one of these facts; which of their randoms are the same. */
function viewsOf(
  other: Partial<ConnectionSummary>,
  same: readonly ('client' | 'server')[] = ['client', 'server'],
  first: Partial<ConnectionSummary> = {},
): readonly number[] {
  const rows = [
    fakeSummary({ id: 1, ...started(0), ...first }),
    fakeSummary({ id: 2, client: OUTSIDE, ...started(1), ...other }),
  ];
  const index = new RandomIndex();
  for (const { id } of rows)
    for (const role of ['client', 'server'] as const) {
      const random = new Uint8Array(33).fill(same.includes(role) ? 7 : id);
      index.add(role === 'client' ? 0 : 1, random, 1, id, 10 * id);
    }
  return index.views.of(1, (id) => rows.find((row) => row.id === id));
}

describe('another view of a handshake', () => {
  it.each<[string, readonly number[], readonly number[]]>([
    ['has both randoms and another client', viewsOf({}), [2]],
    [
      'has both randoms and another server, however much later',
      viewsOf({ client: fakeSummary({ id: 1 }).client, server: OUTSIDE, ...started(9000) }),
      [2],
    ],
    ['has no ServerHello yet', viewsOf({ cipherSuite: undefined }, ['client']), [2]],
    ['has no more than a HelloRetryRequest', viewsOf({ stage: 'server-hello' }, ['client']), [2]],
    ['lacks its ClientHello', viewsOf({ hello: undefined }, ['server']), [2]],
  ])('%s', (_, views, expected) => expect(views).toEqual(expected));

  it.each<[string, readonly number[]]>([
    ['has a ServerHello of its own: the client repeats its random', viewsOf({}, ['client'])],
    ['has a ClientHello of its own: the server repeats its random', viewsOf({}, ['server'])],
    ['comes from the same host', viewsOf({ client: { address: '192.0.2.1', port: 9 } })],
    ['was made by a proxy', viewsOf({ server: { ...OUTSIDE, port: 443 } })],
    ['has nothing in common', viewsOf({}, [])],
  ])('is none that %s', (_, views) => expect(views).toEqual([]));

  reaches('sameJourneyNanos', 2 * SECOND, 'begins soon where it lacks a random', (bound) => {
    const later = (nanos: number) =>
      viewsOf({ start: { packet: 10, nanos }, answered: at(4), cipherSuite: undefined }, [
        'client',
      ]);
    expect(later(bound)).toEqual([2]);
    expect(later(bound + 1)).toEqual([]);
  });
});
