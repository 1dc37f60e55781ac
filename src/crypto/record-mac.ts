import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { RecordMac as RecordMacName } from '../model/code-points/suites.ts';
import { SSL_3_0 } from '../model/code-points/versions.ts';
import type { RecordHash } from './protection.ts';

/** The hash of a suite's MAC; undefined for none, and for those that are not HMAC. */
export const MAC_HASHES: Readonly<Partial<Record<RecordMacName, RecordHash>>> = {
  'HMAC-MD5': 'md5',
  'HMAC-SHA1': 'sha1',
  'HMAC-SHA256': 'sha256',
  'HMAC-SHA384': 'sha384',
};

/** Octets that truncated_hmac leaves of any MAC. RFC 6066 §7. */
export const TRUNCATED_OCTETS = 10;

/** The MAC of records: HMAC (RFC 2104), and in SSL 3.0 its forerunner (RFC 6101 §5.2.3.1). */
export class RecordMac {
  private readonly key: Uint8Array;
  private readonly keyObject: KeyObject | Uint8Array;
  private readonly ssl3: boolean;

  constructor(key: Uint8Array, version: number) {
    this.key = key;
    // A key object is converted once instead of for every record; an empty one cannot be made on every Node.
    this.keyObject = key.length > 0 ? createSecretKey(key) : key;
    this.ssl3 = version === SSL_3_0;
  }

  /** The MAC of `header` followed by `content`. */
  of(hash: RecordHash, header: Uint8Array, content: Uint8Array): Uint8Array {
    if (this.ssl3) return this.concatenated(hash, header, content);
    return createHmac(hash, this.keyObject).update(header).update(content).digest();
  }

  private concatenated(hash: RecordHash, header: Uint8Array, content: Uint8Array): Uint8Array {
    const length = hash === 'md5' ? 48 : 40;
    const inner = createHash(hash)
      .update(this.key)
      .update(Buffer.alloc(length, 0x36))
      .update(header)
      .update(content)
      .digest();
    return createHash(hash)
      .update(this.key)
      .update(Buffer.alloc(length, 0x5c))
      .update(inner)
      .digest();
  }
}

/** Are the first `length` octets of `mac` at `bytes[at]`? */
export function macStandsAt(
  bytes: Uint8Array,
  at: number,
  mac: Uint8Array,
  length: number,
): boolean {
  for (let i = 0; i < length; i++) if (bytes[at + i] !== mac[i]) return false;
  return true;
}
