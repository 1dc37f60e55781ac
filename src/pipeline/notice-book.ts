import { LIMITS } from '../model/limits.ts';
import type { CaptureNotice, NoticeSink } from '../model/notice.ts';
import { Places } from './packet-places.ts';

/**
 * Keeps the first notices of each code and capture, and counts the others. What stages tell is about packets of the run;
 * it is kept with the capture that the packet lies in, and its number there.
 */
export class NoticeBook implements NoticeSink {
  readonly notices: CaptureNotice[][] = [];
  readonly omitted: Record<string, number>[] = [];
  readonly places: Places;
  /** Index of the capture whose packets are being analysed. */
  current = 0;
  private readonly counts: Map<string, number>[] = [];

  /** @param several more than one capture will be read */
  constructor(several: boolean) {
    this.places = new Places(several);
  }

  /** @returns takes what the reader of that capture tells: about the file, or packets by their number in it */
  beginCapture(): NoticeSink {
    const index = this.notices.push([]) - 1;
    this.omitted.push({});
    this.counts.push(new Map());
    return { notice: (notice) => this.keep(index, notice) };
  }

  notice(notice: CaptureNotice): void {
    const { packetNumber } = notice;
    const { places } = this;
    if (packetNumber === 0) this.keep(this.current, notice);
    else {
      const number = places.numberInFile(packetNumber);
      this.keep(places.captureOf(packetNumber), { ...notice, packetNumber: number });
    }
  }

  /** A notice about a capture, or a packet by its number in it. */
  about(capture: number, notice: CaptureNotice): void {
    this.keep(capture, notice);
  }

  private keep(capture: number, notice: CaptureNotice): void {
    const counts = this.counts[capture];
    if (counts === undefined) return;
    const count = (counts.get(notice.code) ?? 0) + 1;
    counts.set(notice.code, count);
    if (count <= LIMITS.noticesPerCode) this.notices[capture]?.push(notice);
    else {
      const omitted = this.omitted[capture];
      if (omitted !== undefined) omitted[notice.code] = count - LIMITS.noticesPerCode;
    }
  }
}
