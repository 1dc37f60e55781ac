/**
 * Datagrams that a TCP connection carries: STUN and ChannelData one behind the other, as TURN has them (RFC 8656 §3.1,
 * §12.5), or each behind two octets of length (RFC 4571, ICE over TCP in RFC 6544). What WebRTC falls back to where UDP
 * does not pass.
 *
 *      TURN       type < 64: 20 + length      64..79: 4 + length, and up to three octets of padding
 *      RFC 4571   length, then any datagram of RFC 7983
 *
 * A connection is recognised by its octets: the magic cookie of STUN, or a DTLS record that fills its frame.
 */
import { readI32, readU16 } from '../bytes/scalars.ts';
import type { FramedSink, Side } from '../model/stream.ts';
import { beginsDtls } from './dtls-start.ts';
import { SealedBodies } from './sealed-bodies.ts';
import { MAGIC_COOKIE, STUN_HEADER } from './stun.ts';

/** How frames follow each other. */
const FORM = { turn: 1, prefixed: 2 } as const;
type Form = (typeof FORM)[keyof typeof FORM];

/** Octets that tell how long a frame is; in front of the datagram where it has a prefix. */
const LENGTH_OCTETS = { [FORM.turn]: 4, [FORM.prefixed]: 2 } as const;
/** ChannelData over TCP is padded to four octets. RFC 8656 §12.5. */
const PADDED = 3;

/** A direction, between two segments. */
interface Half {
  readonly form: Form;
  /** It lost its frames; they may be found again where a segment begins with some. */
  isLost: boolean;
  /** First octets of a frame that do not tell its length yet. */
  readonly head: Uint8Array;
  headHave: number;
  /** Octets of the frame under way, padding included, and those still to come. */
  total: number;
  left: number;
  /** Some of it is not in the capture. */
  isHoled: boolean;
}

export class DatagramFrames {
  private readonly sink: FramedSink;
  private readonly halves = new Map<number, Half>();
  private readonly bodies = new SealedBodies();

  constructor(sink: FramedSink) {
    this.sink = sink;
  }

  /** Do frames begin with this segment, as they are sent one by one? From now on `take` reads them then. */
  begins(half: number, bytes: Uint8Array, start: number, end: number): boolean {
    const before = this.halves.size > 0 ? this.halves.get(half) : undefined;
    const peer = before ?? (this.halves.size > 0 ? this.halves.get(half ^ 1) : undefined);
    const form = formOf(bytes, start, end);
    if (form === undefined && (peer === undefined || !fills(peer.form, bytes, start, end)))
      return false;
    const known = form ?? (peer?.form as Form);
    this.bodies.drop(half);
    if (before?.form === known) {
      before.isLost = false;
      before.headHave = 0;
      before.left = 0;
    } else
      this.halves.set(half, {
        form: known,
        isLost: false,
        head: new Uint8Array(LENGTH_OCTETS[known]),
        headHave: 0,
        total: 0,
        left: 0,
        isHoled: false,
      });
    return true;
  }

  /** Reads on. @returns where no frame can be, so that the direction waits for `begins`; negative where all are frames */
  take(
    half: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
  ): number {
    const state = this.halves.get(half);
    if (state === undefined || state.isLost) return start;
    let at = start;
    while (at < end) {
      if (state.left > 0) {
        const to = Math.min(end, at + state.left);
        this.append(half, state, bytes, at, to);
        at = to;
        if (state.left === 0) this.complete(half, state, packet, nanos);
        continue;
      }
      const needed = LENGTH_OCTETS[state.form];
      if (state.headHave > 0 || end - at < needed) {
        while (at < end && state.headHave < needed)
          state.head[state.headHave++] = bytes[at++] as number;
        if (state.headHave < needed) return -1;
        if (!this.open(half, state, state.head, 0, needed)) return at;
        state.headHave = 0;
        this.append(half, state, state.head, 0, needed);
        if (state.left === 0) this.complete(half, state, packet, nanos);
        continue;
      }
      if (!this.open(half, state, bytes, at, end)) return at;
      if (state.total <= end - at) {
        this.hand(half, state, bytes, at, packet, nanos);
        at += state.total;
        state.left = 0;
      }
    }
    return -1;
  }

  /** Octets are missing. Inside a frame its end is known all the same. @returns whether the frames go on */
  gap(half: number, length: number): boolean {
    const state = this.halves.get(half);
    if (state === undefined) return false;
    this.bodies.drop(half);
    if (length > state.left || state.headHave > 0) {
      state.isLost = true;
      return false;
    }
    state.isHoled = true;
    state.left -= length;
    return true;
  }

  /** The connection is over. */
  forget(half: number): void {
    if (this.halves.size === 0) return;
    this.halves.delete(half);
    this.bodies.drop(half);
  }

  /** A frame begins at `at`. @returns whether it can be one */
  private open(half: number, state: Half, bytes: Uint8Array, at: number, end: number): boolean {
    const total = frameOctets(state.form, bytes, at, end);
    state.isHoled = false;
    state.total = total;
    state.left = total;
    if (total > 0) return true;
    state.isLost = true;
    state.left = 0;
    state.headHave = 0;
    this.bodies.drop(half);
    return false;
  }

  private append(half: number, state: Half, bytes: Uint8Array, start: number, end: number): void {
    if (!state.isHoled) this.bodies.append(half, state.total, bytes, start, end);
    state.left -= end - start;
  }

  private complete(half: number, state: Half, packet: number, nanos: number): void {
    const body = this.bodies.take(half);
    if (body !== undefined) this.hand(half, state, body, 0, packet, nanos);
  }

  /** The whole frame lies at `at`. */
  private hand(
    half: number,
    state: Half,
    bytes: Uint8Array,
    at: number,
    packet: number,
    nanos: number,
  ): void {
    const start = state.form === FORM.prefixed ? at + LENGTH_OCTETS[FORM.prefixed] : at;
    const isChannel = state.form === FORM.turn && (bytes[at] as number) >= 0x40;
    const end = isChannel ? at + 4 + readU16(bytes, at + 2) : at + state.total;
    this.sink.framed(half >> 1, (half & 1) as Side, bytes, start, end, packet, nanos);
  }
}

/** The form that a direction has which begins so; undefined where it has none. */
function formOf(bytes: Uint8Array, start: number, end: number): Form | undefined {
  if (isStun(bytes, start, end)) return FORM.turn;
  const inner = start + LENGTH_OCTETS[FORM.prefixed];
  if (end - inner < 13) return undefined;
  const length = readU16(bytes, start);
  if (isStun(bytes, inner, end) && length === STUN_HEADER + readU16(bytes, inner + 2))
    return FORM.prefixed;
  // A first octet of DTLS, and its major version.
  const isRecord = (bytes[inner] as number) >> 2 === 5 && bytes[inner + 1] === 0xfe;
  if (!isRecord || length > end - inner) return undefined;
  return beginsDtls(bytes, inner, inner + length, inner + length) ? FORM.prefixed : undefined;
}

/** A header of STUN with its magic cookie. RFC 8489 §5. */
function isStun(bytes: Uint8Array, at: number, end: number): boolean {
  return (
    end - at >= STUN_HEADER &&
    (bytes[at] as number) < 0x40 &&
    ((bytes[at + 3] as number) & 3) === 0 &&
    readI32(bytes, at + 4) === MAGIC_COOKIE
  );
}

/** Are these octets whole frames and no more? */
function fills(form: Form, bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  // Frames have two octets at least.
  while (end - at >= LENGTH_OCTETS[form]) {
    const total = frameOctets(form, bytes, at, end);
    if (total === 0) return false;
    at += total;
  }
  return at === end && end > start;
}

/** Octets of the frame at `at`, of which as many are there as tell it; 0 for what is none. */
function frameOctets(form: Form, bytes: Uint8Array, at: number, end: number): number {
  if (form === FORM.prefixed) {
    const first = at + 2 < end ? (bytes[at + 2] as number) : 0;
    // RFC 7983 §7: STUN, ZRTP, DTLS, ChannelData, RTP and RTCP.
    return first < 80 || (first >= 128 && first < 192) ? 2 + readU16(bytes, at) : 0;
  }
  const first = bytes[at] as number;
  const length = readU16(bytes, at + 2);
  if (first < 0x40) {
    const isCookie = end - at < 8 || readI32(bytes, at + 4) === MAGIC_COOKIE;
    return (length & 3) === 0 && isCookie ? STUN_HEADER + length : 0;
  }
  return first < 0x50 ? (4 + length + PADDED) & ~PADDED : 0;
}
