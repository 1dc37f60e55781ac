import type { BlindSpot, Confidence, Evidence } from '../../model/finding.ts';
import type { ConnectionHistory, RecordFact } from '../../model/history.ts';

const CONTENT_TYPES: Readonly<Record<number, string>> = {
  20: 'ChangeCipherSpec',
  21: 'Alert',
  22: 'Handshake',
  23: 'Application data',
  24: 'Heartbeat',
  25: 'Record with connection id',
  26: 'ACK',
};

const DTLS_HEADER = 13;

/**
 * A DTLS record in a few words, its length as on the wire: `Alert, epoch 1 seq 2, 39 octets`. Of DTLS 1.3 the number may be
 * encrypted.
 */
export function describeRecord(record: RecordFact): string {
  const type = CONTENT_TYPES[record.contentType] ?? `Record of type ${record.contentType}`;
  if (record.sequence < 0)
    return `Protected record, epoch ${record.epoch}, number encrypted, ${record.length} octets`;
  return `${type}, epoch ${record.epoch} seq ${record.sequence}, ${record.length + DTLS_HEADER} octets`;
}

/** A DTLS record as evidence. `more` says what makes it remarkable. */
export function recordEvidence(record: RecordFact, connection: number, more?: string): Evidence {
  const note = describeRecord(record);
  return {
    packet: record.packet,
    nanos: record.nanos,
    connection,
    from: record.from,
    note: more === undefined ? note : `${note}: ${more}`,
  };
}

const LEVELS: readonly Confidence[] = ['proven', 'likely', 'possible'];

/** The weaker of two. */
export function weaker(a: Confidence, b: Confidence): Confidence {
  return LEVELS.indexOf(a) > LEVELS.indexOf(b) ? a : b;
}

/** One level down for each blind spot of these connections that undermines the reasoning. */
export function weakenedBy(
  confidence: Confidence,
  relevant: readonly BlindSpot[],
  ...histories: readonly (ConnectionHistory | undefined)[]
): Confidence {
  let level = LEVELS.indexOf(confidence);
  for (const spot of relevant) {
    if (histories.some((history) => history?.blindSpots.includes(spot))) level++;
  }
  return LEVELS[level] ?? 'possible';
}

/**
 * Had the owner used the number of this record for other octets? Then it belongs to another association, whose handshake
 * the capture lacks.
 */
export const isNumberTaken = (
  { dtls }: ConnectionHistory,
  { packet, from, epoch, sequence }: RecordFact,
): boolean =>
  dtls?.anomalies.some(
    ({ kind, record }) =>
      kind === 'sequence-reuse' &&
      record.packet === packet &&
      record.from === from &&
      record.epoch === epoch &&
      record.sequence === sequence,
  ) === true;

/** How often, in words: `once`, `twice`, `3 times`. */
export function times(count: number): string {
  if (count === 1) return 'once';
  return count === 2 ? 'twice' : `${count} times`;
}

/**
 * Transmissions under numbers of their own: a repeat is a new record (RFC 6347 §4.2.2), a datagram that the path or
 * the capture doubled is not.
 */
export function ownTransmissions(sent: readonly RecordFact[]): readonly RecordFact[] {
  const known = new Set<number>();
  return sent.filter(({ sequence }) => !known.has(sequence) && known.add(sequence));
}
