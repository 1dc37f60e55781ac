import type { Decipher } from 'node:crypto';
import { SSL_3_0, TLS_1_1, tlsEquivalent } from '../model/code-points/versions.ts';
import { AuthenticatedHeader, hasConnectionId } from './authenticated-header.ts';
import { blockDecipher } from './ciphers.ts';
import {
  type Construction,
  failed,
  lengthOf,
  type MacForm,
  macForm,
  openInner,
  type PreparedRecord,
  type StreamPosition,
} from './construction.ts';
import type { Deviation, DirectionKeys, Opening, Protection, SealedRecord } from './protection.ts';
import { macStandsAt, RecordMac } from './record-mac.ts';

/**
 * CBC with a MAC under the encryption (RFC 5246 §6.2.3.2) or over it (RFC 7366 §3).
 *
 *     MAC-then-encrypt    [IV] encrypted(content, MAC, padding, padding_length)
 *     encrypt-then-MAC    [IV] encrypted(content, padding, padding_length) MAC
 *
 * The IV stands in the record since TLS 1.1; before, it is the last encrypted block of the record before.
 *
 * One decipher serves the whole direction, which saves the cost of a new one for each record: in CBC an octet depends
 * on its own block and the one before alone, so that with the IV put in front of the blocks only the first block that
 * comes out is meaningless.
 */
export class CbcConstruction implements Construction {
  private readonly protection: Protection;
  private readonly header: AuthenticatedHeader;
  private readonly mac: RecordMac;
  private readonly decipher: Decipher | undefined;
  private readonly block: number;
  private readonly explicitIv: number;
  /** Before TLS 1.1: the block in front of the next record. */
  private chained: Uint8Array;
  private lastBlock: Uint8Array | undefined;

  constructor(protection: Protection, keys: DirectionKeys, position: StreamPosition) {
    const { suite, version } = protection;
    this.protection = protection;
    this.header = new AuthenticatedHeader(protection);
    this.mac = new RecordMac(keys.mac, version);
    this.block = suite.blockOctets;
    this.explicitIv = tlsEquivalent(version) >= TLS_1_1 ? suite.blockOctets : 0;
    this.lastBlock = position.lastBlock;
    const first = keys.iv.length >= this.block ? keys.iv : new Uint8Array(this.block);
    this.chained = (position.lastBlock ?? first).subarray(0, this.block);
    this.decipher = blockDecipher(suite.cipher, 'cbc', keys.key, new Uint8Array(this.block));
  }

  get position(): StreamPosition {
    return { lastBlock: this.lastBlock, streamOctets: 0 };
  }

  prepare(record: SealedRecord, deviation: Deviation): PreparedRecord | Opening {
    const { protection, decipher } = this;
    const form = macForm(protection, deviation);
    if (form === undefined || decipher === undefined) {
      return { kind: 'unsupported', cipher: protection.suite.cipher };
    }
    const over = deviation.encryptThenMac ?? protection.encryptThenMac;
    const encrypted = record.end - record.start - this.explicitIv - (over ? form.octets : 0);
    if (encrypted <= 0 || encrypted % this.block !== 0) return failed('length');
    return over
      ? this.prepareMacOver(record, decipher, form, encrypted, deviation)
      : this.prepareMacUnder(record, decipher, form, encrypted, deviation);
  }

  private prepareMacUnder(
    record: SealedRecord,
    decipher: Decipher,
    form: MacForm,
    encrypted: number,
    deviation: Deviation,
  ): PreparedRecord | Opening {
    const { hash, octets } = form;
    if (encrypted < octets + 1) return failed('length');
    const plaintext = this.decrypt(record, decipher, encrypted);
    const length = this.unpadded(plaintext, deviation) - octets;
    if (length < 0) return failed('padding');
    const content = plaintext.subarray(0, length);
    const covered = content.subarray(0, Math.max(length - (deviation.innerLess ?? 0), 0));
    const authenticated = this.lengthOf(record, deviation, octets, length) ?? covered.length;
    return {
      kind: 'prepared',
      at: (sequence, epoch) => {
        if (hash !== undefined) {
          const header = this.header.write(record, sequence, epoch, authenticated, deviation);
          const mac = this.mac.of(hash, header, covered);
          if (!macStandsAt(plaintext, length, mac, octets)) return failed('mac');
        }
        return this.opened(record, content);
      },
    };
  }

  private prepareMacOver(
    record: SealedRecord,
    decipher: Decipher,
    form: MacForm,
    encrypted: number,
    deviation: Deviation,
  ): PreparedRecord | Opening {
    const { bytes, start, end } = record;
    const { hash, octets } = form;
    const covered = bytes.subarray(start, end - octets);
    const content = deviation.length?.startsWith('content')
      ? this.unpadded(this.decrypt(record, decipher, encrypted), deviation)
      : 0;
    const authenticated = this.lengthOf(record, deviation, octets, content) ?? covered.length;
    return {
      kind: 'prepared',
      at: (sequence, epoch) => {
        if (hash !== undefined) {
          const header = this.header.write(record, sequence, epoch, authenticated, deviation);
          const mac = this.mac.of(hash, header, covered);
          if (!macStandsAt(bytes, end - octets, mac, octets)) return failed('mac');
        }
        const plaintext = this.decrypt(record, decipher, encrypted);
        const length = this.unpadded(plaintext, deviation);
        return length < 0 ? failed('padding') : this.opened(record, plaintext.subarray(0, length));
      },
    };
  }

  pass({ bytes, start, end }: SealedRecord): void {
    if (this.explicitIv > 0) return;
    const octets = macForm(this.protection, {})?.octets ?? 0;
    const last = this.protection.encryptThenMac ? end - octets : end;
    if (last - start < this.block) return;
    this.lastBlock = bytes.slice(last - this.block, last);
    this.chained = this.lastBlock;
  }

  /** The blocks behind the IV. */
  private decrypt(record: SealedRecord, decipher: Decipher, encrypted: number): Uint8Array {
    const { bytes, start } = record;
    const blocks = bytes.subarray(start, start + this.explicitIv + encrypted);
    if (this.explicitIv > 0) return decipher.update(blocks).subarray(this.explicitIv);
    decipher.update(this.chained);
    return decipher.update(blocks);
  }

  /**
   * Octets in front of the padding; negative if the padding is none. TLS wants each of its octets to tell its length
   * (RFC 5246 §6.2.3.2); SSL 3.0 leaves them open but allows less than a block (RFC 6101 §5.2.3.2).
   */
  private unpadded(plaintext: Uint8Array, { paddingUnfilled }: Deviation): number {
    const last = plaintext.length - 1;
    const padding = plaintext[last] as number;
    if (this.protection.version === SSL_3_0) return padding < this.block ? last - padding : -1;
    if (paddingUnfilled) return Math.max(last - padding, -1);
    for (let i = Math.max(last - padding, 0); i < last; i++) {
      if (plaintext[i] !== padding) return -1;
    }
    return last - padding;
  }

  private lengthOf(
    { start, end }: SealedRecord,
    { length }: Deviation,
    macOctets: number,
    content: number,
  ): number | undefined {
    if (length === undefined) return undefined;
    return lengthOf(length, end - start, this.explicitIv, macOctets, content);
  }

  private opened(record: SealedRecord, content: Uint8Array): Opening {
    if (hasConnectionId(record, this.protection)) return openInner(content);
    return { kind: 'opened', type: record.type, content };
  }
}
