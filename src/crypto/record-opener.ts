import {
  DTLS_PRE_STANDARD,
  isTls13,
  TLS_1_0,
  tlsEquivalent,
} from '../model/code-points/versions.ts';
import {
  AS_SPECIFIED,
  type Construction,
  type PreparedRecord,
  START,
  type StreamPosition,
} from './construction.ts';
import { AeadConstruction } from './open-aead.ts';
import { CbcConstruction } from './open-cbc.ts';
import { StreamConstruction } from './open-stream.ts';
import type { Deviation, DirectionKeys, Opening, Protection, SealedRecord } from './protection.ts';

/**
 * Opens the records of one direction. Each record is given to `open` or `pass` in the order on the wire, because up to
 * TLS 1.0 and with stream ciphers one depends on those before; those that fail count like others.
 */
export class RecordOpener {
  readonly protection: Protection;
  private readonly construction: Construction | Opening;

  /**
   * `position` is that of another opener of the same direction which this one joins. A key that is not as long as the
   * suite has it is a mistake of the caller, and thrown.
   */
  constructor(protection: Protection, keys: DirectionKeys, position: StreamPosition = START) {
    const { keyOctets } = protection.suite;
    if (keys.key.length !== keyOctets) {
      throw new RangeError(`a key of ${keys.key.length} octets where the suite has ${keyOctets}`);
    }
    this.protection = protection;
    this.construction = constructionOf(protection, keys, position);
  }

  /** Where the next record stands among what depends on the records before. */
  get position(): StreamPosition {
    return 'position' in this.construction ? this.construction.position : START;
  }

  /**
   * Opens the next record of the direction. `sequence` counts from 0 with each change of keys; in DTLS it is the one of
   * the header, below the `epoch`.
   */
  open(record: SealedRecord, sequence: number, epoch = 0): Opening {
    const opening = this.attempt(record, sequence, epoch);
    this.pass(record);
    return opening;
  }

  /** Takes note of a record that nobody wants to have opened. */
  pass(record: SealedRecord): void {
    if ('pass' in this.construction) this.construction.pass(record);
  }

  /** Opens a record as the next one, perhaps against the specification, and forgets that it did. */
  attempt(record: SealedRecord, sequence: number, epoch = 0, deviation?: Deviation): Opening {
    const prepared = this.prepare(record, deviation);
    const opening = prepared.kind === 'prepared' ? prepared.at(sequence, epoch) : prepared;
    const isOldOpenssl = opening.kind === 'failed' && this.protection.version === DTLS_PRE_STANDARD;
    return isOldOpenssl && deviation === undefined
      ? this.attempt(record, sequence, epoch, BEFORE_RFC_4347)
      : opening;
  }

  /** The part of an attempt that is the same for all sequence numbers; an opening if none can succeed. */
  prepare(record: SealedRecord, deviation: Deviation = AS_SPECIFIED): PreparedRecord | Opening {
    const { construction } = this;
    return 'prepare' in construction ? construction.prepare(record, deviation) : construction;
  }
}

function constructionOf(
  protection: Protection,
  keys: DirectionKeys,
  position: StreamPosition,
): Construction | Opening {
  const { suite, version } = protection;
  const tls13 = isTls13(version);
  const unsupported: Opening = { kind: 'unsupported', cipher: suite.cipher };
  if (tls13 !== suite.tls13 || tlsEquivalent(version) === 0) return unsupported;
  switch (suite.mode) {
    case 'null':
      return tls13 ? unsupported : new StreamConstruction(protection, keys, position);
    case 'stream':
      // RFC 6347 §4.1.2.2 forbids it in DTLS: records that may be lost have no place in a key stream.
      return suite.cipher === 'RC4' && !isDatagram(version)
        ? new StreamConstruction(protection, keys, position)
        : unsupported;
    case 'cbc':
      return new CbcConstruction(protection, keys, position);
    default:
      return new AeadConstruction(protection, keys);
  }
}

/** OpenSSL up to 0.9.8e took the MAC of TLS 1.0 for DTLS. Later ones, asked for that DTLS, follow RFC 4347 in this. */
const BEFORE_RFC_4347: Deviation = { epochForm: 'zero', version: TLS_1_0 };

function isDatagram(version: number): boolean {
  return version >> 8 === 0xfe || version === DTLS_PRE_STANDARD;
}
