/**
 * What turns the numbers of a run into those a reader can type into Wireshark: facts number packets over all captures
 * and count time from the first packet; reports number packets by file and tell dates.
 */
export class RunContext {
  private readonly bases: number[] = [];
  private readonly epoch: () => number;

  /** @param epoch seconds since 1970 that `nanos` are relative to, as known by now */
  constructor(epoch: () => number) {
    this.epoch = epoch;
  }

  get epochSeconds(): number {
    return this.epoch();
  }

  /** Packets before each capture that was begun, same index as in the report. */
  get packetBases(): readonly number[] {
    return this.bases;
  }

  /** A capture begins after this many packets of the run. */
  beginCapture(packetsBefore: number): void {
    this.bases.push(packetsBefore);
  }

  /** Index of the capture that a packet of the run lies in. Captures are few: a rotated set has dozens. */
  captureOf(packet: number): number {
    let index = this.bases.length - 1;
    while (index > 0 && packet <= (this.bases[index] as number)) index--;
    return Math.max(index, 0);
  }

  /** Number of a packet within its own file. */
  numberInFile(packet: number): number {
    return packet - (this.bases[this.captureOf(packet)] ?? 0);
  }
}
