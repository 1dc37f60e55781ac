import { readI32, readU16 } from '../bytes/scalars.ts';

/** Octets of a STUN header: type, length, magic cookie, transaction id. RFC 8489 §5. */
export const STUN_HEADER = 20;
export const MAGIC_COOKIE = 0x2112a442;
/** Type and length. RFC 8489 §14. */
const ATTRIBUTE_HEADER = 4;
/** Attributes looked at in one message; honest ones have about ten. */
const ATTRIBUTES_MAX = 32;

const CHANNEL_BIND_REQUEST = 0x0009;
const SEND_INDICATION = 0x0016;
const DATA_INDICATION = 0x0017;

const CHANNEL_NUMBER = 0x000c;
const XOR_PEER_ADDRESS = 0x0012;
const DATA = 0x0013;

/** Requests and answers of RFC 3489, which had neither cookie nor indications: Binding and Shared Secret. */
const CLASSIC_TYPES: ReadonlySet<number> = new Set([
  0x0001, 0x0002, 0x0101, 0x0102, 0x0111, 0x0112,
]);

/** What a datagram says to a TURN relay, or the relay of its peers. */
export const TURN = { nothing: 0, data: 1, channelBind: 2 } as const;
export type Turn = (typeof TURN)[keyof typeof TURN];

/**
 * Reads one STUN message (RFC 8489 §5, RFC 3489 §11.1) for what TURN puts into it (RFC 8656 §10, §12). One instance is
 * reused; its fields hold until the next message. Nothing is allocated.
 */
export class StunScan {
  turn: Turn = TURN.nothing;
  /** Data attribute: where its octets are, as far as they were captured, and how many were on the wire. */
  dataStart = 0;
  dataEnd = 0;
  dataWireLength = 0;
  channel = 0;
  /** The peer: family, port (still under the exclusive or with the cookie) and up to four words of address. */
  readonly peer = new Int32Array(6);

  /** @returns whether the datagram in `bytes[start, end)` is STUN */
  scan(bytes: Uint8Array, start: number, end: number, wireLength: number): boolean {
    this.turn = TURN.nothing;
    if (end - start < STUN_HEADER) return false;
    const type = readU16(bytes, start);
    const length = readU16(bytes, start + 2);
    if (type > 0x3fff || (length & 3) !== 0 || STUN_HEADER + length !== wireLength) return false;
    if (readI32(bytes, start + 4) !== MAGIC_COOKIE)
      return CLASSIC_TYPES.has(type) && this.#attributes(bytes, start, end, wireLength);
    if (type === SEND_INDICATION || type === DATA_INDICATION) this.turn = TURN.data;
    else if (type === CHANNEL_BIND_REQUEST) this.turn = TURN.channelBind;
    else return true;
    this.dataWireLength = 0;
    this.channel = 0;
    this.peer.fill(0);
    this.#attributes(bytes, start, end, wireLength);
    const complete = this.turn === TURN.data ? this.dataWireLength : this.channel;
    if (complete === 0 || this.peer[0] === 0) this.turn = TURN.nothing;
    return true;
  }

  /** Takes what is needed of them. @returns whether their lengths agree with the message's */
  #attributes(bytes: Uint8Array, start: number, end: number, wireLength: number): boolean {
    const wireEnd = start + wireLength;
    let at = start + STUN_HEADER;
    for (let n = 0; n < ATTRIBUTES_MAX && at + ATTRIBUTE_HEADER <= end; n++) {
      const type = readU16(bytes, at);
      const length = readU16(bytes, at + 2);
      const body = at + ATTRIBUTE_HEADER;
      if (body + length > wireEnd) return false;
      if (type === DATA && this.dataWireLength === 0) {
        this.dataStart = Math.min(body, end);
        this.dataEnd = Math.min(body + length, end);
        this.dataWireLength = length;
      } else if (type === CHANNEL_NUMBER && body + 2 <= end) this.channel = readU16(bytes, body);
      else if (type === XOR_PEER_ADDRESS && body + length <= end)
        this.#peer(bytes, start, body, length);
      // RFC 8489 §14: padded to four octets; RFC 3489 has only such lengths.
      at = body + ((length + 3) & ~3);
    }
    return at === wireEnd || end < wireEnd;
  }

  /** The address is under an exclusive or with cookie and transaction id, which differs each time. RFC 8489 §14.2. */
  #peer(bytes: Uint8Array, start: number, at: number, length: number): void {
    const words = length === 8 ? 1 : length === 20 ? 4 : 0;
    if (words === 0) return;
    this.peer[0] = bytes[at + 1] as number;
    this.peer[1] = readU16(bytes, at + 2);
    for (let i = 0; i < words; i++)
      this.peer[2 + i] = readI32(bytes, at + 4 + 4 * i) ^ readI32(bytes, start + 4 + 4 * i);
  }
}
