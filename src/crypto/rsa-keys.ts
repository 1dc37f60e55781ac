import {
  constants,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  privateDecrypt,
} from 'node:crypto';
import { sameOctets } from '../bytes/concat.ts';
import { readU16 } from '../bytes/scalars.ts';
import { LIMITS } from '../model/limits.ts';
import { certificateKey } from './certificate-key.ts';

/**
 * What came of a file with keys: how many, or one sentence about why none, which quotes nothing of the file. `but`: the
 * others that it holds were refused.
 */
export type AddedKeys =
  | { readonly kind: 'added'; readonly keys: number; readonly but?: string }
  | { readonly kind: 'rejected'; readonly why: string };

/** What came of decrypting a ClientKeyExchange. */
export type RsaDecryption =
  | {
      readonly kind: 'premaster';
      /** 48 octets. */
      readonly premaster: Uint8Array;
      /**
       * What its first two octets are: the version that ClientHello offered, as they must be; the negotiated one, as old
       * clients put it; or another, the mark of an attempted rollback. RFC 5246 §7.4.7.1.
       */
      readonly version: 'offered' | 'negotiated' | 'other';
    }
  /** Not encrypted for this key, or damaged. The server goes on with a random premaster secret. RFC 5246 §7.4.7.1. */
  | { readonly kind: 'not-decryptable'; readonly why: 'length' | 'padding' | 'premaster-length' }
  | { readonly kind: 'unsupported' };

const PREMASTER_OCTETS = 48;
/** RSA keys of servers, for connections that use RSA key exchange. */
export class RsaKeys {
  private readonly keys: RsaKey[] = [];

  get size(): number {
    return this.keys.length;
  }

  /** Takes the keys of a PEM file, PKCS #1 or PKCS #8 without passphrase; what else the file holds is let pass. */
  add(pem: Uint8Array): AddedKeys {
    if (pem.length > LIMITS.pemOctets) return rejected('is too large for a key in PEM form');
    const text = new TextDecoder('latin1').decode(pem);
    let added = 0;
    let isFull = false;
    let why = 'holds no private key in PEM form';
    for (const block of privateBlocks(text)) {
      const key = readKey(block);
      if (typeof key === 'string') why = key;
      else if (this.keys.length >= LIMITS.rsaKeys) {
        why = 'is one key too many';
        isFull = true;
      } else {
        this.keys.push(new RsaKey(key));
        added++;
      }
    }
    if (added === 0) return rejected(why);
    return { kind: 'added', keys: added, ...(isFull && { but: why }) };
  }

  /** The key that belongs to a certificate in DER; undefined if none does, or the certificate is not readable. */
  forCertificate(der: Uint8Array): RsaKey | undefined {
    const key = certificateKey(der);
    if (key === undefined) return undefined;
    const wanted = publicOctets(key);
    return this.keys.find(({ publicKey }) => wanted !== undefined && sameOctets(publicKey, wanted));
  }

  /** All of them, for connections whose certificate was not seen. */
  all(): readonly RsaKey[] {
    return this.keys;
  }
}

/** One private key: what it fits is public, what it decrypts stays here. */
export class RsaKey {
  /** `RSAPublicKey` in DER. */
  readonly publicKey: Uint8Array;
  readonly #key: KeyObject;

  constructor(key: KeyObject) {
    this.#key = key;
    this.publicKey = publicOctets(createPublicKey(key)) ?? new Uint8Array(0);
  }

  /**
   * The premaster secret of an `EncryptedPreMasterSecret`, its length in front left out. The padding is taken off here:
   * OpenSSL's own way hides failures, which are what this tool is after. RFC 5246 §7.4.7.1, RFC 8017 §7.2.2.
   *
   * @param offered version of ClientHello, `negotiated` that of ServerHello; wire values
   */
  decrypt(encrypted: Uint8Array, offered: number, negotiated: number): RsaDecryption {
    const modulusBits = this.#key.asymmetricKeyDetails?.modulusLength;
    if (modulusBits === undefined) return { kind: 'unsupported' };
    if (encrypted.length !== Math.ceil(modulusBits / 8)) return notDecryptable('length');
    let padded: Uint8Array;
    try {
      padded = privateDecrypt(
        { key: this.#key, padding: constants.RSA_NO_PADDING },
        Buffer.from(encrypted),
      );
    } catch {
      // The number is not below the modulus: nothing that was encrypted for this key.
      return notDecryptable('padding');
    }
    const start = messageStart(padded);
    if (start < 0) return notDecryptable('padding');
    if (padded.length - start !== PREMASTER_OCTETS) return notDecryptable('premaster-length');
    const premaster = Uint8Array.from(padded.subarray(start));
    const version = readU16(premaster, 0);
    return {
      kind: 'premaster',
      premaster,
      version: version === offered ? 'offered' : version === negotiated ? 'negotiated' : 'other',
    };
  }
}

/** The blocks of a PEM file that hold private keys, in order. RFC 7468 §2. */
function* privateBlocks(text: string): Generator<string> {
  let at = text.indexOf(BEGIN);
  while (at >= 0) {
    const end = text.indexOf(END, at);
    const next = text.indexOf(BEGIN, at + BEGIN.length);
    if (end < 0) return;
    const label = text.slice(at + BEGIN.length, text.indexOf('-----', at + BEGIN.length));
    if (label.endsWith('PRIVATE KEY') && (next < 0 || end < next))
      yield text.slice(at, text.indexOf('-----', end + END.length) + 5);
    at = next;
  }
}

const BEGIN = '-----BEGIN ';
const END = '-----END ';

/** Where the message begins behind `00 02`, eight or more octets that are not zero, and a zero; -1 if it is not so. */
function messageStart(padded: Uint8Array): number {
  if (padded[0] !== 0 || padded[1] !== 2) return -1;
  const zero = padded.indexOf(0, 2);
  return zero < 10 ? -1 : zero + 1;
}

function readKey(block: string): KeyObject | string {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: block, format: 'pem' });
  } catch {
    return /ENCRYPTED/.test(block)
      ? 'holds a key with a passphrase: take it off first, with openssl pkey -in FILE -out PLAIN'
      : 'holds a private key that cannot be read';
  }
  const type = key.asymmetricKeyType;
  return type === 'rsa' ? key : `holds a key of type ${type}: only RSA keys open RSA key exchanges`;
}

/** `RSAPublicKey` in DER; undefined for a key of another type. */
function publicOctets(key: KeyObject): Uint8Array | undefined {
  return key.asymmetricKeyType === 'rsa'
    ? Uint8Array.from(key.export({ type: 'pkcs1', format: 'der' }))
    : undefined;
}

function rejected(why: string): AddedKeys {
  return { kind: 'rejected', why };
}

function notDecryptable(why: 'length' | 'padding' | 'premaster-length'): RsaDecryption {
  return { kind: 'not-decryptable', why };
}
