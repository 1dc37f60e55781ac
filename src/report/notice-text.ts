import { type CaptureNotice, NOTICES } from '../model/notice.ts';

/** The sentence of a notice with its figures; not yet made printable. */
export function noticeText({ code, needed, available, detail }: CaptureNotice): string {
  const sentence = NOTICES[code]
    .replaceAll('{needed}', String(needed))
    .replaceAll('{available}', String(available));
  return detail === undefined || detail === '' ? sentence : `${sentence} (${detail})`;
}
