import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Opening, SealedRecord } from '../../src/crypto/protection.ts';
import { RecordOpener } from '../../src/crypto/record-opener.ts';
import { SEALER_SUITES, Sealer } from '../support/sealer.ts';
import {
  AGREEMENTS,
  type Agreement,
  agreementName,
  flipped,
  isDtls,
  keysFor,
  protectionOf,
  randomOctets,
} from './setups.ts';

function pair(setup: Agreement): [Sealer, RecordOpener] {
  const keys = keysFor(setup.suite);
  return [new Sealer({ ...setup, keys }), new RecordOpener(protectionOf(setup), keys)];
}

const shown = (opening: Opening) =>
  opening.kind === 'opened'
    ? [opening.type, Buffer.from(opening.content).toString('hex')]
    : opening.kind === 'failed'
      ? opening.why
      : opening;

describe.each(AGREEMENTS.map((setup) => [agreementName(setup), setup] as const))(
  '%s',
  (_name, setup) => {
    const epoch = isDtls(setup.version) ? 3 : 0;

    it('opens a stream of records of any length', () => {
      const [sealer, opener] = pair(setup);
      const lengths = [0, 1, 2, 15, 16, 17, 31, 32, 33, 64, 100, 255, 256, 1000, 16384];
      lengths.forEach((length, i) => {
        const content = randomOctets(length);
        const sequence = i < 8 ? i : 2 ** 32 - 12 + i;
        const sealed = sealer.seal(22 + (i % 2), content, sequence, {
          epoch,
          pad: setup.version === 0x0300 ? 0 : i % 3 && 1,
        });
        expect(shown(opener.open(sealed, sequence, epoch))).toEqual([
          22 + (i % 2),
          Buffer.from(content).toString('hex'),
        ]);
      });
    });

    it('fails with any bit of fragment, type, version, sequence or epoch flipped, then goes on', () => {
      const [sealer, opener] = pair(setup);
      const content = randomOctets(37);
      opener.open(sealer.seal(23, content, 0, { epoch }), 0, epoch);
      const sealed = sealer.seal(23, content, 1, { epoch });
      const fails = (record: SealedRecord, sequence: number, inEpoch: number) =>
        opener.attempt(record, sequence, inEpoch).kind;
      const opened: string[] = [];
      for (let bit = sealed.start * 8; bit < sealed.end * 8; bit++) {
        if (fails(flipped(sealed, bit), 1, epoch) !== 'failed') opened.push(`bit ${bit}`);
      }
      for (let bit = 0; bit < 48; bit++) {
        if (fails(sealed, bit === 0 ? 0 : 1 + 2 ** bit, epoch) !== 'failed')
          opened.push(`sequence bit ${bit}`);
      }
      for (let bit = 0; bit < 8; bit++) {
        if (fails({ ...sealed, type: sealed.type ^ (1 << bit) }, 1, epoch) !== 'failed')
          opened.push(`type bit ${bit}`);
      }
      for (let bit = 0; bit < 16 && setup.version !== 0x0300; bit++) {
        if (fails({ ...sealed, version: sealed.version ^ (1 << bit) }, 1, epoch) !== 'failed')
          opened.push(`version bit ${bit}`);
      }
      if (epoch > 0 && fails(sealed, 1, epoch + 1) !== 'failed') opened.push('epoch');
      expect(opened).toEqual([]);
      expect(opener.open(sealed, 1, epoch).kind).toBe('opened');
      const [damaged, next] = [
        sealer.seal(23, content, 2, { epoch }),
        sealer.seal(22, content, 3, { epoch }),
      ];
      const bad = flipped(damaged, damaged.end * 8 - 1);
      const chained =
        (setup.version === 0x0301 || setup.version === 0x0300) && !setup.encryptThenMac;
      expect(opener.open(bad, 2, epoch).kind).toBe('failed');
      // With a chained IV the damage of the last block reaches the record behind it, as at any receiver.
      const reaches = chained && SEALER_SUITES[setup.suite]?.block !== undefined;
      expect(opener.open(next, 3, epoch).kind).toBe(reaches ? 'failed' : 'opened');
      const last = sealer.seal(22, content, 4, { epoch });
      expect(opener.open(last, 4, epoch).kind).toBe('opened');
    });

    it('never throws, and opens nothing that was not sealed', () => {
      const [, opener] = pair(setup);
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat({ max: 30 }), (bytes, type) => {
          const opening = opener.attempt(
            { type, version: 0x0303, bytes, start: 0, end: bytes.length },
            0,
            epoch,
          );
          return opening.kind === 'failed';
        }),
        { numRuns: 60 },
      );
    });
  },
);
