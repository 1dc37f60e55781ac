import type { CipherSuite } from '../model/code-points/suites.ts';
import { DTLS_1_3, SSL_3_0 } from '../model/code-points/versions.ts';
import { LIMITS } from '../model/limits.ts';
import { CONNECTION_ID_HYPOTHESES } from './connection-id-hypotheses.ts';
import { HASH_OCTETS } from './construction.ts';
import {
  DTLS13_HYPOTHESES,
  isUnified,
  numberUnder,
  OTHER_NUMBER_ENCRYPTION,
} from './dtls13-hypotheses.ts';
import type { FailedRecord, OtherKeys, Trial } from './failed-record.ts';
import { type KeyOrder, type Slicing, sliceKeys } from './key-slicings.ts';
import type { DirectionKeys, LengthForm, RecordHash } from './protection.ts';
import type { RecordHypothesis, RecordHypothesisId } from './record-hypothesis.ts';
import { MAC_HASHES, TRUNCATED_OCTETS } from './record-mac.ts';
import { offSequences, range } from './sequence-numbers.ts';

/** Tried in this order. The first is what the RFC asks for, each other one mistake. */
export const RECORD_HYPOTHESES: readonly RecordHypothesis[] = [
  {
    id: 'as-specified',
    meaning: 'the sender followed the specification',
    source: 'RFC 5246 §6.2.3',
    trials: ({ sequence, highestSequence = sequence }) => {
      const highest = Math.min(highestSequence, sequence + LIMITS.sequenceGap);
      return [{ sequences: range(sequence, highest) }];
    },
  },
  {
    id: 'encrypt-then-mac-swapped',
    meaning: 'the sender and the handshake disagree on encrypt-then-MAC',
    source: 'RFC 7366 §3',
    trials: ({ protection: { suite, encryptThenMac, version } }) =>
      suite.mode === 'cbc' && version !== SSL_3_0
        ? [{ deviation: { encryptThenMac: !encryptThenMac } }]
        : [],
  },
  {
    id: 'truncated-hmac-swapped',
    meaning: 'the sender and the handshake disagree on truncated HMAC',
    source: 'RFC 6066 §7',
    trials: ({ protection: { suite, truncatedHmac, version } }) => {
      if (!hasHmac(suite) || version === SSL_3_0) return [];
      const macOctets = truncatedHmac ? suite.macOctets : TRUNCATED_OCTETS;
      return [{ deviation: { macOctets }, parameters: { macOctets } }];
    },
  },
  {
    id: 'other-mac-hash',
    meaning: 'the sender computes the MAC with the hash of another suite',
    source: 'RFC 5246 §6.2.3.1',
    trials: otherHashes,
  },
  {
    id: 'mac-key-empty',
    meaning: 'the sender computes the MAC with an empty key or one of zeros',
    source: 'RFC 5246 §6.3',
    trials: ({ protection: { suite }, keys }) =>
      hasHmac(suite)
        ? [suite.macOctets, 0].map((octets) => ({ keys: { ...keys, mac: new Uint8Array(octets) } }))
        : [],
  },
  {
    id: 'mac-key-shortened',
    meaning: 'the sender shortens the key of the MAC together with the MAC',
    source: 'RFC 6066 §7',
    trials: ({ protection: { suite }, keys }) =>
      hasHmac(suite) ? [{ keys: { ...keys, mac: keys.mac.subarray(0, TRUNCATED_OCTETS) } }] : [],
  },
  {
    id: 'key-block-cut-otherwise',
    meaning: 'the sender cuts its keys from the key block with other lengths or in another order',
    source: 'RFC 5246 §6.3',
    trials: otherSlicings,
  },
  {
    id: 'other-version',
    meaning: 'the record was authenticated with another version than its header shows',
    source: 'RFC 5246 §6.2.3.1',
    trials: otherVersions,
  },
  {
    id: 'other-type',
    meaning: 'the record was authenticated with another content type than its header shows',
    source: 'RFC 5246 §6.2.3.1',
    trials: (failed) =>
      isUnified(failed)
        ? []
        : TYPES.filter((type) => type !== failed.record.type).map((type) => ({
            deviation: { type },
            parameters: { type },
          })),
  },
  {
    id: 'other-length',
    meaning: 'the record was authenticated with another length than the specified one',
    source: 'RFC 5246 §6.2.3.1',
    trials: (failed) =>
      failed.protection.suite.macOctets + failed.protection.suite.tagOctets > 0 &&
      !isUnified(failed)
        ? LENGTHS.map((length) => ({ deviation: { length }, parameters: { length } }))
        : [],
  },
  {
    id: 'other-nonce',
    meaning: 'the nonce was made of another number than the one that was authenticated',
    source: 'RFC 7905 §2',
    trials: otherNonces,
  },
  {
    id: 'padding-unfilled',
    meaning: 'the octets of the padding do not all tell its length',
    source: 'RFC 5246 §6.2.3.2',
    // Under encrypt-then-MAC the MAC says nothing of what is deciphered: a wrong key would look the same.
    trials: ({ protection: { suite, version, encryptThenMac } }) =>
      suite.mode === 'cbc' && version !== SSL_3_0 && !encryptThenMac
        ? [{ deviation: { paddingUnfilled: true } }]
        : [],
  },
  {
    id: 'epoch-left-out',
    meaning: 'the sender authenticates the sequence number without the epoch',
    source: 'RFC 6347 §4.1.2.1',
    trials: ({ epoch = 0, protection: { version } }) =>
      epoch > 0 && version !== DTLS_1_3
        ? EPOCH_FORMS.map((epochForm) => ({ deviation: { epochForm }, parameters: { epochForm } }))
        : [],
  },
  ...CONNECTION_ID_HYPOTHESES,
  {
    id: 'other-label-prefix',
    meaning: 'the sender derives its keys with the label prefix of another protocol version',
    source: 'RFC 9147 §5.9',
    trials: (failed) =>
      (failed.otherLabels ?? []).map(({ prefix, keys }) => ({
        keys,
        ...(isUnified(failed) && {
          sequences: [numberUnder(failed, keys, failed.nextSequence ?? failed.sequence)],
        }),
        parameters: { prefix },
      })),
  },
  ...DTLS13_HYPOTHESES,
  {
    id: 'other-direction',
    meaning: 'the record is protected with the keys of its receiver',
    source: 'RFC 5246 §6.3',
    trials: (failed) => {
      const { otherDirection, epoch } = failed;
      return otherDirection === undefined
        ? []
        : [{ ...underOtherKeys(otherDirection, failed), epoch: otherDirection.epoch ?? epoch }];
    },
  },
  {
    id: 'other-key-generation',
    meaning: 'the record is protected with keys that were no longer or not yet in force',
    source: 'RFC 5246 §7.1',
    trials: (failed) =>
      (failed.generations ?? []).flatMap((generation) => {
        const { epoch } = failed;
        const trial = underOtherKeys(generation, failed);
        const parameters = { generation: generation.relation };
        return [...new Set([generation.epoch, epoch])].map((number) => ({
          ...trial,
          epoch: number,
          parameters: number === undefined ? parameters : { ...parameters, epoch: number },
        }));
      }),
  },
  {
    id: 'sequence-offset',
    meaning: 'the sender counts records differently from what was sent',
    source: 'RFC 5246 §6.1',
    // The longest row, hence behind all short ones: no other one opens what it opens.
    trials: (failed) => (isUnified(failed) ? [] : [{ sequences: offSequences(failed) }]),
  },
  OTHER_NUMBER_ENCRYPTION,
  {
    id: 'bit-damage',
    meaning: 'a bit or two, or one octet, changed after the record was protected',
    source: 'RFC 5246 §6.2.3',
    // Looked for in its own way, by `findDamage`.
    trials: () => [],
  },
];

/** Two mistakes that are made together. */
export const RECORD_HYPOTHESIS_PAIRS: readonly (readonly [
  RecordHypothesisId,
  RecordHypothesisId,
])[] = [
  ['encrypt-then-mac-swapped', 'sequence-offset'],
  ['encrypt-then-mac-swapped', 'other-length'],
  ['encrypt-then-mac-swapped', 'truncated-hmac-swapped'],
  ['truncated-hmac-swapped', 'mac-key-shortened'],
  ['truncated-hmac-swapped', 'key-block-cut-otherwise'],
  ['other-version', 'other-mac-hash'],
  ['epoch-left-out', 'sequence-offset'],
  ['epoch-in-nonce', 'encrypted-number-authenticated'],
];

/** Both mistakes at once: of each pair of trials what both leave out is as specified. */
export function combine(first: readonly Trial[], second: readonly Trial[]): Trial[] {
  return first.flatMap((one) =>
    second.map((other) => ({
      ...one,
      ...other,
      deviation: { ...one.deviation, ...other.deviation },
      parameters: { ...one.parameters, ...other.parameters },
    })),
  );
}

/** Under other keys the record is new, or repeats one that was sent under them. */
function underOtherKeys(other: OtherKeys, failed: FailedRecord): Trial {
  const { protection, keys, position } = other;
  const { sequence } = failed;
  if (isUnified(failed))
    return {
      protection,
      keys,
      sequences: [
        ...new Set([
          numberUnder(failed, keys, other.sequence),
          numberUnder(failed, keys, sequence),
          sequence,
        ]),
      ],
    };
  const last = other.sequence - 1;
  const repeated = range(Math.max(last - LIMITS.sequenceBelow, 0), last).reverse();
  const sequences = [...new Set([other.sequence, sequence, ...repeated, 0, 1])];
  return { protection, keys, position, sequences };
}

function otherHashes({ protection: { suite, version }, keys, keyBlock }: FailedRecord): Trial[] {
  if (!hasHmac(suite)) return [];
  const hashes = HASHES.filter(
    (hash) => hash !== MAC_HASHES[suite.mac] && (version !== SSL_3_0 || HASH_OCTETS[hash] <= 20),
  );
  return hashes.flatMap((hash) => {
    const trial = { deviation: { hash }, parameters: { hash } };
    const macOctets = HASH_OCTETS[hash];
    const slicing: Slicing = { order: 'specified', macOctets, ivOctets: keys.iv.length };
    const cut = keyBlock === undefined ? undefined : sliceKeys(keyBlock, suite, slicing);
    return cut === undefined ? [trial] : [{ ...trial, keys: cut }, trial];
  });
}

function otherSlicings({ protection: { suite }, keys, keyBlock }: FailedRecord): Trial[] {
  if (keyBlock === undefined || suite.export || suite.tls13) return [];
  const macs = hasHmac(suite) ? MAC_KEY_OCTETS : [0];
  const trials: Trial[] = [];
  const known = new Set([fingerprint(keys)]);
  for (const order of KEY_ORDERS) {
    for (const macOctets of new Set([suite.macOctets, ...macs])) {
      for (const ivOctets of new Set([keys.iv.length, suite.blockOctets, ...IV_OCTETS])) {
        const slicing = { order, macOctets, ivOctets };
        const cut = sliceKeys(keyBlock, suite, slicing);
        if (cut === undefined) continue;
        if (cut.iv.length < keys.iv.length) continue;
        const same = { ...cut, iv: cut.iv.subarray(0, keys.iv.length) };
        const print = fingerprint(same);
        if (known.has(print)) continue;
        known.add(print);
        trials.push({ keys: same, parameters: { slicing } });
      }
    }
  }
  return trials;
}

/** To tell equal keys, which slicings often give. It stays inside this file and the run of one call. */
function fingerprint({ mac, key, iv }: DirectionKeys): string {
  return [mac, key, iv].map((octets) => Buffer.from(octets).toString('latin1')).join('|');
}

function otherVersions({ record, protection, clientHelloVersion }: FailedRecord): Trial[] {
  if (protection.version === SSL_3_0 || protection.version === DTLS_1_3) return [];
  const first = [protection.version, clientHelloVersion ?? protection.version];
  return [...new Set([...first, ...VERSIONS])]
    .filter((version) => version !== record.version)
    .map((version) => ({ deviation: { version }, parameters: { version } }));
}

/** TLS 1.3 has the number in the nonce alone, where it is a matter of counting. */
function otherNonces({ protection: { suite }, sequence, epoch = 0 }: FailedRecord): Trial[] {
  if (suite.tls13 || suite.tagOctets === 0 || suite.explicitNonceOctets > 0) return [];
  const near = range(1, LIMITS.sequenceBelow).flatMap((offset) => [
    sequence + offset,
    sequence - offset,
  ]);
  const numbers = new Set([...near, 0, 1].filter((number) => number >= 0 && number !== sequence));
  const nonces = [...numbers].map((number) => ({ sequence: number, epoch }));
  if (epoch > 0) nonces.unshift({ sequence, epoch: 0 });
  return nonces.map((nonce) => ({
    deviation: { nonce },
    parameters: { nonceSequence: nonce.sequence, nonceEpoch: nonce.epoch },
  }));
}

function hasHmac({ mac }: CipherSuite): boolean {
  return MAC_HASHES[mac] !== undefined;
}

const HASHES: readonly RecordHash[] = ['md5', 'sha1', 'sha256', 'sha384'];
const TYPES: readonly number[] = [20, 21, 22, 23, 24, 25, 26];
const VERSIONS: readonly number[] = [
  0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0xfeff, 0xfefd, 0xfefc, 0x0100,
];
const LENGTHS: readonly LengthForm[] = [
  'fragment',
  'without-iv',
  'without-mac',
  'without-iv-and-mac',
  'content',
  'content-and-mac',
];
const EPOCH_FORMS = ['absent', 'zero'] as const;
const KEY_ORDERS: readonly KeyOrder[] = ['specified', 'keys-first', 'ivs-first', 'by-side'];
const MAC_KEY_OCTETS: readonly number[] = [0, 10, 16, 20, 32, 48];
const IV_OCTETS: readonly number[] = [0, 4, 8, 12, 16];
