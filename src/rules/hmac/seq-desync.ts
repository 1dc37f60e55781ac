import type { ConnectionHistory, StrayFact } from '../../model/history.ts';
import type { RuleMessage } from '../../model/rule.ts';
import { SECOND } from '../../model/time.ts';
import {
  defineConnectionRule,
  type FindingOf,
  NOT_APPLICABLE,
  notAssessable,
  PASS,
} from '../define-rule.ts';
import { lostOctets } from '../support/ending.ts';
import { type Failure, isSound, keyedFinding } from '../support/failed-record.ts';
import { refusalOf, refusalText } from '../support/refusal.ts';
import { consequence, isNear, strayWitness } from '../support/strays.ts';
import { witness } from '../support/witness.ts';

const MESSAGES = {
  doubled: {
    title: 'A record was sent twice on one connection',
    what: 'The {from} sent a record of {octets} octets in packet {earlier} and the same ciphertext once more, as a further record, in packet {packet}{refusal}.',
    causes: [
      'a write that was taken in part was repeated from its beginning',
      'two threads or processes sent the same buffer',
      'a proxy that keeps what it could not send yet sent it twice',
    ],
    remedies: [
      'look at how the sender goes on after a write that took less than it was given',
      'let one writer at a time have the socket',
    ],
    commands: ['tshark -r CAPTURE -Y "frame.number == {packet} || frame.number == {earlier}" -x'],
  },
  writers: {
    title: 'Explicit nonces were used twice: two writers appear to share one TLS state',
    what: 'The {from} counts its explicit nonces up, and comes to {got} a second time in packet {packet}, with other octets{refusal}.',
    causes: [
      'a process forked while the connection was open, and parent and child both write on it',
      'threads write on one connection without a lock',
      'the state was restored from a copy',
      'the record belongs to another connection whose nonces are sequence numbers too',
    ],
    remedies: [
      'open connections after the fork, or close them in the child without writing',
      'take the keys of this connection for used up: two records under one nonce give away what they contain',
    ],
    commands: ['tshark -r CAPTURE -Y "tcp.stream == {stream} && tls.record.content_type == 23" -x'],
  },
  ahead: {
    title: 'A sender counts more records than it sent',
    what: 'In packet {packet}, {record} ({octets} octets) authenticates as number {number}, where {expected} is due{reaction}; {negotiated}.',
    causes: [
      'the {from} counted records that never reached the wire: a write that failed and was encrypted once more, or one that went to another connection',
      'the {from} counts one record twice, or does not begin with 0',
    ],
    remedies: [
      'look for writes of the {from} that fail or are taken in part just before this record',
      'where it is the first record of every connection, correct the counter of the {from}: it begins with 0 after each change of keys',
    ],
    commands: ['tshark -r CAPTURE -o tls.keylog_file:KEYS -Y "frame.number == {packet}" -V'],
  },
  reused: {
    title: 'A sequence number was used twice: two writers appear to share one TLS state',
    what: 'In packet {packet}, {record} ({octets} octets) authenticates as number {number}, which an earlier record has, where {expected} is due{reaction}; {negotiated}.',
    causes: [
      'a process forked while the connection was open, and parent and child both write on it',
      'threads write on one connection without a lock',
      'the state was restored from a copy',
    ],
    remedies: [
      'open connections after the fork, or close them in the child without writing',
      'let one writer at a time have the connection',
      'take the keys of this connection for used up: two records under one number, and so under one nonce, give away what they contain',
    ],
    commands: ['tshark -r CAPTURE -o tls.keylog_file:KEYS -Y "tcp.stream == {stream}" -V'],
  },
  swapped: {
    title: 'Two records of a sender changed places',
    what: 'In packet {packet}, {record} ({octets} octets) authenticates as number {number}, where {expected} is due, and the record behind it as {expected}{reaction}; {negotiated}.',
    causes: [
      'threads of the {from} encrypt in one order and write in the other',
      'a buffer of the {from} is written before one that was filled earlier',
    ],
    remedies: ['hold one lock around encrypting and writing, or let one writer at a time do both'],
    commands: ['tshark -r CAPTURE -o tls.keylog_file:KEYS -Y "tcp.stream == {stream}" -V'],
  },
  restarted: {
    title: 'A sender began to count its records again, under the same keys',
    what: 'In packet {packet}, {record} ({octets} octets) authenticates as number {number}, where {expected} is due: the {from} began again without new keys{reaction}; {negotiated}.',
    causes: [
      'the state of the {from} was set back: initialised a second time, or copied from before its first record',
      'a process forked before anything had been sent, and both write',
    ],
    remedies: [
      'look at what the {from} does to the connection between this record and the one before',
      'take the keys of this connection for used up: two records under one number give away what they contain',
    ],
    commands: ['tshark -r CAPTURE -o tls.keylog_file:KEYS -Y "tcp.stream == {stream}" -V'],
  },
  skipped: {
    what: 'The {from} counts its explicit nonces up; {due} was due in packet {packet}, and {got} came{refusal}.',
    causes: [
      'records that were encrypted for this connection were never written to it, or were written to another one',
      'another process or thread encrypted with the same state',
    ],
    remedies: [
      'look for writes that fail and whose data is encrypted once more instead of being sent again',
      'look for records of {count} octets or so on the other connections of the {from}',
    ],
    commands: ['tshark -r CAPTURE -Y "tcp.stream == {stream} && tls.record.content_type == 23" -x'],
  },
} as const satisfies Readonly<Record<string, RuleMessage>>;

/** A write that is repeated is repeated within this. */
const AT_ONCE = SECOND / 5;

/** Which number a record has is not written in it: where the two sides count differently, nothing authenticates. */
export const seqDesync = defineConnectionRule({
  meta: {
    id: 'seq-desync',
    group: 'hmac',
    title: 'The two sides appear to count records differently',
    severity: 'error',
    sources: ['RFC 5246 §6.1', 'RFC 8446 §5.3', 'RFC 5288 §3'],
    reports:
      'One ciphertext that is sent twice in one direction, explicit nonces that are used twice, and ones that are left out where the receiver then ends the connection. With secrets, a record that authenticates under another number than the one that is due.',
    matters:
      'Every record is authenticated together with its number, which both sides count for themselves. A record that is sent twice, left out, or written by a second process with a copy of the state cannot be authenticated, and the receiver ends the connection with bad_record_mac.',
    decides:
      'The same ciphertext twice in one direction within 200 ms, where the receiver then ends the connection, is proven: TCP delivers each octet once. Explicit nonces (TLS 1.2 with AES-GCM or AES-CCM) show a second writer where they are counted up by one and one that was used comes again with other octets: likely where a second line of the same numbers runs beside or behind the first or where the line has a start of its own, and possible where sequence numbers serve as nonces, which other connections have in common. Numbers that are left out are possible at best, and only told where the receiver ended the connection over it. With secrets, the number that a record authenticates under is proven.',
    silent:
      'Where nonces are random or implicit, for alerts (some stacks write them by another way), and where octets are missing from the capture.',
    yieldsTo: ['record-decrypts-under-other-connection', 'tls-foreign-record-suspected'],
    messages: MESSAGES,
  },

  check(history) {
    const proven = keyedFinding(
      'seq-desync',
      history,
      kindOf,
      'authenticates under another number',
    );
    if (history.protocol !== 'TLS') return proven ?? NOT_APPLICABLE;
    const seen = doubled(history) ?? proven;
    if (seen !== undefined) return seen;
    // Behind a hole another handshake may have begun, and with it another line of nonces.
    const strange = writers(history) ?? skipped(history);
    if (strange === undefined) return PASS;
    return lostOctets(history) > 0 ? notAssessable('lost-bytes') : strange;
  },
});

type Found = FindingOf<typeof MESSAGES>;

/**
 * By how far the number is off, and whether the next makes up for it. Number 0 again is a state that was set back, any
 * other one a state that is shared.
 */
function kindOf(failure: Failure): 'ahead' | 'reused' | 'restarted' | 'swapped' {
  const { offset = 0, sequence = 0 } = failure.details;
  if (isSwapped(failure)) return 'swapped';
  if (Number(offset) > 0) return 'ahead';
  return sequence === 0 ? 'restarted' : 'reused';
}

/** The record has the number of the next one, and the next one that fails has its. */
function isSwapped({ record, details, facts }: Failure): boolean {
  const [, next] = facts.failures.filter(({ from }) => from === record.from);
  return details['offset'] === 1 && next?.explanation?.details['sequence'] === record.expected;
}

function doubled(history: ConnectionHistory): Found | undefined {
  const stray = history.strays.find(
    ({ kind, nanos, other }) =>
      kind === 'repetition' && other !== undefined && nanos - other.nanos <= AT_ONCE,
  );
  // No receiver can take the second: where it went on, the capture shows something else.
  if (stray === undefined || refusalOf(history, stray) === undefined) return undefined;
  return found(history, stray, { message: 'doubled', confidence: 'proven' });
}

function writers(history: ConnectionHistory): Found | undefined {
  const stray = history.strays.find(({ kind }) => kind === 'nonce-repeated');
  if (stray?.nonce === undefined) return undefined;
  const { after, nonce } = stray;
  const refusal = refusalOf(history, stray);
  // Sequence numbers as nonces are those of every connection; a start of its own is nobody else's.
  const isOwn = !nonce.got.startsWith('00000000');
  const isLine = after === 'moved' || after === 'both';
  return found(history, stray, {
    message: 'writers',
    confidence: isOwn || isLine ? 'likely' : 'possible',
    severity: refusal !== undefined && (isOwn || isLine) ? 'error' : 'warning',
  });
}

function skipped(history: ConnectionHistory): Found | undefined {
  const stray = history.strays.find(
    ({ kind, after, nonce }) =>
      kind === 'nonce-off-line' &&
      nonce !== undefined &&
      (after === 'moved' || (after === undefined && isNear(nonce))),
  );
  if (stray === undefined || refusalOf(history, stray) === undefined) return undefined;
  if (isSound(history, stray)) return undefined;
  return found(history, stray, { message: 'skipped', confidence: 'possible', severity: 'warning' });
}

function found(
  history: ConnectionHistory,
  stray: StrayFact,
  how: Pick<Found, 'message' | 'confidence' | 'severity'>,
): Found {
  const { id, stream } = history;
  const { from, length, packet, nonce, other } = stray;
  const refusal = refusalOf(history, stray);
  return {
    kind: 'finding',
    ...how,
    connections: [id],
    evidence: [
      strayWitness(stray, id),
      ...(nonce !== undefined || other === undefined
        ? []
        : [witness(other, id, from, 'this ciphertext for the first time')]),
      ...consequence(history, refusal),
    ],
    data: {
      from,
      octets: length,
      count: length,
      packet,
      stream,
      earlier: other?.packet ?? packet,
      got: nonce?.got ?? '',
      due: nonce?.due ?? '',
      refusal: refusalText(stray, refusal),
    },
  };
}
