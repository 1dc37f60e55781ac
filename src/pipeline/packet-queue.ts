import { blankCursor, type PacketCursor } from '../model/packet.ts';

const FIRST_OCTETS = 64 * 1024;

/** Numbers kept of a packet. */
const WORDS = 8;
const OFFSET = 0;
const CAPTURED = 1;
const ORIGINAL = 2;
const SECONDS = 3;
const NANOS = 4;
const LINK_TYPE = 5;
const INTERFACE = 6;
const NUMBER = 7;

/** Packets of one capture that wait for those of others: copies, in the order of the file. Emptied as a whole. */
export class PacketQueue {
  /** The packet that is first in line, as a reader would hand it on; only if there is one. */
  readonly head: PacketCursor;
  private bytes = new Uint8Array(FIRST_OCTETS);
  private view = new DataView(this.bytes.buffer);
  private used = 0;
  private readonly numbers: number[] = [];
  private at = 0;

  constructor() {
    this.head = blankCursor(this.bytes, this.view);
  }

  get isEmpty(): boolean {
    return this.at === this.numbers.length;
  }

  add(cursor: PacketCursor): void {
    const { bytes, offset, capturedLength } = cursor;
    this.reserve(capturedLength);
    this.bytes.set(bytes.subarray(offset, offset + capturedLength), this.used);
    const wasEmpty = this.isEmpty;
    this.numbers.push(
      this.used,
      capturedLength,
      cursor.originalLength,
      cursor.seconds,
      cursor.nanos,
      cursor.linkType,
      cursor.interfaceIndex,
      cursor.packetNumber,
    );
    this.used += capturedLength;
    if (wasEmpty) this.show();
  }

  /** Takes the first packet out; what `head` shows of it must not be needed any more. */
  shift(): void {
    this.at += WORDS;
    if (!this.isEmpty) {
      this.show();
      return;
    }
    this.at = 0;
    this.used = 0;
    this.numbers.length = 0;
  }

  private show(): void {
    const { head, numbers, at } = this;
    head.bytes = this.bytes;
    head.view = this.view;
    head.offset = numbers[at + OFFSET] as number;
    head.capturedLength = numbers[at + CAPTURED] as number;
    head.originalLength = numbers[at + ORIGINAL] as number;
    head.seconds = numbers[at + SECONDS] as number;
    head.nanos = numbers[at + NANOS] as number;
    head.linkType = numbers[at + LINK_TYPE] as number;
    head.interfaceIndex = numbers[at + INTERFACE] as number;
    head.packetNumber = numbers[at + NUMBER] as number;
  }

  private reserve(octets: number): void {
    if (this.used + octets <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.bytes.length, this.used + octets));
    larger.set(this.bytes.subarray(0, this.used));
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
    if (!this.isEmpty) this.show();
  }
}
