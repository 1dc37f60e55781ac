/**
 * Protects records of DTLS 1.3 as RFC 9147 §4 says, and wrongly on request; worked out from the RFC for tests, shares no
 * code with `src`.
 */
import * as node from 'node:crypto';
import { ascii, concat, type Octets, u8, u16, uint } from './hello-builder.ts';
import { SEALER_SUITES } from './sealer.ts';

/** HKDF-Expand-Label. RFC 8446 §7.1 with the prefix of RFC 9147 §5.9. */
export function expandLabel(
  hash: string,
  secret: Octets,
  label: string,
  length: number,
  { prefix = 'dtls13', context = new Uint8Array(0) } = {},
): Octets {
  const full = ascii(prefix + label);
  const info = concat(u16(length), u8(full.length), full, u8(context.length), context);
  const blocks: Octets[] = [];
  for (let octets = 0; octets < length; octets += blocks[0]?.length ?? 0) {
    const last = blocks.at(-1) ?? new Uint8Array(0);
    const mac = node.createHmac(hash, secret);
    blocks.push(mac.update(concat(last, info, u8(blocks.length + 1))).digest());
  }
  return concat(...blocks).subarray(0, length);
}

export interface UnifiedKeys {
  readonly mac: Octets;
  readonly key: Octets;
  readonly iv: Octets;
  readonly sequenceNumber: Octets;
}

/** Keys of one direction and epoch. RFC 8446 §7.3, RFC 9147 §4.2.3. */
export function unifiedKeys(suite: number, secret: Octets, prefix = 'dtls13'): UnifiedKeys {
  const octets = SEALER_SUITES[suite]?.key ?? 0;
  const hash = suite === 0x1302 ? 'sha384' : 'sha256';
  const derive = (label: string, length: number) =>
    expandLabel(hash, secret, label, length, { prefix });
  return {
    mac: new Uint8Array(0),
    key: derive('key', octets),
    iv: derive('iv', 12),
    sequenceNumber: derive('sn', octets),
  };
}

/** How the header is written; two octets of number and a length unless told otherwise. */
export interface HeaderForm {
  readonly cid?: Octets;
  readonly shortNumber?: boolean;
  readonly withoutLength?: boolean;
}

/** What the sender gets wrong. */
export interface UnifiedSlip {
  /** The number in nonce and header, and the one in the nonce alone. */
  readonly nonceNumber?: number;
  readonly epochInNonce?: boolean;
  readonly authenticates?: 'encrypted-number' | 'tls-fefd' | 'tls-0303';
  /** How the number is encrypted: not at all, or with a mask of its own. */
  readonly mask?: 'none' | Octets;
  readonly pad?: number;
}

export interface UnifiedRecord {
  /** The record on the wire, and where its header ends. */
  readonly octets: Octets;
  readonly start: number;
}

/** One record. RFC 9147 §4. */
export function sealUnified(
  suite: number,
  keys: Pick<UnifiedKeys, 'key' | 'iv' | 'sequenceNumber'>,
  epoch: number,
  sequence: number,
  type: number,
  content: Octets,
  form: HeaderForm = {},
  slip: UnifiedSlip = {},
): UnifiedRecord {
  const { cipher: name = '', tag = 16 } = SEALER_SUITES[suite] ?? {};
  const { cid = new Uint8Array(0), shortNumber = false, withoutLength = false } = form;
  // The mask takes 16 octets of ciphertext; one that is authenticated must not depend on the tag.
  const tagInMask = slip.authenticates === 'encrypted-number' ? 0 : tag;
  const short = Math.max(slip.pad ?? 0, 16 - tagInMask - content.length - 1);
  const inner = concat(content, u8(type), new Uint8Array(Math.max(0, short)));
  const length = inner.length + tag;
  const first =
    0x20 |
    (cid.length > 0 ? 0x10 : 0) |
    (shortNumber ? 0 : 8) |
    (withoutLength ? 0 : 4) |
    (epoch & 3);
  const number = uint(sequence % (shortNumber ? 0x100 : 0x10000), shortNumber ? 1 : 2);
  const header = (shown: Octets) =>
    concat(u8(first), cid, shown, withoutLength ? new Uint8Array(0) : u16(length));
  const nonce = Uint8Array.from(keys.iv);
  const counter = concat(
    uint(slip.epochInNonce ? epoch : 0, 2),
    uint(slip.nonceNumber ?? sequence, 6),
  );
  counter.forEach((octet, i) => {
    nonce[4 + i] = (nonce[4 + i] ?? 0) ^ octet;
  });
  const encrypt = (additional: Octets) => {
    const cipher = node.createCipheriv(name as 'aes-128-ccm', keys.key, nonce, {
      authTagLength: tag,
    });
    cipher.setAAD(additional, { plaintextLength: inner.length });
    return concat(cipher.update(inner), cipher.final(), cipher.getAuthTag());
  };
  const tlsHeader = (version: number) => concat(u8(23), u16(version), u16(length));
  const clear = {
    'encrypted-number': header(number),
    'tls-fefd': tlsHeader(0xfefd),
    'tls-0303': tlsHeader(0x0303),
    right: header(number),
  }[slip.authenticates ?? 'right'];
  const sample = encrypt(clear).subarray(0, 16);
  const mask =
    slip.mask === 'none'
      ? new Uint8Array(2)
      : (slip.mask ?? maskOf(name, keys.sequenceNumber, sample));
  const hidden = number.map((octet, i) => octet ^ (mask[i] ?? 0));
  const additional = slip.authenticates === 'encrypted-number' ? header(hidden) : clear;
  const shown = header(hidden);
  return { octets: concat(shown, encrypt(additional)), start: shown.length };
}

/** RFC 9147 §4.2.3. */
export function maskOf(cipher: string, key: Octets, sample: Octets): Octets {
  if (cipher.startsWith('chacha'))
    return node.createCipheriv('chacha20', key, sample).update(new Uint8Array(16));
  const ecb = node.createCipheriv(`aes-${key.length * 8}-ecb`, key, null);
  return ecb.setAutoPadding(false).update(sample);
}
