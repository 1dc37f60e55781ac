import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../src/model/limits.ts';
import { isAtOnce, SentOctets } from '../../src/transport/sent-octets.ts';
import { reaches } from '../support/reaches.ts';

const octets = (text: string) => new TextEncoder().encode(text);
const MINE = 4;
const OTHER = 5;
const IP_ID = 700;

function sent(...segments: readonly (readonly [sender: number, sequence: number, text: string])[]) {
  const kept = new SentOctets();
  for (const [n, [sender, sequence, text]] of segments.entries())
    kept.remember(sender, sequence, octets(text), 0, text.length, n + 1, n, IP_ID + n);
  return kept;
}

const again = (kept: SentOctets, sequence: number, text: string) =>
  kept.otherwise(MINE, sequence, octets(text), 0, text.length)?.packet;

describe('octets sent again', () => {
  test.each<[name: string, sequence: number, text: string, packet: number | undefined]>([
    ['equal', 100, 'abcd', undefined],
    ['one octet is another', 100, 'abXd', 1],
    ['part of it', 102, 'cX', 1],
    ['over two segments', 102, 'cdeXgh', 2],
    ['beginning before what was sent', 96, '....abcd', undefined],
    ['ending behind it', 106, 'gh....', undefined],
    ['nothing of it was sent', 200, 'abcd', undefined],
  ])('%s', (_, sequence, text, packet) => {
    expect(again(sent([MINE, 100, 'abcd'], [MINE, 104, 'efgh']), sequence, text)).toBe(packet);
  });

  test('those of others do not count', () => {
    expect(again(sent([OTHER, 100, 'abcd']), 100, 'wxyz')).toBeUndefined();
  });

  test('sequence numbers come round', () => {
    expect(again(sent([MINE, -2, 'abcd']), 0, 'cX')).toBe(1);
  });

  reaches(
    'tcpSentSegments',
    8,
    'they are forgotten after as many segments as are kept',
    (bound) => {
      const kept = sent([MINE, 100, 'abcd']);
      for (let n = 1; n < bound; n++) kept.remember(OTHER, n, octets('.'), 0, 1, n, n, 0);
      expect(again(kept, 100, 'abXd')).toBe(1);
      kept.remember(OTHER, 0, octets('.'), 0, 1, 0, 0, 0);
      expect(again(kept, 100, 'abXd')).toBeUndefined();
    },
  );

  reaches(
    'tcpSentOctets',
    16384,
    'they are forgotten after as many octets as are kept, and never compared with what took their place',
    (bound) => {
      const kept = sent([MINE, 100, 'abcd']);
      const many = new Uint8Array(2000);
      for (let n = 0; n * 2000 < bound - 2000; n++) kept.remember(OTHER, 0, many, 0, 2000, n, n, 0);
      expect(again(kept, 100, 'abXd')).toBe(1);
      kept.remember(OTHER, 0, many, 0, 2000, 0, 0, 0);
      expect(again(kept, 100, 'abcd')).toBeUndefined();
      expect(again(kept, 100, 'abXd')).toBeUndefined();
    },
  );

  test('more than is kept at all is left out', () => {
    const kept = new SentOctets();
    const huge = new Uint8Array(LIMITS.tcpSentOctets + 1);
    kept.remember(MINE, 0, huge, 0, huge.length, 1, 0, 0);
    expect(again(kept, 0, 'x')).toBeUndefined();
  });
});

describe('a segment that is kept already', () => {
  const kept = sent([MINE, 100, 'abcd'], [MINE, 104, 'efgh']);

  test.each<[name: string, sequence: number, length: number, ipId: number, packet?: number]>([
    ['is the same packet', 104, 4, IP_ID + 1, 2],
    ['was sent again, in a packet of its own', 104, 4, IP_ID + 2],
    ['has another length', 104, 3, IP_ID + 1],
    ['begins elsewhere', 100, 4, IP_ID + 1],
  ])('%s', (_, sequence, length, ipId, packet) => {
    expect(kept.samePacket(MINE, sequence, length, ipId)?.packet).toBe(packet);
    expect(kept.samePacket(OTHER, sequence, length, ipId)).toBeUndefined();
  });

  reaches('duplicateCaptureNanos', 1000, 'is the same packet so long and no longer', (bound) => {
    expect(isAtOnce(bound, 1)).toBe(true);
    expect(isAtOnce(0, bound)).toBe(false);
  });

  test('an identification of 0 tells nothing', () => {
    const nameless = new SentOctets();
    nameless.remember(MINE, 100, octets('abcd'), 0, 4, 1, 0, 0);
    expect(nameless.samePacket(MINE, 100, 4, 0)).toBeUndefined();
  });
});

describe('octets that lie in the present chunk', () => {
  const chunk = octets('abcdefgh');

  test('are compared where they are', () => {
    const kept = new SentOctets();
    kept.beginChunk(chunk);
    kept.remember(MINE, 100, chunk, 0, 8, 1, 0, 0);
    expect(again(kept, 100, 'abcdefgh')).toBeUndefined();
    expect(again(kept, 104, 'eX')).toBe(1);
  });

  test('outlive it, beside those that came from elsewhere', () => {
    const memory = chunk.slice();
    const kept = new SentOctets();
    kept.beginChunk(memory);
    kept.remember(MINE, 100, memory, 4, 4, 1, 0, 0);
    kept.remember(MINE, 104, octets('ijkl'), 0, 4, 2, 0, 0);
    kept.endChunk();
    memory.fill(0);
    expect(again(kept, 100, 'efghijkl')).toBeUndefined();
    expect(again(kept, 100, 'efgX')).toBe(1);
    expect(again(kept, 106, 'kX')).toBe(2);
  });

  test('do not come back over those that took their place', () => {
    const many = new Uint8Array(LIMITS.tcpSentOctets).fill(1);
    const kept = new SentOctets();
    kept.beginChunk(many);
    kept.remember(OTHER, 0, many, 0, 2000, 1, 0, 0);
    const other = many.slice().fill(2);
    kept.remember(MINE, 0, other, 0, other.length, 2, 0, 0);
    kept.endChunk();
    expect(kept.otherwise(MINE, 0, other, 0, other.length)).toBeUndefined();
  });
});
