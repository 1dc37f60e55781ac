/** What single parts keep of connections is bounded: what comes first, or last, or is counted. */
import { createCipheriv } from 'node:crypto';
import { expect } from 'vitest';
import { ClearHandshakes } from '../../src/connection/clear-handshakes.ts';
import { NONCE, NonceLines } from '../../src/connection/nonce-lines.ts';
import { Reading } from '../../src/connection/unsealing/reading.ts';
import { Tally } from '../../src/connection/unsealing/tally.ts';
import { cipherSuite } from '../../src/model/code-points/suites.ts';
import { filled, uint } from '../support/hello-builder.ts';
import { afresh, reaches } from '../support/reaches.ts';

/** A record of the client that does not open. */
function fail(tally: Tally, sequence: number): void {
  const wire = { type: 23, version: 0x0303, bytes: new Uint8Array(32), start: 0, end: 32 };
  const record = { ...wire, packet: 1, nanos: 0 };
  const numbers = { epoch: 0, sequence, expected: sequence };
  tally.failed('client', record, numbers, 'mac', undefined);
}

reaches(
  'failedRecordsPerConnection',
  3,
  'records that fail are told so far, and counted',
  (bound) => {
    const tally = new Tally();
    for (let n = 0; n < bound + 2; n++) fail(tally, n);
    const { failed, failures } = tally.facts();
    expect([failed, failures.length]).toEqual([bound + 2, bound]);
  },
);

reaches('explainedRecords', 2, 'of each side so many failures are explained', (bound) => {
  const tally = new Tally();
  for (let n = 0; n < bound; n++) {
    expect(tally.mayExplain('client')).toBe(true);
    fail(tally, 0);
  }
  expect([tally.mayExplain('client'), tally.mayExplain('server')]).toEqual([false, true]);
});

reaches(
  'formerKeys',
  2,
  'of the keys that were in use before the latest are remembered',
  (bound) => {
    const reading = new Reading('client');
    const suite = cipherSuite(0x1301);
    if (suite === undefined) throw new Error('no suite');
    const protection = { suite, version: 0x0304, encryptThenMac: false, truncatedHmac: false };
    const keys = [0, 1, 2, 3].map((n) => ({
      mac: new Uint8Array(0),
      key: filled(16, n),
      iv: filled(12, n),
    }));
    for (const one of keys) reading.use(protection, one);
    expect(reading.former.map((one) => one.keys.key[0])).toEqual([1, 2].slice(-bound));
  },
);

reaches('spareRooms', 2, 'rooms that are given back wait for others, so many of them', (bound) => {
  const kept = new ClearHandshakes();
  const octets = filled(10, 7);
  const roomsOf = (rows: readonly number[]) =>
    rows.map((row) => {
      kept.append(2 * row, true, octets, 0, octets.length);
      return kept.of(2 * row)?.buffer;
    });
  const first = roomsOf([0, 1, 2, 3, 4]);
  for (const row of [0, 1, 2, 3, 4]) kept.forget(row);
  const again = roomsOf([5, 6, 7, 8, 9]);
  expect(again.filter((room) => first.includes(room))).toHaveLength(bound);
});

/** A direction whose nonces count up from `from`, so often. */
function counting(lines: NonceLines, half: number, from: number, times = 4): void {
  for (let n = 0; n < times; n++) lines.take(half, nonce(from + n), 0);
}
const nonce = (value: number) => uint(value, 8);
const LINE = 0x77_0000_0000;

reaches('nonceStrays', 2, 'a direction with too many nonces off its line has none', (bound) => {
  const lines = new NonceLines();
  counting(lines, 0, LINE);
  const told = Array.from({ length: bound + 1 }, (_, n) =>
    lines.take(0, nonce(LINE * 2 + 1000 * n), 0),
  );
  expect(told).toEqual([...Array(bound).fill(NONCE.stray), NONCE.ordinary]);
  expect(lines.take(0, nonce(LINE * 3), 0)).toBe(NONCE.ordinary);
});

reaches('nonceOwnerSearches', 2, 'owners of nonces are looked for so often', (bound) => {
  const lines = new NonceLines();
  counting(lines, 2, LINE);
  const owner = () => lines.ownerOf(nonce(LINE + 5), 0, 0);
  expect(Array.from({ length: bound + 1 }, owner)).toEqual([...Array(bound).fill(2), -1]);
});

reaches(
  'recordPrints',
  16,
  'a record is the same as one of the newest, or as none',
  async (bound) => {
    const { RecordPrints }: typeof import('../../src/connection/record-prints.ts') = await afresh(
      'connection/record-prints.ts',
    );
    const prints = new RecordPrints();
    const take = (n: number) => prints.take(ciphertext(n), 0, 32, 64, 2, 0, n, n);
    expect([take(1), take(1), prints.packet]).toEqual([false, true, 1]);
    for (let n = 2; n < 12 * bound; n++) take(n);
    expect(take(1)).toBe(false);
    expect(take(12 * bound - 1)).toBe(true);
  },
);

reaches(
  'helloSessionIds',
  16,
  'of the newest ClientHellos the session ids are known',
  async (bound) => {
    const { SessionIds, NOBODY }: typeof import('../../src/connection/session-ids.ts') =
      await afresh('connection/session-ids.ts');
    const ids = new SessionIds();
    ids.add(ciphertext(1), 0, 32, 1);
    expect(ids.ownerOf(ciphertext(1), 0, 32)).toBe(1);
    for (let n = 2; n < 12 * bound; n++) ids.add(ciphertext(n), 0, 32, n);
    expect(ids.ownerOf(ciphertext(1), 0, 32)).toBe(NOBODY);
    expect(ids.ownerOf(ciphertext(12 * bound - 1), 0, 32)).toBe(12 * bound - 1);
  },
);

/** 32 octets that look random, and are the same for the same number. */
function ciphertext(n: number): Uint8Array {
  const cipher = createCipheriv('aes-128-ecb', new Uint8Array(16), null);
  return Uint8Array.from(cipher.update(Buffer.concat([uint(n, 16), uint(~n >>> 0, 16)])));
}
