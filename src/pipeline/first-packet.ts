import { CaptureReader } from '../capture/capture-reader.ts';
import type { CaptureTime } from '../model/analysis.ts';
import type { CaptureFacts } from '../model/packet.ts';
import { emptyFacts } from './capture-facts.ts';

/** Looks for the first packet of a capture file, to put several files into order. Octets go in as for an analysis. */
export class FirstPacket {
  private readonly facts: CaptureFacts = emptyFacts('', null);
  private readonly reader: CaptureReader;

  constructor() {
    const nothing = { packet() {}, notice() {} };
    this.reader = new CaptureReader(nothing, nothing, this.facts, {
      reader: 'native',
      firstPacketNumber: 1,
    });
  }

  /** When it was captured; undefined if none was found so far. */
  get time(): CaptureTime | undefined {
    return this.facts.firstTime ?? undefined;
  }

  /** It is a file that packets can be read from. Known after `end`. */
  get isCapture(): boolean {
    return this.facts.format !== 'unknown';
  }

  /** @returns false when no more octets are needed */
  push(chunk: Uint8Array): boolean {
    this.reader.push(chunk);
    return this.facts.firstTime === null && !this.reader.finished;
  }

  end(): void {
    this.reader.end();
  }
}
