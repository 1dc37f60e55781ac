import {
  blankCursor,
  type CaptureFacts,
  type PacketCursor,
  type PacketSink,
} from '../model/packet.ts';

/** Where every reader puts its packets: one cursor, filled in place, and the counts of the file. */
export class PacketOutlet {
  /** Readers fill all fields but `packetNumber` and then call `deliver`. */
  readonly cursor: PacketCursor;
  readonly facts: CaptureFacts;
  /** Number of the next packet. */
  nextNumber: number;
  readonly #sink: PacketSink;

  constructor(sink: PacketSink, facts: CaptureFacts, firstPacketNumber: number) {
    this.#sink = sink;
    this.facts = facts;
    this.nextNumber = firstPacketNumber;
    const bytes = new Uint8Array(0);
    this.cursor = blankCursor(bytes, new DataView(bytes.buffer));
  }

  /** Numbers the packet that the cursor describes, counts it and hands it on. */
  deliver(): void {
    const { cursor, facts } = this;
    cursor.packetNumber = this.nextNumber;
    this.nextNumber += 1;
    facts.packets += 1;
    facts.frames += 1;
    if (cursor.capturedLength < cursor.originalLength) facts.cutPackets += 1;
    if (cursor.originalLength > facts.largestPacket) facts.largestPacket = cursor.originalLength;
    if (facts.firstTime === null) {
      facts.firstTime = { seconds: cursor.seconds, nanos: cursor.nanos };
      facts.lastTime = { seconds: cursor.seconds, nanos: cursor.nanos };
    } else if (facts.lastTime !== null) {
      facts.lastTime.seconds = cursor.seconds;
      facts.lastTime.nanos = cursor.nanos;
    }
    this.#sink.packet(cursor);
  }

  /** Counts a unit of the file that holds no packet but has a `frame.number` in Wireshark. */
  countFrame(): void {
    this.nextNumber += 1;
    this.facts.frames += 1;
  }
}
