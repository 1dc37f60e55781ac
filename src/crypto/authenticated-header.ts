import { TLS12_CID } from '../model/code-points/content-types.ts';
import { SSL_3_0 } from '../model/code-points/versions.ts';
import type { Deviation, Protection, SealedRecord } from './protection.ts';

/**
 * What stands in front of the content when MAC or AEAD authenticate it, up to TLS 1.2:
 *
 *     SSL 3.0                     sequence(8) type length(2)                                      RFC 6101 §5.2.3.1
 *     TLS 1.0 to 1.2              sequence(8) type version(2) length(2)                           RFC 5246 §6.2.3.1
 *     DTLS                        epoch(2) sequence(6) type version(2) length(2)                  RFC 6347 §4.1.2.1
 *     DTLS with a connection id   ff×8 type cidLength type version(2) epoch(2) sequence(6)
 *                                 cid length(2)                                                   RFC 9146 §5
 */
export class AuthenticatedHeader {
  private readonly octets = Buffer.alloc(8 + 3 + 2 + 8 + 255 + 2);
  private readonly protection: Protection;
  private at = 0;

  constructor(protection: Protection) {
    this.protection = protection;
  }

  /** A view that the next call overwrites. */
  write(
    record: SealedRecord,
    sequence: number,
    epoch: number,
    length: number,
    deviation: Deviation,
  ): Uint8Array {
    this.at = 0;
    const type = deviation.type ?? record.type;
    const version = deviation.version ?? record.version;
    const { connectionId, connectionIdForm = 'specified' } = this.protection;
    const cid = hasConnectionId(record, this.protection)
      ? (deviation.connectionId ?? connectionId)
      : undefined;
    const form = deviation.connectionIdForm ?? connectionIdForm;
    if (cid === undefined || form === 'absent') {
      this.sequence(sequence, epoch, deviation);
      this.put(type, 1);
      if (this.protection.version !== SSL_3_0) this.put(version, 2);
    } else if (form === 'draft') {
      this.sequence(sequence, epoch, deviation);
      this.put(type, 1);
      this.put(version, 2);
      this.append(cid);
      this.put(cid.length, 1);
    } else {
      if (form !== 'without-placeholder') this.append(PLACEHOLDER);
      this.put(type, 1);
      if (form !== 'without-length') this.put(cid.length, 1);
      this.put(deviation.secondType ?? type, 1);
      this.put(version, 2);
      this.sequence(sequence, epoch, deviation);
      if (form !== 'without-id') this.append(cid);
    }
    this.put(length & 0xffff, 2);
    return this.octets.subarray(0, this.at);
  }

  private sequence(sequence: number, epoch: number, { epochForm }: Deviation): void {
    if (epochForm !== 'absent') this.put(epochForm === 'zero' ? 0 : highPart(sequence, epoch), 2);
    this.put(sequence % TWO_48, 6);
  }

  private put(value: number, octets: number): void {
    this.at = this.octets.writeUIntBE(value, this.at, octets);
  }

  private append(octets: Uint8Array): void {
    this.octets.set(octets, this.at);
    this.at += octets.length;
  }
}

/** Does the header hold a connection id, and the content its true type? RFC 9146 §4. */
export function hasConnectionId(record: SealedRecord, { connectionId }: Protection): boolean {
  return record.type === TLS12_CID && connectionId !== undefined && connectionId.length > 0;
}

/** The nonce that TLS 1.3 and ChaCha20 make of the IV and the 64-bit number. RFC 8446 §5.3, RFC 7905 §2. */
export function xorNonce(nonce: Buffer, iv: Uint8Array, sequence: number, epoch: number): void {
  const at = iv.length - 8;
  nonce.set(iv);
  nonce.writeUInt16BE(nonce.readUInt16BE(at) ^ highPart(sequence, epoch), at);
  const middle = Math.floor(sequence / TWO_32) & 0xffff;
  nonce.writeUInt16BE(nonce.readUInt16BE(at + 2) ^ middle, at + 2);
  nonce.writeInt32BE(nonce.readInt32BE(at + 4) ^ (sequence % TWO_32), at + 4);
}

/** The upper 16 of 64 bits: the epoch in DTLS. In TLS it is 0 like the bits that no connection reaches. */
function highPart(sequence: number, epoch: number): number {
  return (epoch + Math.floor(sequence / TWO_48)) & 0xffff;
}

const TWO_32 = 2 ** 32;
const TWO_48 = 2 ** 48;
const PLACEHOLDER = new Uint8Array(8).fill(0xff);
