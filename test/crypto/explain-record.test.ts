import { describe, expect, it } from 'vitest';
import { explainRecord } from '../../src/crypto/explain-record.ts';
import type { FailedRecord } from '../../src/crypto/failed-record.ts';
import type { KeyOrder } from '../../src/crypto/key-slicings.ts';
import { RECORD_HYPOTHESES } from '../../src/crypto/record-hypotheses.ts';
import { cipherSuite } from '../../src/model/code-points/suites.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { concat, type Octets, uint } from '../support/hello-builder.ts';
import { reaches } from '../support/reaches.ts';
import {
  type Lengths,
  SEALER_SUITES,
  type Sealed,
  Sealer,
  type SealerKeys,
  type Slip,
} from '../support/sealer.ts';
import { dtls13Cases } from './dtls13-cases.ts';
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

/** One wrong record, and what it has to be recognised as. */
interface Case {
  readonly expected: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly failed: FailedRecord;
}

const EXPECTED = 500;
const HASH_OCTETS: Readonly<Record<string, number>> = { md5: 16, sha1: 20, sha256: 32, sha384: 48 };

/** Makes the record in every wrong way that there is for what was agreed. */
function casesFor(agreement: Agreement): Case[] {
  const { suite: code, version, cid } = agreement;
  const suite = SEALER_SUITES[code];
  if (suite === undefined) throw new Error('no suite');
  const { mac = 0, block = 0, key } = suite;
  const ivOctets = suite.iv ?? block;
  const tls12 = version !== 0x0304;
  const ssl3 = version === 0x0300;
  const epoch = isDtls(version) ? 2 : 0;
  const keyBlock = randomOctets(256);
  const protection = protectionOf(agreement);
  // Cut by hand: MAC keys, keys, IVs; the sender is the server, whose parts move with every length.
  const cut = (order: KeyOrder, macOctets = mac, iv = ivOctets): SealerKeys => {
    const lengths = { mac: macOctets, key, iv };
    const take = (parts: readonly ('mac' | 'key' | 'iv')[], second: boolean): SealerKeys => {
      let at = 0;
      const out: Record<string, Octets> = {};
      for (const part of parts) {
        const length = lengths[part];
        out[part] = keyBlock.subarray(at + (second ? length : 0), at + length * (second ? 2 : 1));
        at += second ? 2 * length : length;
      }
      return out as unknown as SealerKeys;
    };
    if (order === 'keys-first') return take(['key', 'mac', 'iv'], true);
    if (order === 'ivs-first') return take(['mac', 'iv', 'key'], true);
    if (order === 'specified') return take(['mac', 'key', 'iv'], true);
    const half = macOctets + key + iv;
    const from = (start: number, length: number) =>
      keyBlock.subarray(half + start, half + start + length);
    return { mac: from(0, macOctets), key: from(macOctets, key), iv: from(macOctets + key, iv) };
  };
  const keys = cut('specified');
  const otherKeys: SealerKeys = {
    mac: randomOctets(mac),
    key: randomOctets(key),
    iv: randomOctets(ivOctets),
  };
  const base = {
    protection,
    keys,
    sequence: EXPECTED,
    epoch: epoch > 0 ? epoch : undefined,
    ...(tls12 ? { keyBlock: { octets: keyBlock, sender: 'server' as const } } : {}),
    otherDirection: { protection, keys: otherKeys, sequence: 70 },
  };
  const content = randomOctets(41);
  const sealed = (
    slip: Slip,
    { by = keys, as = agreement, at = EXPECTED, inEpoch = epoch, type = 23, pad = 0 } = {},
  ): Sealed =>
    new Sealer({ ...as, keys: { ...by, iv: by.iv.subarray(0, ivOctets) } }).seal(
      type,
      content,
      at,
      { epoch: inEpoch, slip, pad },
    );
  const cases: Case[] = [];
  const add = (
    expected: string,
    record: Sealed,
    parameters: Readonly<Record<string, unknown>> = {},
    more: Partial<FailedRecord> = {},
  ) => cases.push({ expected, parameters, failed: { ...base, record, ...more } });

  add('as-specified', sealed({}), { sequence: EXPECTED });
  add(
    'as-specified',
    sealed({}, { at: EXPECTED + 900 }),
    { offset: 900 },
    { highestSequence: EXPECTED + 2000 },
  );
  for (const offset of [-1, -64, 1, 2, 1024, -EXPECTED, 1 - EXPECTED]) {
    add('sequence-offset', sealed({ sequence: EXPECTED + offset }), { offset });
  }
  if (block > 0 && !ssl3) {
    const macOver = !(agreement.encryptThenMac ?? false);
    const mtE = macOver ? agreement : { ...agreement, encryptThenMac: false };
    add('encrypt-then-mac-swapped', sealed({ macOver }));
    add('encrypt-then-mac-swapped+sequence-offset', sealed({ macOver, sequence: 0 }), {
      sequence: 0,
    });
    const flip = agreement.truncatedHmac ? mac : 10;
    add('encrypt-then-mac-swapped+truncated-hmac-swapped', sealed({ macOver, mac: flip }));
    if (macOver) {
      const length = (lengths: Lengths) => lengths.fragment;
      add('encrypt-then-mac-swapped+other-length', sealed({ macOver, length }, { as: mtE }));
    }
    if (macOver) add('padding-unfilled', sealed({ fill: 0 }));
  }
  if (mac > 0) {
    if (!ssl3) {
      const macOctets = agreement.truncatedHmac ? mac : 10;
      const short = { ...keys, mac: keys.mac.subarray(0, 10) };
      add('truncated-hmac-swapped', sealed({ mac: macOctets }), { macOctets });
      add('truncated-hmac-swapped+mac-key-shortened', sealed({ mac: macOctets }, { by: short }));
      add(
        'truncated-hmac-swapped+key-block-cut-otherwise',
        sealed({ mac: macOctets }, { by: cut('specified', 10) }),
      );
    }
    for (const hash of Object.keys(HASH_OCTETS)) {
      const octets = HASH_OCTETS[hash] ?? 0;
      if (hash === suite.hash || (ssl3 && octets > 20)) continue;
      add('other-mac-hash', sealed({ hash }), { hash });
      add('other-mac-hash', sealed({ hash }, { by: cut('specified', octets) }), { hash });
      if (!ssl3)
        add('other-version+other-mac-hash', sealed({ hash, version: 0x0100 }), {
          hash,
          version: 0x0100,
        });
    }
    add('mac-key-empty', sealed({}, { by: { ...keys, mac: new Uint8Array(0) } }));
    add('mac-key-empty', sealed({}, { by: { ...keys, mac: new Uint8Array(mac) } }));
    add('mac-key-shortened', sealed({}, { by: { ...keys, mac: keys.mac.subarray(0, 10) } }));
  }
  if (tls12) {
    const macs = mac > 0 ? [mac, 10, 32] : [0];
    for (const order of ['specified', 'keys-first', 'ivs-first', 'by-side'] as const) {
      for (const macOctets of macs) {
        for (const iv of [ivOctets, 16]) {
          const by = cut(order, macOctets, iv);
          const same = (['mac', 'key'] as const).every(
            (part) => Buffer.compare(by[part], keys[part]) === 0,
          );
          // Under encrypt-then-MAC a wrong first IV garbles the first block, and nobody can tell.
          const chains = (version === 0x0301 && !agreement.encryptThenMac) || ssl3;
          const usesIv = suite.tag !== undefined || (block > 0 && chains);
          const sameIv = !usesIv || Buffer.compare(by.iv.subarray(0, ivOctets), keys.iv) === 0;
          // Nor whether what a right MAC covers was enciphered with a wrong key, in one of 256 cases.
          const covered = agreement.encryptThenMac && Buffer.compare(by.mac, keys.mac) === 0;
          if (!(same && sameIv) && !covered) add('key-block-cut-otherwise', sealed({}, { by }));
        }
      }
    }
  }
  if (!ssl3) {
    const shown = tls12 ? version : 0x0303;
    for (const other of [0x0300, 0x0301, 0x0302, 0x0303, 0xfeff, 0xfefd, 0x0100].filter(
      (v) => v !== shown,
    )) {
      add('other-version', sealed({ version: other }), { version: other });
    }
    add(
      'other-version',
      sealed({ version: 0x0505 }),
      { version: 0x0505 },
      { clientHelloVersion: 0x0505 },
    );
  }
  const shownType = cid !== undefined ? 25 : 23;
  for (const type of [21, 22, 23, 25].filter((t) => t !== shownType))
    add('other-type', sealed({ type }), { type });
  const forms: readonly ((lengths: Lengths) => number)[] = [
    ({ fragment }) => fragment,
    ({ fragment, iv }) => fragment - iv,
    ({ fragment, mac }) => fragment - mac,
    ({ fragment, iv, mac }) => fragment - iv - mac,
    ({ content, mac }) => content + mac,
  ];
  forms.forEach((form) => {
    let differs = false;
    const record = sealed({
      length: (lengths) => {
        differs = form(lengths) !== lengths.specified;
        return form(lengths);
      },
    });
    if (differs) add('other-length', record);
  });
  if (tls12 && suite.tag !== undefined && suite.nonce === 0) {
    const nonceNumber = (at: number, inEpoch = epoch) => concat(uint(inEpoch, 2), uint(at, 6));
    for (const at of [EXPECTED + 1, EXPECTED - 1, EXPECTED + 64, 0]) {
      add('other-nonce', sealed({ nonceNumber: nonceNumber(at) }), { nonceSequence: at });
    }
    const withoutEpoch = sealed({ nonceNumber: nonceNumber(EXPECTED, 0) });
    if (epoch > 0) add('other-nonce', withoutEpoch, { nonceSequence: EXPECTED, nonceEpoch: 0 });
  }
  if (epoch > 0) {
    const absent = (_epoch: number, sequence: number) => uint(sequence, 6);
    const zero = (_epoch: number, sequence: number) => uint(sequence, 8);
    add('epoch-left-out', sealed({ number: absent }), { epochForm: 'absent' });
    add('epoch-left-out', sealed({ number: zero }), { epochForm: 'zero' });
    const late = { number: (_epoch: number, sequence: number) => uint(sequence + 3, 8) };
    add('epoch-left-out+sequence-offset', sealed(late), { offset: 3, epochForm: 'zero' });
  }
  if (cid !== undefined) {
    add('connection-id-draft', sealed({ cid: agreement.draftCid ? 'specified' : 'draft' }));
    const peerCid = randomOctets(5);
    const peer = { ...protection, connectionId: peerCid };
    add(
      'connection-id-of-sender',
      sealed({ otherCid: peerCid }),
      {},
      { otherDirection: { ...base.otherDirection, protection: peer } },
    );
    if (!agreement.draftCid) {
      add('connection-id-left-out', sealed({ cid: 'no-id' }));
      add('connection-id-length-left-out', sealed({ cid: 'no-length' }));
      add('connection-id-placeholder-left-out', sealed({ cid: 'no-ones' }));
      for (const secondType of [21, 22, 23])
        add('connection-id-second-type', sealed({ secondType }), { type: secondType });
    }
    if (!agreement.encryptThenMac) {
      for (const pad of [0, 1, 15])
        add('inner-type-left-out', sealed({ innerLess: true }, { pad }));
    }
    for (const type of [25, 21, 22, 23])
      add('connection-id-left-out', sealed({ cid: 'absent', type }), { type });
  }
  for (const at of [70, 69, 20, 0])
    add('other-direction', sealed({}, { by: otherKeys, at }), { sequence: at });
  const older: SealerKeys = {
    mac: randomOctets(mac),
    key: randomOctets(key),
    iv: randomOctets(ivOctets),
  };
  const generation = { relation: 'previous' as const, protection, keys: older, sequence: 33 };
  for (const inEpoch of epoch > 0 ? [epoch, epoch - 1] : [0]) {
    const generations = [{ ...generation, ...(epoch > 0 ? { epoch: epoch - 1 } : {}) }];
    add(
      'other-key-generation',
      sealed({}, { by: older, at: 33, inEpoch }),
      { sequence: 33, generation: 'previous' },
      { generations },
    );
  }
  const good = sealed({});
  const gcm = suite.cipher.endsWith('gcm');
  for (let offset = good.start; offset < good.end; offset += gcm ? 17 : 50) {
    const damaged = flipped(good, offset * 8 + (offset % 8));
    const damage = [{ offset: offset - good.start, mask: 1 << (offset % 8) }];
    add('bit-damage', damaged, { damage });
    if (!gcm || offset < good.start + (suite.nonce ?? 0)) continue;
    add('bit-damage', flipped(damaged, good.end * 8 - 1), {});
    const octet = [0, 3, 6].reduce((record, bit) => flipped(record, offset * 8 + bit), good);
    add('bit-damage', octet, { damage: [{ offset: offset - good.start, mask: 0b1001001 }] });
  }
  return cases;
}

/** All variants of one CBC suite, and one or two variants of a suite for each other construction. */
const OTHERS = new Map<number, readonly number[]>([
  [0x0002, [0x0303, 0xfefd]],
  [0x0005, [0x0301]],
  [0x000a, [0x0301]],
  [0xc024, [0x0303]],
  [0x009c, [0x0303, 0xfefd]],
  [0xc0a8, [0xfefd]],
  [0xc07b, [0x0303]],
  [0xcca8, [0x0303, 0xfefd]],
  [0x1301, [0x0304]],
  [0x1303, [0x0304]],
]);
const TRIED = AGREEMENTS.filter(
  ({ suite, version, truncatedHmac }) =>
    OTHERS.get(suite)?.includes(version) ||
    (suite === 0x002f && (version === 0x0303 || version === 0xfefd || !truncatedHmac)),
);

interface Tally {
  made: number;
  recognised: number;
  readonly other: string[];
}

const CASES = [
  ...TRIED.flatMap((agreement) =>
    casesFor(agreement).map((one) => ({ ...one, name: agreementName(agreement) })),
  ),
  ...dtls13Cases(),
];

const tallies = new Map<string, Tally>();
for (const { name: agreement, expected, parameters, failed } of CASES) {
  const tally = tallies.get(expected) ?? { made: 0, recognised: 0, other: [] };
  tallies.set(expected, tally);
  const match = explainRecord(failed)?.match;
  const found = match?.hypotheses.join('+') ?? 'nothing';
  tally.made++;
  const same = Object.entries(parameters ?? {}).every(
    ([name, value]) =>
      JSON.stringify((match?.parameters as Record<string, unknown> | undefined)?.[name]) ===
      JSON.stringify(value),
  );
  if (found === expected && same) tally.recognised++;
  else {
    const what = JSON.stringify({ ...match?.parameters });
    tally.other.push(`${agreement}: ${found} ${what} instead of ${JSON.stringify(parameters)}`);
  }
}

describe('a record that is wrong in one known way is recognised', () => {
  for (const [id, { made, recognised, other }] of tallies) {
    it(`${id}: ${recognised} of ${made}, ${other.length} taken for something else`, () => {
      expect(other).toEqual([]);
    });
  }

  it('and every hypothesis was made', () => {
    expect([...tallies.keys()]).toEqual(
      expect.arrayContaining(RECORD_HYPOTHESES.map(({ id }) => id)),
    );
  });
});

describe('a record that nothing explains', () => {
  const noise = (agreement: Agreement, length: number): FailedRecord => {
    const keys = keysFor(agreement.suite);
    const bytes = randomOctets(length);
    return {
      record: { type: 23, version: agreement.version, bytes, start: 0, end: length },
      protection: protectionOf(agreement),
      keys,
      sequence: 9,
      keyBlock: { octets: randomOctets(256), sender: 'client' },
      clientHelloVersion: 0x0301,
    };
  };

  it.each([
    ['CBC', { suite: 0x002f, version: 0x0303 }, 112],
    ['CBC in DTLS', { suite: 0x002f, version: 0xfefd }, 112],
    ['GCM', { suite: 0x009c, version: 0x0303 }, 300],
    ['CCM_8', { suite: 0xc0a8, version: 0x0303 }, 60],
    ['RC4', { suite: 0x0005, version: 0x0301 }, 60],
  ])('%s: everything is excluded by name, nothing is claimed', (_name, agreement, length) => {
    const explanation = explainRecord(noise(agreement, length));
    expect(explanation?.match).toBeUndefined();
    expect(explanation?.exhausted).toBe(false);
    expect(explanation?.trials).toBeGreaterThan(1000);
    expect(explanation?.excluded).toEqual(
      expect.arrayContaining(['as-specified', 'sequence-offset', 'other-version', 'bit-damage']),
    );
    expect(explanation?.excluded).not.toContain('other-direction');
  });

  reaches(
    'trialsPerRecord',
    LIMITS.trialsPerRecord,
    'ends at the limit of trials, and does not exclude what it did not reach',
    (bound) => {
      const failed = noise({ suite: 0x009c, version: 0xfefd }, 64);
      const explanation = explainRecord({ ...failed, epoch: 1, highestSequence: 1e6 });
      expect(explanation?.match).toBeUndefined();
      expect(explanation?.exhausted).toBe(true);
      expect(explanation?.trials).toBe(bound);
      expect(explanation?.excluded).toContain('sequence-offset');
      expect(explanation?.excluded).not.toContain('epoch-left-out+sequence-offset');
    },
  );

  it('without a MAC any octets open, which proves nothing', () => {
    const suite = cipherSuite(0);
    if (suite === undefined) throw new Error('no suite');
    const failed = noise({ suite: 0x0002, version: 0x0303 }, 40);
    const explanation = explainRecord({ ...failed, protection: { ...failed.protection, suite } });
    expect(explanation?.match).toBeUndefined();
  });

  it('of a cipher that is lacking here gets no explanation', () => {
    const suite = cipherSuite(0xe410);
    const failed = noise({ suite: 0x0002, version: 0x0303 }, 40);
    if (suite === undefined) throw new Error('no suite');
    const keys = { ...failed.keys, key: randomOctets(suite.keyOctets) };
    expect(
      explainRecord({ ...failed, keys, protection: { ...failed.protection, suite } }),
    ).toBeUndefined();
  });

  it('states the odds of a match by chance', () => {
    const agreement = { suite: 0xc0a8, version: 0x0303 };
    const failed = noise(agreement, 0);
    const record = new Sealer({ ...agreement, keys: failed.keys }).seal(23, randomOctets(9), 12);
    const explanation = explainRecord({ ...failed, record });
    const trials = explanation?.trials ?? 0;
    expect(explanation?.match?.hypotheses).toEqual(['sequence-offset']);
    expect(explanation?.match?.oddsLog2).toBeCloseTo(Math.log2(trials) - 64);
  });
});

describe('bounds of what is tried', () => {
  const made = (
    agreement: Agreement,
    at: number,
    content = 60,
    more: Partial<FailedRecord> = {},
  ) => {
    const keys = keysFor(agreement.suite);
    const record = new Sealer({ ...agreement, keys }).seal(23, randomOctets(content), at);
    const protection = protectionOf(agreement);
    return { record, protection, keys, sequence: EXPECTED, ...more } as FailedRecord;
  };
  const GCM = { suite: 0x009c, version: 0x0303 };
  const POLY = { suite: 0xcca8, version: 0x0303 };
  const offset = (at: number, more: Partial<FailedRecord> = {}) =>
    explainRecord(made(POLY, at, 60, more))?.match?.parameters['offset'];

  reaches('sequenceAbove', 20, 'numbers above the expected one', (bound) => {
    expect(offset(EXPECTED + bound)).toBe(bound);
    expect(offset(EXPECTED + bound + 1)).toBeUndefined();
  });

  reaches('sequenceBelow', 20, 'numbers below the expected one', (bound) => {
    expect(offset(EXPECTED - bound)).toBe(-bound);
    expect(offset(EXPECTED - bound - 1)).toBeUndefined();
  });

  reaches('sequenceGap', 1200, 'numbers behind lost octets', (bound) => {
    const more = { highestSequence: EXPECTED + 100_000 };
    expect(offset(EXPECTED + bound, more)).toBe(bound);
    expect(offset(EXPECTED + bound + 1, more)).toBeUndefined();
  });

  const damaged = (agreement: Agreement, length: number, bits: readonly number[]) => {
    const failed = made(agreement, EXPECTED, length);
    const record = bits.reduce((one, bit) => flipped(one, bit), failed.record as Sealed);
    return explainRecord({ ...failed, record })?.match?.hypotheses;
  };

  reaches('damageTrialOctets', 100, 'damage in a long fragment', (bound) => {
    expect(damaged(POLY, bound - 16, [100])).toEqual(['bit-damage']);
    expect(damaged(POLY, bound - 15, [100])).toBeUndefined();
  });

  reaches('damagePairOctets', 100, 'two flipped bits of a long fragment', (bound) => {
    expect(damaged(GCM, bound - 16, [100, 500])).toEqual(['bit-damage']);
    expect(damaged(GCM, bound - 15, [100, 500])).toBeUndefined();
  });
});
