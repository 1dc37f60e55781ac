import { LIMITS } from '../model/limits.ts';
import type { PacketOutlet } from './packet-outlet.ts';
import type { InterfaceTable, PcapngInterface } from './pcapng-interfaces.ts';
import { readComments } from './pcapng-options.ts';

/** Octets of a packet block before the packet: enhanced and obsolete alike, simple. */
const PACKET_HEADER_OCTETS = 20;
const SIMPLE_HEADER_OCTETS = 4;

/**
 * Turns the three kinds of packet blocks into packets.
 *
 * Each method takes a block's body `[body, end)` and answers whether the block made sense: its interface was described
 * and its lengths fit. What does not is not handed on.
 */
export class PcapngPackets {
  readonly #outlet: PacketOutlet;
  readonly #interfaces: InterfaceTable;

  constructor(outlet: PacketOutlet, interfaces: InterfaceTable) {
    this.#outlet = outlet;
    this.#interfaces = interfaces;
  }

  /** @see draft-ietf-opsawg-pcapng, section 4.3 */
  readEnhanced(
    bytes: Uint8Array,
    view: DataView,
    body: number,
    end: number,
    little: boolean,
  ): boolean {
    if (end - body < PACKET_HEADER_OCTETS) return false;
    const from = this.#interfaces.get(view.getUint32(body, little));
    return from !== undefined && this.#deliver(from, bytes, view, body, end, little);
  }

  /** The obsolete block differs in how it names the interface only. */
  readObsolete(
    bytes: Uint8Array,
    view: DataView,
    body: number,
    end: number,
    little: boolean,
  ): boolean {
    if (end - body < PACKET_HEADER_OCTETS) return false;
    const from = this.#interfaces.get(view.getUint16(body, little));
    return from !== undefined && this.#deliver(from, bytes, view, body, end, little);
  }

  /**
   * A packet of the section's first interface, without a time; it is given that of the packet before.
   *
   * @see draft-ietf-opsawg-pcapng, section 4.4
   */
  readSimple(
    bytes: Uint8Array,
    view: DataView,
    body: number,
    end: number,
    little: boolean,
  ): boolean {
    const from = this.#interfaces.get(0);
    const data = body + SIMPLE_HEADER_OCTETS;
    if (from === undefined || data > end) return false;
    const { cursor } = this.#outlet;
    const original = view.getUint32(body, little);
    const limit = from.snapLength === 0 ? original : Math.min(original, from.snapLength);
    cursor.bytes = bytes;
    cursor.view = view;
    cursor.offset = data;
    // The captured length is not stored. Where neither lengths nor snap length agree with the block, the block wins.
    cursor.capturedLength = Math.min(limit, end - data, LIMITS.packetOctets);
    cursor.originalLength = original;
    cursor.linkType = from.linkType;
    cursor.interfaceIndex = from.index;
    this.#outlet.deliver();
    return true;
  }

  /** What enhanced and obsolete blocks share: time, lengths, octets. */
  #deliver(
    from: PcapngInterface,
    bytes: Uint8Array,
    view: DataView,
    body: number,
    end: number,
    little: boolean,
  ): boolean {
    const captured = view.getUint32(body + 12, little);
    const data = body + PACKET_HEADER_OCTETS;
    if (captured > end - data || captured > LIMITS.packetOctets) return false;
    const { cursor } = this.#outlet;
    cursor.bytes = bytes;
    cursor.view = view;
    cursor.offset = data;
    cursor.capturedLength = captured;
    cursor.originalLength = view.getUint32(body + 16, little);
    cursor.linkType = from.linkType;
    cursor.interfaceIndex = from.index;
    from.scale.apply(cursor, view.getUint32(body + 4, little), view.getUint32(body + 8, little));
    this.#outlet.deliver();
    const options = data + ((captured + 3) & ~3);
    if (options < end) {
      const { facts } = this.#outlet;
      readComments(facts, facts.frames, view, options, end, little);
    }
    return true;
  }
}
