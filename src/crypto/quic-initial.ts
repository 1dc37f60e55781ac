import { QUIC_V1, QUIC_V2, QUIC_V2_DRAFT, quicDraft } from '../model/code-points/quic-versions.ts';
import { cipherSuite } from '../model/code-points/suites.ts';
import type { Role } from '../model/history.ts';
import { type Aead, aeadFor } from './aead.ts';
import { blockEncipher } from './ciphers.ts';
import { hkdfExpandLabel, hkdfExtract } from './hkdf.ts';

const HASH = 'sha256';
const NONE = new Uint8Array(0);
/** The suite of Initial packets, whatever is negotiated. RFC 9001 §5.2. */
const TLS_AES_128_GCM_SHA256 = 0x1301;
const KEY_OCTETS = 16;
const IV_OCTETS = 12;
const TAG_OCTETS = 16;
/** What is enciphered to mask the header begins this far behind the packet number's first octet. RFC 9001 §5.4.2. */
const SAMPLE_AT = 4;
const SAMPLE_OCTETS = 16;

/** What a version makes its Initial keys from. */
interface InitialScheme {
  readonly salt: Uint8Array;
  /** In front of `key`, `iv` and `hp`. */
  readonly label: string;
}

const salt = (hex: string) =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** RFC 9001 §5.2; drafts 33 and 34 had it already. */
const VERSION_1: InitialScheme = {
  salt: salt('38762cf7f55934b34d179ae6a4c80cadccbb7f0a'),
  label: 'quic',
};
/** draft-ietf-quic-tls-29 to 32. */
const DRAFT_29: InitialScheme = {
  salt: salt('afbfec289993d24c9e9786f19c6111e04390a899'),
  label: 'quic',
};
/** RFC 9369 §3.3. */
const VERSION_2: InitialScheme = {
  salt: salt('0dede3def700a6db819381be6e269dcbf9bd2ed9'),
  label: 'quicv2',
};

/** draft-ietf-quic-v2-01 to 06. */
const VERSION_2_DRAFT: InitialScheme = {
  salt: salt('a707c203a59b47184a1d62ca570406ea7ae3e5d3'),
  label: 'quicv2',
};

function schemeOf(version: number): InitialScheme | undefined {
  if (version === QUIC_V1) return VERSION_1;
  if (version === QUIC_V2) return VERSION_2;
  if (version === QUIC_V2_DRAFT) return VERSION_2_DRAFT;
  const draft = quicDraft(version);
  if (draft >= 33) return VERSION_1;
  return draft >= 29 ? DRAFT_29 : undefined;
}

/** Are Initial packets of this version (wire value) opened? */
export function opensInitials(version: number): boolean {
  return schemeOf(version) !== undefined;
}

/** One Initial packet as captured; all offsets into `bytes`. */
export interface SealedInitial {
  readonly bytes: Uint8Array;
  readonly start: number;
  /** Where the protected packet number is. */
  readonly numberOffset: number;
  readonly end: number;
}

/**
 * Opens the Initial packets of one connection. Their keys come from the destination connection id of the client's first
 * one, so anybody who saw it can: this is protection against accident, not against readers. RFC 9001 §5.2.
 */
export class InitialOpener {
  private readonly scheme: InitialScheme | undefined;
  private readonly secret: Uint8Array;
  private readonly directions: Partial<Record<Role, DirectionOpener>> = {};

  /** @param version wire value; of one that is not known nothing opens */
  constructor(version: number, destinationId: Uint8Array) {
    this.scheme = schemeOf(version);
    this.secret = hkdfExtract(HASH, this.scheme?.salt ?? NONE, destinationId);
  }

  /** The frames in the packet; undefined if it was not sent by this side under these keys. */
  open(from: Role, packet: SealedInitial): Uint8Array | undefined {
    if (this.scheme === undefined) return undefined;
    this.directions[from] ??= new DirectionOpener(
      hkdfExpandLabel(HASH, this.secret, from === 'client' ? 'client in' : 'server in', NONE, 32),
      this.scheme.label,
    );
    return this.directions[from].open(packet);
  }
}

/** Keys of one direction. RFC 9001 §5.1. */
class DirectionOpener {
  private readonly aead: Aead | undefined;
  private readonly iv: Uint8Array;
  private readonly headerKey: Uint8Array;

  constructor(secret: Uint8Array, label: string) {
    const derive = (name: string, octets: number) =>
      hkdfExpandLabel(HASH, secret, `${label} ${name}`, NONE, octets);
    const suite = cipherSuite(TLS_AES_128_GCM_SHA256);
    this.aead = suite && aeadFor(suite, derive('key', KEY_OCTETS));
    this.iv = derive('iv', IV_OCTETS);
    this.headerKey = derive('hp', KEY_OCTETS);
  }

  /** Header protection off (RFC 9001 §5.4), then the AEAD (§5.3). The packet itself stays as it is. */
  open({ bytes, start, numberOffset, end }: SealedInitial): Uint8Array | undefined {
    const sampleAt = numberOffset + SAMPLE_AT;
    if (sampleAt + SAMPLE_OCTETS > end) return undefined;
    const mask = blockEncipher('AES-128', this.headerKey)?.update(
      bytes.subarray(sampleAt, sampleAt + SAMPLE_OCTETS),
    );
    if (mask === undefined) return undefined;
    const numberOctets = (((bytes[start] as number) ^ (mask[0] as number)) & 3) + 1;
    const content = numberOffset + numberOctets;
    if (end - content < TAG_OCTETS) return undefined;
    const header = bytes.slice(start, content);
    header[0] = (header[0] as number) ^ ((mask[0] as number) & 0x0f);
    const nonce = this.iv.slice();
    // Numbers of Initial packets are small: what is left out of them in the header are zeros (RFC 9000 §17.1).
    for (let i = 0; i < numberOctets; i++) {
      const at = header.length - numberOctets + i;
      const octet = (header[at] as number) ^ (mask[1 + i] as number);
      header[at] = octet;
      const n = nonce.length - numberOctets + i;
      nonce[n] = (nonce[n] as number) ^ octet;
    }
    return this.aead?.open(nonce, header, bytes, content, end - TAG_OCTETS, end);
  }
}
