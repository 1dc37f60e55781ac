import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Opening, Protection, SealedRecord } from '../../src/crypto/protection.ts';
import { RecordOpener } from '../../src/crypto/record-opener.ts';
import { cipherSuite, suiteName } from '../../src/model/code-points/suites.ts';
import { versionName } from '../../src/model/code-points/versions.ts';
import type { Octets } from '../support/hello-builder.ts';
import { SEALER_SUITES, Sealer, type SealerSetup } from '../support/sealer.ts';

const TLS = [0x0300, 0x0301, 0x0302, 0x0303];
const DTLS = [0xfeff, 0xfefd];
const CID = Uint8Array.of(1, 2, 3, 4, 5);

/** Every suite of the sealer with every version, extension and layout it can have. */
const SETUPS: readonly Omit<SealerSetup, 'keys'>[] = Object.entries(SEALER_SUITES).flatMap(
  ([code, { tag, cipher, block, hash }]) => {
    const suite = Number(code);
    if (suite >> 8 === 0x13) return [{ suite, version: 0x0304 }];
    const aead = tag !== undefined;
    const versions = aead
      ? [0x0303, 0xfefd]
      : [...TLS.filter((v) => v > 0x0300 || hash !== 'sha384'), ...(cipher === 'rc4' ? [] : DTLS)];
    return versions.flatMap((version) => {
      const variants: Omit<SealerSetup, 'keys'>[] = [{ suite, version }];
      if (!aead && version !== 0x0300) variants.push({ suite, version, truncatedHmac: true });
      if (block !== undefined && version !== 0x0300) {
        variants.push({ suite, version, encryptThenMac: true });
        variants.push({ suite, version, encryptThenMac: true, truncatedHmac: true });
      }
      if (version !== 0xfefd) return variants;
      return [...variants, ...variants.map((variant) => ({ ...variant, cid: CID }))];
    });
  },
);

function nameOf({ suite, version, encryptThenMac, truncatedHmac, cid }: Omit<SealerSetup, 'keys'>) {
  const marks = [encryptThenMac && 'EtM', truncatedHmac && 'truncated', cid && 'CID'];
  return [suiteName(suite), versionName(version), ...marks.filter(Boolean)].join(' ');
}

function keysFor(suite: number): SealerSetup['keys'] {
  const { key, mac = 0, iv, block = 0 } = SEALER_SUITES[suite] ?? { key: 0 };
  const octets = (length: number): Octets => new Uint8Array(randomBytes(length));
  return { mac: octets(mac), key: octets(key), iv: octets(iv ?? block) };
}

function protectionOf(setup: Omit<SealerSetup, 'keys'>): Protection {
  const suite = cipherSuite(setup.suite);
  if (suite === undefined) throw new Error('unknown suite');
  const { version, encryptThenMac = false, truncatedHmac = false, cid } = setup;
  return { suite, version, encryptThenMac, truncatedHmac, connectionId: cid };
}

function pair(setup: Omit<SealerSetup, 'keys'>): [Sealer, RecordOpener] {
  const keys = keysFor(setup.suite);
  return [new Sealer({ ...setup, keys }), new RecordOpener(protectionOf(setup), keys)];
}

const shown = (opening: Opening) =>
  opening.kind === 'opened'
    ? [opening.type, Buffer.from(opening.content).toString('hex')]
    : opening.kind === 'failed'
      ? opening.why
      : opening;

const isDtls = (version: number) => version >= 0xfe00;

describe.each(SETUPS.map((setup) => [nameOf(setup), setup] as const))('%s', (_name, setup) => {
  const epoch = isDtls(setup.version) ? 3 : 0;

  it('opens a stream of records of any length', () => {
    const [sealer, opener] = pair(setup);
    const lengths = [0, 1, 2, 15, 16, 17, 31, 32, 33, 64, 100, 255, 256, 1000, 16384];
    lengths.forEach((length, i) => {
      const content = new Uint8Array(randomBytes(length));
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
    const content = new Uint8Array(randomBytes(37));
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
    const chained = (setup.version === 0x0301 || setup.version === 0x0300) && !setup.encryptThenMac;
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
});

function flipped(record: SealedRecord, bit: number): SealedRecord {
  const bytes = Uint8Array.from(record.bytes);
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return { ...record, bytes };
}
