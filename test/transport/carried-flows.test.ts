import { expect } from 'vitest';
import { CarriedFlows } from '../../src/transport/carried-flows.ts';
import { FlowTable } from '../../src/transport/flow-table.ts';
import { reaches } from '../support/reaches.ts';
import { cursorOf, FLAG } from './wire.ts';

reaches(
  'carriedFlows',
  8,
  'a connection has a flow of its own as long as there is room, also one on a row that another had',
  (bound) => {
    const [outer, flows] = [new FlowTable(), new FlowTable()];
    const [from, to] = [2, 1].map((last) => ({ address: [192, 0, 2, last], port: 1000 + last }));
    if (from === undefined || to === undefined) throw new Error('two ends');
    outer.find(cursorOf({ from, to, sequence: 0, flags: FLAG.ack }, 1));
    let stream = 0;
    const carried = new CarriedFlows(
      { placeOf: () => ({ flow: 0, stream: stream++ }) },
      outer,
      flows,
    );
    expect([carried.of(5), carried.of(5), carried.of(6)]).toEqual([0, 0, 1]);
    carried.forget(5);
    expect(carried.of(5)).toBe(2);
    expect(flows.streamOf(2)).toBe(2);
    for (let row = 7; row < bound + 4; row++) carried.of(row);
    expect(flows.size).toBe(bound);
    expect(carried.of(1_000_000)).toBe(-1);
    // Those that have one keep it.
    expect([carried.of(6), carried.of(5)]).toEqual([1, 2]);
  },
);
