import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KeyLog, type KeyLogLabel } from '../../src/crypto/key-log.ts';
import { hex, someOctets, text } from '../support/octets.ts';
import { reaches } from '../support/reaches.ts';

const RANDOM = '11'.repeat(32);
const MASTER = 'a5'.repeat(48);
const SECRET = 'b6'.repeat(32);

function read(...logs: string[]): KeyLog {
  const log = new KeyLog();
  for (const each of logs) log.add(text(each));
  return log;
}

describe('KeyLog', () => {
  test.each<[KeyLogLabel, string]>([
    ['CLIENT_RANDOM', MASTER],
    ['CLIENT_EARLY_TRAFFIC_SECRET', SECRET],
    ['CLIENT_HANDSHAKE_TRAFFIC_SECRET', SECRET],
    ['SERVER_HANDSHAKE_TRAFFIC_SECRET', MASTER],
    ['CLIENT_TRAFFIC_SECRET_0', SECRET],
    ['SERVER_TRAFFIC_SECRET_0', SECRET],
    ['CLIENT_TRAFFIC_SECRET_17', SECRET],
    ['SERVER_TRAFFIC_SECRET_999999', SECRET],
    ['CLIENT_TRAFFIC_SECRET_N', SECRET],
    ['EARLY_EXPORTER_SECRET', SECRET],
    ['EXPORTER_SECRET', SECRET],
    ['PMS_CLIENT_RANDOM', '07'],
  ])('%s', (label, secret) => {
    const log = read(`${label} ${RANDOM} ${secret}\n`);
    expect(log.find(label, hex(RANDOM))).toEqual(hex(secret));
    expect(log.find(label, hex(`ffff${RANDOM}`), 2)).toEqual(hex(secret));
    expect(log.find(label, hex(`ffff${RANDOM}`), 3)).toBeUndefined();
    expect(log.malformedCount).toBe(0);
    for (const other of ['CLIENT_RANDOM', 'CLIENT_TRAFFIC_SECRET_1', 'EXPORTER_SECRET'] as const)
      if (other !== label) expect(log.find(other, hex(RANDOM))).toBeUndefined();
  });

  test('forms from before the RFC: an encrypted premaster secret, and a session id', () => {
    const log = read(
      `RSA 0102030405060708 ${MASTER}\nRSA Session-ID:0a0b0c Master-Key:${MASTER}\n`,
    );
    expect(log.find('RSA', hex('01020304050607089999'))).toEqual(hex(MASTER));
    expect(log.find('RSA', hex('0102030405060709'))).toBeUndefined();
    expect(log.findSession(hex('0a0b0c'))).toEqual(hex(MASTER));
    expect(log.findSession(hex('0a0b0d'))).toBeUndefined();
    expect(log.findSession(hex(''))).toBeUndefined();
    expect(log.malformedCount).toBe(0);
  });

  test.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['CR', '\r'],
  ])(
    'lines end in %s, the last one in nothing; comments and empty lines are let pass',
    (_, end) => {
      const lines = [
        '# a comment',
        '',
        `CLIENT_RANDOM ${RANDOM} ${MASTER}`,
        '   ',
        ' # another',
        `EXPORTER_SECRET ${RANDOM} ${SECRET}`,
      ];
      const log = read(lines.join(end));
      expect(log.lines).toBe(6);
      expect(log.malformed).toEqual([]);
      expect(log.find('EXPORTER_SECRET', hex(RANDOM))).toEqual(hex(SECRET));
      expect(log.find('CLIENT_RANDOM', hex(RANDOM))).toEqual(hex(MASTER));
    },
  );

  test('either case, blanks to spare, and a byte order mark', () => {
    const log = read(`\ufeff  CLIENT_RANDOM\t${'AB'.repeat(32)}   ${'eF'.repeat(48)} \n`);
    expect(log.find('CLIENT_RANDOM', hex('ab'.repeat(32)))).toEqual(hex('ef'.repeat(48)));
  });

  test.each([
    ['unknown label', `MASTER ${RANDOM} ${MASTER}`],
    ['unknown label', MASTER],
    ['unknown label', `client_random ${RANDOM} ${MASTER}`],
    ['unknown label', `CLIENT_TRAFFIC_SECRET_01 ${RANDOM} ${SECRET}`],
    ['unknown label', `CLIENT_TRAFFIC_SECRET_1234567 ${RANDOM} ${SECRET}`],
    ['unknown label', `CLIENT_TRAFFIC_SECRET_N0 ${RANDOM} ${SECRET}`],
    ['unknown label', `CLIENT_TRAFFIC_SECRET_x ${RANDOM} ${SECRET}`],
    ['not three fields', `CLIENT_RANDOM ${RANDOM}`],
    ['not three fields', `CLIENT_RANDOM ${RANDOM} ${MASTER} ${MASTER}`],
    ['not three fields', 'CLIENT_RANDOM'],
    ['not three fields', `RSA Session-ID:0a0b ${MASTER}`],
    ['not hexadecimal', `CLIENT_RANDOM ${RANDOM} ${'g5'.repeat(48)}`],
    ['not hexadecimal', `CLIENT_RANDOM ${'1g'.repeat(32)} ${MASTER}`],
    ['random of wrong length', `CLIENT_RANDOM ${RANDOM}11 ${MASTER}`],
    ['random of wrong length', `CLIENT_RANDOM ${RANDOM.slice(1)} ${MASTER}`],
    ['secret of wrong length', `CLIENT_RANDOM ${RANDOM} ${SECRET}`],
    ['secret of wrong length', `EXPORTER_SECRET ${RANDOM} ${SECRET.slice(2)}`],
    ['secret of wrong length', `PMS_CLIENT_RANDOM ${RANDOM} ${'00'.repeat(1025)}`],
  ])('%s', (why, line) => {
    const log = read(`# one\n${line}\nCLIENT_RANDOM ${'22'.repeat(32)} ${MASTER}`);
    expect(log.malformed).toEqual([{ log: 1, line: 2, why }]);
    expect(log.secrets).toBe(1);
  });

  test('UTF-16, as Windows PowerShell writes it, is told once', () => {
    for (const mark of ['\ufeff', '']) {
      const log = new KeyLog();
      log.add(Buffer.from(`${mark}CLIENT_RANDOM ${RANDOM} ${MASTER}\n`.repeat(3), 'utf16le'));
      expect(log.malformed).toEqual([{ log: 1, line: 1, why: 'not text: UTF-16 or binary' }]);
    }
  });

  test('labels without use here are counted by name', () => {
    const log = read(
      `QUIC_CLIENT_TRAFFIC_SECRET_0 ${RANDOM} ${SECRET}\nQUIC_SERVER_TRAFFIC_SECRET_0 ${RANDOM} ${SECRET}\nQUIC_CLIENT_TRAFFIC_SECRET_0 ${RANDOM} ${SECRET}`,
    );
    expect([...log.notUsed]).toEqual([
      ['QUIC_CLIENT_TRAFFIC_SECRET_0', 2],
      ['QUIC_SERVER_TRAFFIC_SECRET_0', 1],
    ]);
    expect(log.malformedCount).toBe(0);
  });

  test('the same line twice is one secret, another secret for the same random is a second candidate', () => {
    const line = `CLIENT_RANDOM ${RANDOM} ${MASTER}\n`;
    const log = read(line + line, `CLIENT_RANDOM ${RANDOM} ${'c7'.repeat(48)}\n${line}`);
    expect(log.secrets).toBe(2);
    expect(log.findAll('CLIENT_RANDOM', hex(RANDOM))).toEqual([hex(MASTER), hex('c7'.repeat(48))]);
    expect(log.find('CLIENT_RANDOM', hex(RANDOM))).toEqual(hex(MASTER));
  });

  test('lines of connections that nobody asked for are counted, and the first are named', () => {
    const line = (byte: string) => `CLIENT_RANDOM ${byte.repeat(32)} ${MASTER}\n`;
    const log = read(
      line('11') + line('22'),
      `#\n${line('33')}${line('33')}EXPORTER_SECRET ${RANDOM} ${SECRET}`,
    );
    expect(log.unmatchedLines()).toBe(5);
    log.find('CLIENT_RANDOM', hex(RANDOM));
    expect(log.unmatchedLines()).toBe(3);
    expect(log.firstUnmatchedLines()).toEqual([
      { log: 1, line: 2 },
      { log: 2, line: 2 },
    ]);
    log.find('EXPORTER_SECRET', hex('22'.repeat(32)));
    expect(log.unmatchedLines()).toBe(3);
  });

  reaches(
    'keyLogLinesNamed',
    4,
    'only the first malformed and unmatched lines are named',
    (bound) => {
      const many = bound + 5;
      const lines = Array.from(
        { length: many },
        (_, i) => `CLIENT_RANDOM ${i.toString(16).padStart(64, '0')} ${MASTER}\nbad`,
      );
      const log = read(lines.join('\n'));
      expect(log.malformed).toHaveLength(bound);
      expect(log.malformedCount).toBe(many);
      expect(log.firstUnmatchedLines()).toHaveLength(bound);
      expect(log.unmatchedLines()).toBe(many);
    },
  );

  reaches('keyLogSecretsPerRandom', 8, 'one random may have only so many secrets', (bound) => {
    const lines = Array.from(
      { length: bound + 3 },
      (_, i) => `CLIENT_TRAFFIC_SECRET_${i} ${RANDOM} ${SECRET}`,
    );
    const log = read(lines.join('\n'));
    expect(log.secrets).toBe(bound);
    expect(log.malformedCount).toBe(3);
    expect(log.malformed[0]?.why).toBe('too many secrets');
  });

  reaches('keyLogSecrets', 5, 'all randoms together may have only so many secrets', (bound) => {
    const line = (n: number) => `CLIENT_RANDOM ${n.toString(16).padStart(64, '0')} ${MASTER}`;
    const log = read(Array.from({ length: bound + 3 }, (_, n) => line(n + 1)).join('\n'));
    expect([log.secrets, log.malformedCount]).toEqual([bound, 3]);
    expect(log.malformed[0]).toMatchObject({ line: bound + 1, why: 'too many secrets' });
    expect(log.find('CLIENT_RANDOM', hex(bound.toString(16).padStart(64, '0')))).toBeDefined();
  });

  reaches(
    'keyLogComparisons',
    5,
    'similar randoms are looked for so long and no longer',
    (bound) => {
      const log = read(
        `CLIENT_RANDOM ${RANDOM} ${MASTER}\nCLIENT_RANDOM ${'22'.repeat(32)} ${MASTER}`,
      );
      const kinds = [0, 1, 2].map(() => log.nearest(hex(`12${RANDOM.slice(2)}`))?.kind);
      expect(bound).toBe(5);
      expect(kinds).toEqual(['similar-random', 'similar-random', undefined]);
    },
  );

  describe('the nearest miss', () => {
    const log = read(
      `#\nCLIENT_TRAFFIC_SECRET_3 ${RANDOM} ${SECRET}\nEXPORTER_SECRET ${RANDOM} ${SECRET}`,
    );

    test('the random is there with other labels', () => {
      expect(log.nearest(hex(RANDOM))).toEqual({
        kind: 'other-label',
        labels: ['CLIENT_TRAFFIC_SECRET_3', 'EXPORTER_SECRET'],
      });
    });

    test.each([1, 4, 8])('a random differs in %i octets', (count) => {
      const damaged = hex(RANDOM);
      for (let i = 0; i < count; i++) damaged[31 - 2 * i] = 0;
      expect(log.nearest(damaged)).toEqual({
        kind: 'similar-random',
        log: 1,
        line: 2,
        differingOctets: count,
        equalLeadingOctets: 33 - 2 * count,
      });
    });

    test('nothing is near', () => {
      expect(log.nearest(someOctets(32, 5))).toBeUndefined();
      expect(log.nearest(hex(RANDOM), 1)).toBeUndefined();
      expect(new KeyLog().nearest(hex(RANDOM))).toBeUndefined();
    });
  });

  test('every line of the key logs beside the samples is understood', () => {
    const folder = new URL('../../samples/', import.meta.url);
    let logs = 0;
    for (const name of readdirSync(folder)) {
      const file = new URL(`${name}/keys.log`, folder);
      if (!existsSync(file)) continue;
      const log = new KeyLog();
      log.add(readFileSync(file));
      expect([name, log.malformed]).toEqual([name, []]);
      expect(log.secrets).toBeGreaterThan(0);
      logs++;
    }
    expect(logs).toBeGreaterThan(40);
  });

  const hexOctets = (octets: number) =>
    fc
      .uint8Array({ minLength: octets, maxLength: octets })
      .map((bytes) => Buffer.from(bytes).toString('hex'));
  const someLine = fc.oneof(
    fc.tuple(fc.constantFrom('CLIENT_RANDOM', 'PMS_CLIENT_RANDOM'), fc.nat(5), hexOctets(48)),
    fc.tuple(
      fc.constantFrom('CLIENT_TRAFFIC_SECRET_0', 'CLIENT_TRAFFIC_SECRET_1', 'EXPORTER_SECRET'),
      fc.nat(5),
      hexOctets(32),
    ),
  );
  const randomOf = (index: number) => `${index}${index}`.repeat(32);
  const asText = (lines: readonly (readonly [string, number, string])[]) =>
    lines.map(([label, index, secret]) => `${label} ${randomOf(index)} ${secret}\n`).join('');
  const labels = [
    'CLIENT_RANDOM',
    'PMS_CLIENT_RANDOM',
    'CLIENT_TRAFFIC_SECRET_0',
    'CLIENT_TRAFFIC_SECRET_1',
    'EXPORTER_SECRET',
  ] as const;
  const contents = (log: KeyLog) =>
    labels.flatMap((label) =>
      [0, 1, 2, 3, 4, 5].map((index) =>
        log
          .findAll(label, hex(randomOf(index)))
          .map((secret) => Buffer.from(secret).toString('hex'))
          .sort(),
      ),
    );

  test('any octets are read without an exception', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc
        .constantFrom(
          'CLIENT_RANDOM ',
          'RSA Session-ID:',
          ' Master-Key:',
          '\r',
          '\n',
          '\r\n',
          ' ',
          '#',
          `${RANDOM} `,
          MASTER,
          'CLIENT_TRAFFIC_SECRET_',
        )
        .map(text),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const log = new KeyLog();
        log.add(Buffer.concat(pieces));
        expect(log.secrets + log.malformedCount).toBeLessThanOrEqual(log.lines);
      }),
    );
  });

  test('the order of lines does not matter, nor how many files they are in', () => {
    const property = fc.property(
      fc.array(someLine, { maxLength: 40 }),
      fc.nat(40),
      fc.func(fc.integer()),
      (lines, cut, rank) => {
        const whole = read(asText(lines));
        const shuffled = lines.toSorted((a, b) => rank(a) - rank(b));
        expect(contents(read(asText(shuffled)))).toEqual(contents(whole));
        const parts = read(asText(lines.slice(0, cut)), asText(lines.slice(cut)));
        expect(contents(parts)).toEqual(contents(whole));
        expect(parts.secrets).toBe(whole.secrets);
        expect(parts.lines).toBe(whole.lines);
      },
    );
    fc.assert(property);
  });

  test('all secrets of many randoms are found again', () => {
    const count = 5000;
    const random = (i: number) =>
      Buffer.from(someOctets(32, i))
        .fill(i & 0xff, 3, 4)
        .fill(i >> 8, 17, 18);
    const lines = Array.from(
      { length: count },
      (_, i) => `CLIENT_RANDOM ${random(i).toString('hex')} ${i.toString(16).padStart(96, '0')}`,
    );
    const log = read(lines.join('\n'));
    expect(log.secrets).toBe(count);
    for (let i = 0; i < count; i++)
      expect(Buffer.from(log.find('CLIENT_RANDOM', random(i)) ?? []).readUInt32BE(44)).toBe(i);
    expect(log.unmatchedLines()).toBe(0);
  });
});
