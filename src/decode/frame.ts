import type { NoticeCode, NoticeSink } from '../model/notice.ts';
import type { PacketCursor } from '../model/packet.ts';
import { PASSED, type PassedOverSink } from '../model/passed-over.ts';
import type { TransportCursor, TransportSink } from '../model/transport-cursor.ts';
import { NEXT, type Next } from './next.ts';

/** A header with its payload: reads it at `frame.offset`, moves the frame on, says what follows. Never throws. */
export type Layer = (frame: Frame) => Next;

/**
 * The packet being decoded: where the ladder stands, and what its headers said so far. It is the transport cursor itself,
 * so that nothing is copied on the way to the sink.
 *
 * Invariant: `offset <= end <= wireEnd`, and octets at or beyond `end` are never read.
 */
export class Frame implements TransportCursor {
  packet: PacketCursor = NO_PACKET;
  bytes: Uint8Array = NO_PACKET.bytes;
  view: DataView = NO_PACKET.view;
  protocol = 0;
  family = 4;
  sourceOffset = 0;
  destinationOffset = 0;
  headerOffset = 0;
  payloadOffset = 0;
  payloadLength = 0;
  wirePayloadLength = 0;
  sourcePort = 0;
  destinationPort = 0;
  sequence = 0;
  acknowledgement = 0;
  flags = 0;
  window = 0;
  hopLimit = 0;
  ipId = 0;
  fragmentPackets: Int32Array | undefined = undefined;
  icmpType = 0;
  icmpCode = 0;

  /** Where the current layer begins. */
  offset = 0;
  /** Where the captured octets of the current layer end. */
  end = 0;
  /** Where the current layer ends on the wire; beyond `end` if octets were not captured. */
  wireEnd = 0;
  /** `wireEnd` is what a header said, not merely where the captured packet ends. */
  bounded = false;
  /** The rest of the IP packet is in other packets, so inner lengths rightly reach beyond `wireEnd`. */
  firstFragment = false;
  /** Only a port says what this is, and no header since has borne it out. */
  byPort = false;
  /** Where the next of several frames in one begins; -1 if there is none. Kept with its bounds while another is read. */
  #laterOffset = -1;
  #laterEnd = 0;
  #laterWireEnd = 0;
  #laterBytes = NO_PACKET.bytes;
  #laterView = NO_PACKET.view;

  readonly sink: TransportSink;
  readonly notices: NoticeSink;
  readonly #passed: PassedOverSink;

  constructor(sink: TransportSink, notices: NoticeSink, passed: PassedOverSink) {
    this.sink = sink;
    this.notices = notices;
    this.#passed = passed;
  }

  begin(packet: PacketCursor): void {
    const { offset, capturedLength, originalLength } = packet;
    this.packet = packet;
    this.bytes = packet.bytes;
    this.view = packet.view;
    this.offset = offset;
    this.end = offset + capturedLength;
    this.wireEnd = offset + (originalLength > capturedLength ? originalLength : capturedLength);
    this.bounded = false;
    this.firstFragment = false;
    this.byPort = false;
    this.fragmentPackets = undefined;
  }

  /** Octets at `at` from the current layer's beginning; the caller has made sure with `lacks` that they are there. */
  u8(at: number): number {
    return this.view.getUint8(this.offset + at);
  }

  u16(at: number): number {
    return this.view.getUint16(this.offset + at);
  }

  u32(at: number): number {
    return this.view.getUint32(this.offset + at);
  }

  /** Whether fewer than `octets` are left of the current layer; if so, gives notice. */
  lacks(octets: number): boolean {
    if (this.end - this.offset >= octets) return false;
    this.short(octets);
    return true;
  }

  /**
   * Takes the current layer's own word for its length on the wire; what follows is padding. A layer that claims more than
   * the one around it is not believed. Claiming more than the captured packet is: there are tools that cut packets and
   * forget the original length.
   */
  limit(octets: number): void {
    const claimed = this.offset + octets;
    if (claimed > this.wireEnd && this.bounded && !this.firstFragment) {
      this.malformed(octets, this.wireEnd - this.offset);
      return;
    }
    this.bounded = true;
    this.wireEnd = claimed;
    if (claimed < this.end) this.end = claimed;
  }

  /** Cuts off octets that follow the current layer on the wire, such as a frame check sequence. */
  trim(octets: number): void {
    if (this.wireEnd - this.offset < octets) return;
    this.wireEnd -= octets;
    if (this.end > this.wireEnd) this.end = this.wireEnd;
  }

  /** Nothing here to follow: counts what it is. The end of the ladder. */
  pass(key: number): Next {
    return this.passCertain(this.byPort ? PASSED.overlayOther : key);
  }

  /** The same for what is certain even where only a port told of the layer around it. */
  passCertain(key: number): Next {
    this.#passed.passedOver(key, this.packet.packetNumber);
    return NEXT.stop;
  }

  /**
   * Remembers that another frame follows at `offset`, within the current bounds; answers false if one is remembered
   * already.
   */
  putOff(offset: number): boolean {
    if (this.#laterOffset >= 0) return false;
    this.#laterOffset = offset;
    this.#laterEnd = this.end;
    this.#laterWireEnd = this.wireEnd;
    this.#laterBytes = this.bytes;
    this.#laterView = this.view;
    return true;
  }

  /** Goes on to the frame that was put off; answers false if there is none. */
  resume(): boolean {
    if (this.#laterOffset < 0) return false;
    this.end = this.#laterEnd;
    this.offset = Math.min(this.#laterOffset, this.end);
    this.wireEnd = this.#laterWireEnd;
    this.bytes = this.#laterBytes;
    this.view = this.#laterView;
    this.bounded = true;
    this.firstFragment = false;
    this.fragmentPackets = undefined;
    this.#laterOffset = -1;
    return true;
  }

  /** Gives notice that the current layer needs more octets than were captured. */
  short(needed: number): void {
    const { capturedLength, originalLength } = this.packet;
    const cut = capturedLength < originalLength && this.bytes === this.packet.bytes;
    // Where only a port told what this is, it is more likely to be something else.
    if (!cut && this.byPort) return;
    this.#notice(cut ? 'packet-cut' : 'packet-malformed', needed, this.end - this.offset);
  }

  /** Gives notice that the current layer contradicts the one around it, or itself. */
  malformed(needed: number, available: number): void {
    if (!this.byPort) this.#notice('packet-malformed', needed, available);
  }

  /** Gives notice that headers nest deeper than is followed. */
  tooDeep(): void {
    this.#notice('limit-reached', 0, 0, 'headers nested in one packet');
  }

  #notice(code: NoticeCode, needed: number, available: number, detail?: string): void {
    // Offsets into a reassembly buffer mean nothing to a reader of the capture.
    const offset = this.bytes === this.packet.bytes ? this.offset - this.packet.offset : -1;
    const { packetNumber } = this.packet;
    this.notices.notice({
      code,
      packetNumber,
      offset,
      needed,
      available,
      ...(detail === undefined ? {} : { detail }),
    });
  }
}

/** Stands in until the first packet, so that no field is ever undefined. */
const NO_PACKET: PacketCursor = {
  bytes: new Uint8Array(0),
  view: new DataView(new ArrayBuffer(0)),
  offset: 0,
  capturedLength: 0,
  originalLength: 0,
  seconds: 0,
  nanos: 0,
  linkType: -1,
  interfaceIndex: 0,
  packetNumber: 0,
};
