import { DTLS_1_3, isTls13, tls13Draft } from '../model/code-points/versions.ts';
import { type Aead, aeadFor } from './aead.ts';
import { AuthenticatedHeader, hasConnectionId, xorNonce } from './authenticated-header.ts';
import {
  type Construction,
  failed,
  lengthOf,
  openInner,
  type PreparedRecord,
  START,
  type StreamPosition,
} from './construction.ts';
import type { Deviation, DirectionKeys, Opening, Protection, SealedRecord } from './protection.ts';
import { MASK_SAMPLE, shownNumber } from './record-number.ts';

/**
 * AEAD up to TLS 1.2 (RFC 5246 §6.2.3.3) and in TLS 1.3 (RFC 8446 §5.2), which differ in what is authenticated besides
 * the content and in how the nonce is made.
 *
 *     GCM, CCM up to TLS 1.2    nonce(8) encrypted tag      nonce = iv(4) nonce(8)            RFC 5288 §3, RFC 6655 §3
 *     ChaCha20 up to TLS 1.2    encrypted tag               nonce = iv(12) XOR sequence       RFC 7905 §2
 *     TLS 1.3                   encrypted(inner) tag        nonce = iv(12) XOR sequence       RFC 8446 §5.3
 *     DTLS 1.3                  the same behind a unified header, which is authenticated      RFC 9147 §4
 *
 * Drafts of TLS 1.3 before 25 authenticate nothing besides the content.
 */
export class AeadConstruction implements Construction {
  private readonly protection: Protection;
  private readonly header: AuthenticatedHeader;
  private readonly aead: Aead | undefined;
  private readonly iv: Uint8Array;
  private readonly nonce = Buffer.alloc(12);
  private readonly tls13: boolean;
  private readonly header13: Buffer;
  private readonly isUnified: boolean;
  private readonly unifiedHeader = Buffer.alloc(1 + 255 + 2 + 2);
  readonly position: StreamPosition = START;

  constructor(protection: Protection, keys: DirectionKeys) {
    this.protection = protection;
    this.header = new AuthenticatedHeader(protection);
    this.aead = aeadFor(protection.suite, keys.key);
    this.iv = keys.iv;
    this.tls13 = isTls13(protection.version);
    this.isUnified = protection.version === DTLS_1_3;
    const draft = tls13Draft(protection.version);
    this.header13 = Buffer.alloc(draft > 0 && draft <= LAST_DRAFT_WITHOUT_HEADER ? 0 : 5);
  }

  prepare(record: SealedRecord, deviation: Deviation): PreparedRecord | Opening {
    const { suite } = this.protection;
    const { aead } = this;
    if (aead === undefined) return { kind: 'unsupported', cipher: suite.cipher };
    const { bytes, start, end } = record;
    const explicit = suite.explicitNonceOctets;
    const length = end - start - explicit - suite.tagOctets;
    // An inner plaintext has a type at least.
    if (length < (this.tls13 ? 1 : 0)) return failed('length');
    if (this.isUnified && (record.headerStart === undefined || end - start < MASK_SAMPLE))
      return failed('length');
    const tagAt = end - suite.tagOctets;
    return {
      kind: 'prepared',
      at: (sequence, epoch) => {
        const { nonce, additional } = this.inputs(record, sequence, epoch, deviation);
        const content = aead.open(nonce, additional, bytes, start + explicit, tagAt, end);
        if (content === undefined) return failed('tag');
        if (this.tls13 || hasConnectionId(record, this.protection)) return openInner(content);
        return { kind: 'opened', type: record.type, content };
      },
    };
  }

  /** What the cipher takes besides key and fragment: views that the next call overwrites. */
  inputs(
    record: SealedRecord,
    sequence: number,
    epoch: number,
    deviation: Deviation,
  ): { nonce: Uint8Array; additional: Uint8Array } {
    const { explicitNonceOctets, tagOctets } = this.protection.suite;
    const fragment = record.end - record.start;
    const specified = this.tls13 ? 'fragment' : 'content';
    const content = fragment - explicitNonceOctets - tagOctets;
    const length = lengthOf(
      deviation.length ?? specified,
      fragment,
      explicitNonceOctets,
      tagOctets,
      content,
    );
    this.makeNonce(record, sequence, epoch, deviation);
    const additional = this.isUnified
      ? this.writeUnifiedHeader(record, sequence, length, deviation)
      : this.tls13
        ? this.writeHeader13(record, length, deviation)
        : this.header.write(
            record,
            sequence,
            epoch,
            length - (deviation.innerLess ?? 0),
            deviation,
          );
    return { nonce: this.nonce, additional };
  }

  pass(): void {}

  private makeNonce(
    { bytes, start }: SealedRecord,
    sequence: number,
    epoch: number,
    deviation: Deviation,
  ): void {
    const explicit = this.protection.suite.explicitNonceOctets;
    if (explicit === 0) {
      // DTLS 1.3 has 64 bits of number in each epoch, and the epoch in no nonce. RFC 9147 §4.
      const hasEpoch = !this.isUnified || this.protection.isDraft43 === true;
      const counted = deviation.epochForm === undefined && hasEpoch ? epoch : 0;
      const made = deviation.nonce ?? { sequence, epoch: counted };
      xorNonce(this.nonce, this.iv, made.sequence, made.epoch);
      return;
    }
    this.nonce.set(this.iv.subarray(0, 4));
    this.nonce.set(bytes.subarray(start, start + explicit), 4);
  }

  /** The header as it was sent, with its number as it was before it was encrypted. RFC 9147 §4. */
  private writeUnifiedHeader(
    record: SealedRecord,
    sequence: number,
    length: number,
    deviation: Deviation,
  ): Uint8Array {
    if (deviation.unifiedHeader === 'tls') return this.writeHeader13(record, length, deviation);
    const { bytes, start, headerStart = start } = record;
    this.unifiedHeader.set(bytes.subarray(headerStart, start));
    const { at, octets } = shownNumber(record);
    if (deviation.unifiedHeader === undefined)
      this.unifiedHeader.writeUIntBE(sequence % 2 ** (8 * octets), at - headerStart, octets);
    return this.unifiedHeader.subarray(0, start - headerStart);
  }

  /** The header as it was sent. RFC 8446 §5.2. */
  private writeHeader13(record: SealedRecord, length: number, deviation: Deviation): Uint8Array {
    if (this.header13.length === 0) return this.header13;
    this.header13[0] = deviation.type ?? record.type;
    this.header13.writeUInt16BE(deviation.version ?? record.version, 1);
    this.header13.writeUInt16BE(length & 0xffff, 3);
    return this.header13;
  }
}

const LAST_DRAFT_WITHOUT_HEADER = 24;
