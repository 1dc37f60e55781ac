/** What the text report keeps of connections and servers until its end. */
import { expect } from 'vitest';
import { ConnectionRows } from '../../src/report/connection-rows.ts';
import { Repeats } from '../../src/report/repeats.ts';
import { fakeHistory } from '../support/fake-history.ts';
import { fakeFinding } from '../support/fake-run.ts';
import { reaches, withBounds } from '../support/reaches.ts';

const rowsOf = (outcomes: readonly ('established' | 'failed')[]) => {
  const rows = new ConnectionRows();
  outcomes.forEach((outcome, n) => {
    rows.add(fakeHistory({ id: n + 1, outcome }));
  });
  rows.keep([outcomes.length]);
  return rows.all().map(({ id }) => id);
};

reaches(
  'reportRows',
  2,
  'rows are kept of the first connections, and of those that went wrong',
  () => {
    const all = ['established', 'established', 'established', 'failed', 'established'] as const;
    expect(rowsOf([...all, 'established'])).toEqual([1, 2, 4, 6]);
  },
);

reaches('reportRowsInAll', 3, 'and of no more than so many', async () => {
  const failed = Array<'failed'>(6).fill('failed');
  expect(await withBounds({ reportRows: 1 }, () => rowsOf(failed))).toEqual([1, 2, 3, 6]);
});

reaches('repeatedServers', 3, 'servers beyond the limit are counted together', (bound) => {
  const repeats = new Repeats();
  for (let port = 1; port <= bound + 4; port++)
    repeats.add(fakeFinding({ ofServer: { address: '192.0.2.1', port } }), port);
  const [{ occurrences, servers } = { occurrences: 0, servers: new Map() }] = repeats.list();
  expect(occurrences).toBe(bound + 4);
  expect([...servers.keys()]).toEqual(['192.0.2.1:1', '192.0.2.1:2', '192.0.2.1:3', undefined]);
  expect(servers.get(undefined)?.occurrences).toBe(4);
});
