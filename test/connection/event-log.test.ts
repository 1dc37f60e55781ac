/** The events of all connections together. */
import { expect, test } from 'vitest';
import { EVENT, EventLog } from '../../src/connection/event-log.ts';
import { reaches } from '../support/reaches.ts';

const add = (log: EventLog, kind: number) => log.add(kind, 0, 0, 0, 1, 1, 0, 0);

test('a list that is given back makes room for as many events', () => {
  const log = new EventLog();
  const first = add(log, EVENT.alert);
  const last = add(log, EVENT.alert);
  log.link(first, last);
  expect(log.size).toBe(2);
  log.releaseList(first, last, 2);
  expect(log.size).toBe(0);
  add(log, EVENT.alert);
  expect(log.size).toBe(1);
});

reaches('detailedEvents', 1, 'octets are kept with so many of them, of all kinds', () => {
  const log = new EventLog();
  log.octets.set(add(log, EVENT.notARecord), Uint8Array.of(1));
  const kinds = [EVENT.message, EVENT.notARecord, EVENT.helloMidConnection, EVENT.stray];
  expect(kinds.map((kind) => log.isFull(kind))).toEqual([false, true, true, true]);
});
