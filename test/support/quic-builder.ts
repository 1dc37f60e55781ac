/** Writes QUIC packets with long headers, Initials under their keys (RFC 9001 §5). Shares no code with the reader. */
import { createCipheriv, createHmac } from 'node:crypto';
import { ascii, concat, type Octets, u8, u16, uint, vector } from './hello-builder.ts';

export const V1 = 0x00000001;
export const V2 = 0x6b3343cf;
export const V2_DRAFT = 0x709a50c4;
export const DRAFT_29 = 0xff00001d;

const SALTS: Readonly<Record<number, string>> = {
  [V1]: '38762cf7f55934b34d179ae6a4c80cadccbb7f0a',
  [V2]: '0dede3def700a6db819381be6e269dcbf9bd2ed9',
  [V2_DRAFT]: 'a707c203a59b47184a1d62ca570406ea7ae3e5d3',
  [DRAFT_29]: 'afbfec289993d24c9e9786f19c6111e04390a899',
};

export interface InitialSpec {
  readonly version?: number;
  /** The client's first destination connection id, from which the keys come. */
  readonly keysOf: Octets;
  readonly from?: 'client' | 'server';
  readonly to?: Octets;
  readonly source?: Octets;
  readonly token?: Octets;
  readonly number?: number;
  readonly numberOctets?: number;
  readonly frames: Octets;
  /** Octets that the frames are padded to. */
  readonly padTo?: number;
}

export function initialPacket(spec: InitialSpec): Octets {
  const { version = V1, keysOf, from = 'client', number = 0, numberOctets = 2 } = spec;
  const keys = initialKeys(version, keysOf, from);
  const frames = concat(
    spec.frames,
    new Uint8Array(Math.max(0, (spec.padTo ?? 0) - spec.frames.length)),
  );
  const type = version === V2 || version === V2_DRAFT ? 1 : 0;
  const header = concat(
    u8(0xc0 | (type << 4) | (numberOctets - 1)),
    uint(version, 4),
    vector(1, spec.to ?? keysOf),
    vector(1, spec.source ?? new Uint8Array(0)),
    varint(spec.token?.length ?? 0),
    spec.token ?? new Uint8Array(0),
    uint(0x4000 | (numberOctets + frames.length + 16), 2),
    uint(number, numberOctets),
  );
  const nonce = keys.iv.map((octet, i) => octet ^ (uint(number, 12)[i] as number));
  const cipher = createCipheriv('aes-128-gcm', keys.key, nonce);
  cipher.setAAD(header);
  const sealed = concat(cipher.update(frames), cipher.final(), cipher.getAuthTag());
  const sample = sealed.subarray(4 - numberOctets, 20 - numberOctets);
  const mask = createCipheriv('aes-128-ecb', keys.hp, null).update(sample);
  header[0] = (header[0] as number) ^ ((mask[0] as number) & 0x0f);
  const at = header.length - numberOctets;
  for (let i = 0; i < numberOctets; i++)
    header[at + i] = (header[at + i] as number) ^ (mask[1 + i] as number);
  return concat(header, sealed);
}

/** Any other packet with a long header: `type` in the numbering of its version. */
export const longPacket = (
  type: number,
  version: number,
  to: Octets,
  source: Octets,
  rest: Octets,
): Octets =>
  concat(u8(0xc0 | (type << 4)), uint(version, 4), vector(1, to), vector(1, source), rest);

/** A CRYPTO frame. RFC 9000 §19.6. */
export const cryptoFrame = (offset: number, octets: Octets): Octets =>
  concat(u8(6), varint(offset), varint(octets.length), octets);

export const varint = (value: number): Octets =>
  value < 64 ? u8(value) : value < 16_384 ? u16(0x4000 | value) : uint(0x8000_0000 + value, 4);

function initialKeys(version: number, id: Octets, from: 'client' | 'server') {
  const salt = Buffer.from(SALTS[version] ?? '', 'hex');
  const side = expandLabel(extract(salt, id), `${from} in`, 32);
  const label = version === V2 || version === V2_DRAFT ? 'quicv2' : 'quic';
  return {
    key: expandLabel(side, `${label} key`, 16),
    iv: expandLabel(side, `${label} iv`, 12),
    hp: expandLabel(side, `${label} hp`, 16),
  };
}

const extract = (salt: Octets, input: Octets): Octets =>
  createHmac('sha256', salt).update(input).digest();

/** One round of HKDF-Expand is enough for 32 octets. RFC 5869 §2.3, RFC 8446 §7.1. */
function expandLabel(secret: Octets, label: string, octets: number): Octets {
  const info = concat(u16(octets), vector(1, ascii(`tls13 ${label}`)), u8(0));
  return createHmac('sha256', secret).update(info).update(u8(1)).digest().subarray(0, octets);
}
