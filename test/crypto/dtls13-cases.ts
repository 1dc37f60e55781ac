/** Records of DTLS 1.3 made in every wrong way that there is, and what each has to be recognised as. */
import type { FailedRecord } from '../../src/crypto/failed-record.ts';
import type { SealedRecord } from '../../src/crypto/protection.ts';
import { cipherSuite } from '../../src/model/code-points/suites.ts';
import { concat, filled, hex } from '../support/hello-builder.ts';
import {
  type HeaderForm,
  sealUnified,
  type UnifiedRecord,
  type UnifiedSlip,
  unifiedKeys,
} from '../support/unified-sealer.ts';
import { randomOctets } from './setups.ts';

export interface Dtls13Case {
  readonly name: string;
  readonly expected: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly failed: FailedRecord;
}

export const DTLS13_SUITES: readonly number[] = [0x1301, 0x1302, 0x1303, 0x1304, 0x1305];
const FORMS: Readonly<Record<string, HeaderForm>> = {
  long: {},
  'one octet of number': { shortNumber: true },
  'no length': { withoutLength: true },
  'connection id': { cid: hex('c0c1c2c3c4') },
};
/** Where the direction stands. */
const NEXT = 500;
const EPOCH = 3;

/** Behind a few octets, as in a packet. */
export function inPacket({ octets, start }: UnifiedRecord): SealedRecord {
  const bytes = concat(filled(3, 0xaa), octets, filled(2, 0xbb));
  const end = 3 + octets.length;
  return { type: 23, version: 0xfefd, bytes, headerStart: 3, start: 3 + start, end };
}

export function protection13(code: number) {
  const suite = cipherSuite(code);
  if (suite === undefined) throw new Error('no suite');
  return { suite, version: 0xfefc, encryptThenMac: false, truncatedHmac: false };
}

export function dtls13Cases(): Dtls13Case[] {
  return DTLS13_SUITES.flatMap((suite, i) =>
    Object.entries(FORMS)
      .filter((_, form) => i === 0 || form === i % 4)
      .flatMap(([form, header]) => casesOf(suite, form, header)),
  );
}

function casesOf(suite: number, form: string, header: HeaderForm): Dtls13Case[] {
  const secrets = { own: randomOctets(32), peer: randomOctets(32), before: randomOctets(32) };
  const keys = unifiedKeys(suite, secrets.own);
  const peers = unifiedKeys(suite, secrets.peer);
  const older = unifiedKeys(suite, secrets.before);
  const tlsKeys = unifiedKeys(suite, secrets.own, 'tls13 ');
  const protection = protection13(suite);
  const content = randomOctets(60);
  const cases: Dtls13Case[] = [];
  const seal = (by: typeof keys, sequence: number, slip: UnifiedSlip = {}, octets = content) =>
    inPacket(sealUnified(suite, by, EPOCH, sequence, 23, octets, header, slip));
  const add = (
    expected: string,
    record: SealedRecord,
    parameters: Readonly<Record<string, unknown>> = {},
    /** The number that the header stands for; the right one unless a mask is wrong. */
    sequence = NEXT,
  ) =>
    cases.push({
      name: `${protection.suite.name}, ${form}`,
      expected,
      parameters,
      failed: {
        record,
        protection,
        keys,
        sequence,
        nextSequence: NEXT,
        epoch: EPOCH,
        otherLabels: [{ prefix: 'tls13 ', keys: tlsKeys }],
        otherDirection: { protection, keys: peers, sequence: 70, epoch: EPOCH },
        generations: [
          { relation: 'previous', protection, keys: older, sequence: 7, epoch: EPOCH - 1 },
        ],
      },
    });
  add('as-specified', seal(keys, NEXT));
  add('epoch-in-nonce', seal(keys, NEXT, { epochInNonce: true }));
  add('encrypted-number-authenticated', seal(keys, NEXT, { authenticates: 'encrypted-number' }));
  for (const [authenticates, version] of [
    ['tls-fefd', 0xfefd],
    ['tls-0303', 0x0303],
  ] as const)
    add('tls-header-authenticated', seal(keys, NEXT, { authenticates }), { version });
  add(
    'epoch-in-nonce+encrypted-number-authenticated',
    seal(keys, NEXT, { epochInNonce: true, authenticates: 'encrypted-number' }),
  );
  // What the header stands for under the right mask is then any number.
  const wrong = NEXT + 41;
  add('record-number-unencrypted', seal(keys, NEXT, { mask: 'none' }), {}, wrong);
  add('record-number-unencrypted', seal(keys, NEXT + 3, { mask: 'none' }), {}, wrong);
  for (const ahead of [0, 1, 90])
    add(
      'record-number-encrypted-otherwise',
      seal(keys, NEXT + ahead, { mask: hex('5ac3') }),
      { sequence: NEXT + ahead },
      wrong,
    );
  add('other-label-prefix', seal(tlsKeys, NEXT), { prefix: 'tls13 ' }, wrong);
  add('other-direction', seal(peers, 70), { sequence: 70 }, wrong);
  add('other-direction', seal(peers, 66), { sequence: 66 }, wrong);
  add('other-key-generation', seal(older, 7), { sequence: 7, generation: 'previous' }, wrong);
  add('other-key-generation', seal(older, 0), { sequence: 0, generation: 'previous' }, wrong);
  const good = seal(keys, NEXT);
  for (const offset of [0, 9, 15, 16, 40, good.end - good.start - 1]) {
    const bytes = Uint8Array.from(good.bytes);
    bytes[good.start + offset] = (bytes[good.start + offset] ?? 0) ^ 4;
    add(
      'bit-damage',
      { ...good, bytes },
      { damage: [{ offset, mask: 4 }] },
      offset < 16 ? wrong : NEXT,
    );
  }
  return cases;
}
