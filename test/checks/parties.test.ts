import { expect } from 'vitest';
import { Parties } from '../../src/checks/parties.ts';
import { fakeHistory } from '../support/fake-history.ts';
import { fakeFinding } from '../support/fake-run.ts';
import { reaches } from '../support/reaches.ts';

reaches(
  'checkedConnections',
  2,
  'of connections beyond the limit nothing is remembered',
  (bound) => {
    const parties = new Parties();
    for (let id = 1; id <= bound + 1; id++) parties.add(fakeHistory({ id }));
    const known = (id: number) => parties.of(fakeFinding({ connections: [id] })).length;
    expect([1, bound, bound + 1].map(known)).toEqual([1, 1, 0]);
  },
);
