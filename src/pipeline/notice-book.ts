import { LIMITS } from '../model/limits.ts';
import type { CaptureNotice, NoticeSink } from '../model/notice.ts';

/** Keeps the first notices of each code and capture, and counts the others. */
export class NoticeBook implements NoticeSink {
  readonly notices: CaptureNotice[][] = [];
  readonly omitted: Record<string, number>[] = [];
  private counts = new Map<string, number>();

  beginCapture(): void {
    this.notices.push([]);
    this.omitted.push({});
    this.counts = new Map();
  }

  notice(notice: CaptureNotice): void {
    const count = (this.counts.get(notice.code) ?? 0) + 1;
    this.counts.set(notice.code, count);
    if (count <= LIMITS.noticesPerCode) this.notices.at(-1)?.push(notice);
    else {
      const omitted = this.omitted.at(-1);
      if (omitted !== undefined) omitted[notice.code] = count - LIMITS.noticesPerCode;
    }
  }
}
