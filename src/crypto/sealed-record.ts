import type { SealedRecord } from './protection.ts';

/** The same record with octets of its own, its unified header among them. */
export function withOwnOctets(record: SealedRecord): SealedRecord {
  const { start, end, headerStart } = record;
  const from = headerStart ?? start;
  const bytes = record.bytes.slice(from, end);
  return {
    type: record.type,
    version: record.version,
    bytes,
    start: start - from,
    end: end - from,
    ...(headerStart !== undefined && { headerStart: 0 }),
  };
}
