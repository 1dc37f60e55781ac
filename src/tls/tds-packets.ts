/**
 * Microsoft SQL Server carries the TLS handshake in the packets of its own protocol, behind headers of eight octets
 * (MS-TDS §2.2.3.1, §2.2.6.5); records that follow the handshake lie in the TCP stream as anywhere else.
 */
import { readU16 } from '../bytes/scalars.ts';
import { CONTENT_TYPE } from '../model/record.ts';
import { beginsTls } from './detect-tls.ts';

/** Type, status, length, SPID, packet id, window. */
const HEADER = 8;
const PRELOGIN = 0x12;
/** Servers of some versions answer in packets of this type. */
const TABULAR_RESULT = 0x04;
/** Bits of the status that are assigned: EOM to RESETCONNECTIONSKIPTRAN. */
const STATUS_MAX = 0x1f;
/** Option of PRELOGIN that speaks of encryption, its values "not supported", and the end of the options. */
const ENCRYPTION = 1;
const NOT_SUPPORTED = 2;
const TERMINATOR = 0xff;

interface Half {
  readonly header: Uint8Array;
  have: number;
  /** Octets of the present packet that are still to come. */
  left: number;
}

/** What a slice of the stream is: octets of TLS up to `end`, or of headers; or the packets are over. */
export const TDS = { inside: 0, header: 1, records: 2, other: 3 } as const;

export class TdsPackets {
  /** Where the slice ends that `next` told of. */
  end = 0;
  private readonly halves = new Map<number, Half>();

  begin(half: number): void {
    this.halves.set(half, { header: new Uint8Array(HEADER), have: 0, left: 0 });
  }

  has(half: number): boolean {
    return this.halves.size > 0 && this.halves.has(half);
  }

  forget(half: number): void {
    if (this.halves.size > 0) this.halves.delete(half);
  }

  /** The slice that begins at `at`. @param between the TLS record before it is complete */
  next(half: number, bytes: Uint8Array, at: number, end: number, between: boolean): number {
    const own = this.halves.get(half);
    if (own === undefined) return TDS.other;
    if (own.left > 0) {
      this.end = Math.min(end, at + own.left);
      own.left -= this.end - at;
      return TDS.inside;
    }
    const first = bytes[at] as number;
    if (own.have === 0 && between && isContentType(first)) return TDS.records;
    this.end = at;
    while (this.end < end && own.have < HEADER)
      own.header[own.have++] = bytes[this.end++] as number;
    if (own.have < HEADER) return TDS.header;
    own.have = 0;
    if (!isHeader(own.header, 0)) return TDS.other;
    own.left = readU16(own.header, 2) - HEADER;
    return TDS.header;
  }
}

const isContentType = (octet: number): boolean =>
  octet >= CONTENT_TYPE.changeCipherSpec && octet <= CONTENT_TYPE.applicationData;

function isHeader(bytes: Uint8Array, at: number): boolean {
  const type = bytes[at];
  if (type !== PRELOGIN && type !== TABULAR_RESULT) return false;
  return (bytes[at + 1] as number) <= STATUS_MAX && readU16(bytes, at + 2) > HEADER;
}

/** Octets in front of a hello that is wrapped like this; 0 if none is. */
export function tdsHeaderLength(
  bytes: Uint8Array,
  start: number,
  end: number,
  peerFramed: boolean,
): number {
  const first = bytes[start];
  if (first !== PRELOGIN && first !== TABULAR_RESULT) return 0;
  if (end - start < HEADER || !isHeader(bytes, start)) return 0;
  return beginsTls(bytes, start + HEADER, end, peerFramed) === 'yes' ? HEADER : 0;
}

/** What a whole PRELOGIN message says about encryption; undefined if it is none, or says nothing. */
export function preloginEncryption(octets: Uint8Array): boolean | undefined {
  if (octets.length < HEADER + 6 || !isHeader(octets, 0)) return undefined;
  // Options begin with the version, which stands behind all of them.
  if (octets[HEADER] !== 0 || readU16(octets, 2) !== octets.length) return undefined;
  for (let at = HEADER; at + 5 <= octets.length && octets[at] !== TERMINATOR; at += 5)
    if (octets[at] === ENCRYPTION)
      return octets[HEADER + readU16(octets, at + 1)] !== NOT_SUPPORTED;
  return undefined;
}
