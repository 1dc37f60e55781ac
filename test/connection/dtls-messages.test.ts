import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DtlsMessages, emptyFragment } from '../../src/connection/dtls-messages.ts';
import { LIMITS } from '../../src/model/limits.ts';
import type { CaptureNotice } from '../../src/model/notice.ts';

const BODY = Uint8Array.from({ length: 12 }, (_, i) => i + 1);

interface Piece {
  readonly half: number;
  readonly sequence: number;
  readonly from: number;
  readonly to: number;
}

const piece = fc
  .record({
    half: fc.integer({ min: 0, max: 3 }),
    sequence: fc.integer({ min: 0, max: 3 }),
    ends: fc.tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 12 })),
  })
  .map(({ half, sequence, ends: [a, b] }): Piece => {
    return { half, sequence, from: Math.min(a, b), to: Math.max(a, b) };
  });
const step = fc.oneof(
  { weight: 6, arbitrary: piece },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 3 }) },
);

function add(messages: DtlsMessages, { half, sequence, from, to }: Piece, length = 12) {
  const fragment = Object.assign(emptyFragment(), {
    type: 11,
    length,
    sequence,
    offset: from,
    start: from,
    end: to,
  });
  return messages.add(half, fragment, BODY, 1);
}

describe('messages in fragments', () => {
  it('are whole once each octet came since the direction was last given up', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const messages = new DtlsMessages({ notice: () => {} });
        const seen = new Map<string, Set<number>>();
        for (const one of steps) {
          if (typeof one === 'number') {
            messages.forget(one);
            for (const key of [...seen.keys()]) if (key.startsWith(`${one} `)) seen.delete(key);
            continue;
          }
          const key = `${one.half} ${one.sequence}`;
          const octets = seen.get(key) ?? new Set<number>();
          for (let at = one.from; at < one.to; at++) octets.add(at);
          seen.set(key, octets);
          const whole = octets.size === BODY.length;
          if (whole) seen.delete(key);
          expect(add(messages, one)).toEqual(whole ? BODY : undefined);
        }
      }),
    );
  });

  it('are bounded in number, be they of one octet, and make room when given up', () => {
    const notices: CaptureNotice[] = [];
    const messages = new DtlsMessages({ notice: (one) => notices.push(one) });
    let begun = 0;
    while (notices.length === 0 && begun < LIMITS.handshakeOctets / 100) {
      add(messages, { half: begun >> 16, sequence: begun & 0xffff, from: 0, to: 0 }, 1);
      begun++;
    }
    expect(notices.map(({ code }) => code)).toEqual(['message-too-long']);
    expect(begun).toBeGreaterThan(LIMITS.handshakeOctets / 1024);

    messages.forget(0);
    expect(add(messages, { half: 9, sequence: 1, from: 0, to: 12 })).toEqual(BODY);
    expect(notices).toHaveLength(1);
  });
});
