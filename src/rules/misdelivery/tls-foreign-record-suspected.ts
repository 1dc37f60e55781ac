import type { CaptureIndex } from '../../model/capture-index.ts';
import type { MisplacedRecord } from '../../model/decryption.ts';
import type { ConnectionHistory, StrayFact } from '../../model/history.ts';
import { peerOf } from '../../model/history.ts';
import type { FindingVerdict, RuleMessage } from '../../model/rule.ts';
import { formatDuration, MILLISECOND } from '../../model/time.ts';
import { defineConnectionRule, type FindingOf, NOT_APPLICABLE, PASS } from '../define-rule.ts';
import { mayBeOtherView } from '../support/copies.ts';
import { counted } from '../support/how-many.ts';
import { describeRecord, recordEvidence } from '../support/records.ts';
import { refusalOf, refusalText } from '../support/refusal.ts';
import { consequence, isNear, strayWitness } from '../support/strays.ts';
import { witness } from '../support/witness.ts';

/** More strays than this in one direction are its own way of counting. */
const FEW = 2;

/** A proxy passes a record on within this. */
const PASSED_ON = 5 * MILLISECOND;
const SEEN_BEFORE: ReadonlySet<StrayFact['kind']> = new Set(['copy', 'reflection', 'repetition']);

const CAUSES = [
  'a proxy, a load balancer or a connection pool wrote to the wrong socket: a descriptor that was closed and given out again, or a handler bound to a connection that is no longer there',
  'two threads share a buffer, so that the record of one connection went out on the other',
  'somebody injected the record, or played an old one back',
];
const REMEDIES = [
  'look at what writes for the {from} at that moment, and at who owned the socket or the port before',
  'set descriptors to nothing when they are closed, and give each connection its own buffers',
  'run again with a key log of both connections: a record that opens under the other’s keys names the write that went astray',
];

const MESSAGES = {
  copied: {
    title: 'The same ciphertext was sent in two connections',
    what: 'A record of {octets} octets of the {from} (packet {packet}) has the same ciphertext as one of connection {other} (packet {earlier}, {delay}){refusal}.',
    causes: CAUSES,
    remedies: REMEDIES,
    commands: ['tshark -r CAPTURE -Y "frame.number == {packet} || frame.number == {earlier}" -x'],
  },
  nonce: {
    what: 'The {from} counts its explicit nonces up; {due} was due and a record of {octets} octets (packet {packet}) has {got}{line}{refusal}.',
    causes: CAUSES,
    remedies: REMEDIES,
    commands: ['tshark -r CAPTURE -Y "tcp.stream == {stream} && tls.record.content_type == 23" -x'],
  },
  number: {
    what: '{record} of the {from} (packet {packet}) is {ahead} numbers ahead of the record before it{line}{refusal}.',
    causes: CAUSES,
    remedies: REMEDIES,
    commands: [
      'tshark -r CAPTURE -Y "udp.stream == {stream} && dtls.record.epoch > 0" -T fields -e frame.number -e udp.srcport -e dtls.record.sequence_number',
    ],
  },
} as const satisfies Readonly<Record<string, RuleMessage>>;

type Found = FindingOf<typeof MESSAGES>;

/**
 * Secrets decide whose a record is. Without them it gives itself away where it repeats ciphertext that was sent
 * elsewhere, or where its number is none that its direction could have come to.
 */
export const tlsForeignRecordSuspected = defineConnectionRule({
  meta: {
    id: 'tls-foreign-record-suspected',
    group: 'misdelivery',
    title: 'A record appears to belong to another connection',
    severity: 'error',
    sources: [
      'RFC 5246 §6.2.3.3',
      'RFC 5288 §3',
      'RFC 8446 §5.3',
      'RFC 6347 §4.1.2.6',
      'RFC 6347 §4.1.2.7',
    ],
    reports:
      'A protected record whose ciphertext was on the wire in another connection, or whose explicit nonce or DTLS sequence number is none that its direction could have come to.',
    matters:
      'The receiver cannot authenticate it and ends the connection with bad_record_mac, or drops it (DTLS). And it is missing where it belongs. Whatever writes to the wrong connection may do so above TLS as well, where nothing stops it.',
    decides:
      'The same ciphertext in two connections with different handshakes is proven: keys differ, so nobody encrypted it twice. Where a sender counts its explicit nonces up one by one (TLS 1.2 with AES-GCM or AES-CCM), one record off that line, with the line going on behind it or the receiver ending the connection over it, is likely foreign; if another connection’s line comes to just that nonce, that connection is named. In DTLS the same holds for a sequence number far ahead of all others that no later record confirms.',
    silent:
      'Where nonces are random, where the receiver went on as if nothing had happened, for alerts (some stacks write them by another way), where octets missing from the capture may explain a jump, where one handshake was captured twice, on both sides of a proxy or translator, where holes in such a capture may have made one connection of several, and where two connections with the same ciphertext have no host in common that could have written to both, unless the record was passed on within milliseconds, the receiver sent nothing but an alert from then on, and both ClientHellos are in the capture.',
    restsOnOrder: ['copied'],
    yieldsTo: ['record-decrypts-under-other-connection', 'tcp-old-segment-in-new-incarnation'],
    messages: MESSAGES,
  },

  check(history) {
    const { count: fromClient } = history.protectedRecords.client;
    if (fromClient + history.protectedRecords.server.count === 0) return NOT_APPLICABLE;
    const found = [...copies(history), ...nonces(history), ...numbers(history)];
    return found.length === 0 ? PASS : found;
  },

  complete(verdict, index) {
    // With secrets the owner is known; which of its captured sides had the record does not matter then.
    if (index.misplaced.some((one) => isRecordOf(one, verdict))) return undefined;
    const [one, other] = verdict.connections.map((id) => index.summary(id));
    if (one !== undefined && other !== undefined && mayBeOtherView(one, other, index))
      return undefined;
    if (verdict.message !== 'copied') return verdict;
    const { isAtOnce, isRefused } = verdict.data;
    // Two views of one connection, on both sides of an address translator, are the same but for the addresses.
    if (isAtOnce === 1 && !haveBothHellos(verdict, index)) return undefined;
    if (haveHostInCommon(verdict, index)) return verdict;
    // Across a proxy no host is in both: then it was passed on at once, and the receiver did not take it.
    return isAtOnce === 1 && isRefused === 1 ? verdict : undefined;
  },
});

/** Ciphertext of another connection: the first such record for each of them. */
function copies(history: ConnectionHistory): Found[] {
  const known = new Set<number>();
  const found: Found[] = [];
  for (const stray of history.strays) {
    const { kind, other } = stray;
    if (kind !== 'copy' || other === undefined || known.has(other.connection)) continue;
    known.add(other.connection);
    const refusal = refusalOf(history, stray);
    found.push({
      kind: 'finding',
      message: 'copied',
      confidence: 'proven',
      connections: [history.id, other.connection],
      evidence: [
        strayWitness(stray, history.id),
        witness(other, other.connection, undefined, 'this ciphertext for the first time'),
        ...consequence(history, refusal),
      ],
      data: {
        octets: stray.length,
        from: stray.from,
        packet: stray.packet,
        other: other.connection,
        earlier: other.packet,
        delay: distance(other.nanos - stray.nanos),
        refusal: refusalText(stray, refusal),
        isAtOnce: stray.nanos - other.nanos <= PASSED_ON ? 1 : 0,
        isRefused: refusal === undefined || wentOn(history, stray) ? 0 : 1,
      },
    });
  }
  return found;
}

/** Whoever refuses a record sends an alert at most, and neither its Finished nor data. */
function wentOn(
  { protectedRecords }: ConnectionHistory,
  { from, peerRecords }: StrayFact,
): boolean {
  return protectedRecords[peerOf(from)].count > peerRecords + 1;
}

/** Packets of several taps need not come in the order of their times. */
function distance(nanos: number): string {
  return `${formatDuration(Math.abs(nanos))} ${nanos > 0 ? 'after' : 'before'}`;
}

/** Whoever writes to the wrong connection has both: it is an end of each. */
function haveHostInCommon({ connections }: FindingVerdict, index: CaptureIndex): boolean {
  const [one, other] = connections.map((id) => index.summary(id));
  if (one === undefined || other === undefined) return false;
  const hosts = [other.client.address, other.server.address];
  return hosts.includes(one.client.address) || hosts.includes(one.server.address);
}

const isRecordOf = ({ connection, record }: MisplacedRecord, verdict: FindingVerdict): boolean =>
  connection === verdict.connections[0] &&
  verdict.evidence.some(({ packet }) => packet === record.packet);

/** Connections whose ClientHellos the capture has are told apart by them: what both carry is not one captured twice. */
function haveBothHellos({ connections }: FindingVerdict, index: CaptureIndex): boolean {
  return connections.every((id) => index.summary(id)?.hello !== undefined);
}

/** Explicit nonces off the line, one or two of them, that the receiver did not take. */
function nonces(history: ConnectionHistory): Found[] {
  // Among what is not listed may be that its octets were seen before.
  if (history.blindSpots.includes('too-many-messages')) return [];
  const offLine = history.strays.filter(({ kind }) => kind === 'nonce-off-line');
  for (const stray of offLine) {
    const { after, nonce, other, from } = stray;
    const inDirection = offLine.filter((one) => one.from === from).length;
    if (nonce === undefined || inDirection > FEW || after === 'moved' || after === 'both') continue;
    // Where its octets were seen before, that says more: `copies`, record-wrong-direction and seq-desync tell of it.
    // A reflection that was captured late is the other of the two.
    const isSeenBefore = history.strays.some(
      ({ kind, packet, length, other: earlier }) =>
        SEEN_BEFORE.has(kind) &&
        length === stray.length &&
        (packet === stray.packet || (kind === 'reflection' && earlier?.packet === stray.packet)),
    );
    if (isSeenBefore || (after === undefined && isNear(nonce))) continue;
    const refusal = refusalOf(history, stray);
    if (refusal === undefined) continue;
    // It may be a reflection of what is missing of the other side.
    if (other === undefined && (history.tcp?.lostOctets[peerOf(from)] ?? 0) > 0) continue;
    return [
      {
        kind: 'finding',
        message: 'nonce',
        confidence: 'likely',
        connections: other === undefined ? [history.id] : [history.id, other.connection],
        evidence: [
          strayWitness(stray, history.id),
          ...(other === undefined
            ? []
            : [witness(other, other.connection, undefined, 'the record on whose line it is')]),
          ...consequence(history, refusal),
        ],
        data: {
          from,
          ...nonce,
          stream: history.stream,
          octets: stray.length,
          packet: stray.packet,
          line: `${after === 'line' ? ', and the ones behind it go on from before it' : ''}${
            other === undefined ? '' : `; connection ${other.connection} had come to it`
          }`,
          refusal: refusalText(stray, refusal),
        },
      },
    ];
  }
  return [];
}

/** DTLS: a number that nothing confirms. */
function numbers(history: ConnectionHistory): Found[] {
  const far = history.dtls?.anomalies.filter(({ kind }) => kind === 'far-number') ?? [];
  for (const { record, ahead = 0, lineGoesOn, earlier } of far) {
    const refusal = refusalOf(history, record);
    if (lineGoesOn !== true && refusal === undefined) continue;
    return [
      {
        kind: 'finding',
        message: 'number',
        confidence: 'likely',
        severity: refusal === undefined ? 'warning' : 'error',
        connections: [history.id],
        evidence: [
          recordEvidence(record, history.id, `${counted(ahead, 'number')} ahead`),
          ...(earlier === undefined
            ? []
            : [witness(earlier, history.id, record.from, 'the record before it')]),
          ...consequence(history, refusal),
        ],
        data: {
          record: describeRecord(record),
          from: record.from,
          packet: record.packet,
          stream: history.stream,
          ahead,
          line: lineGoesOn === true ? ', and the ones behind it go on from before it' : '',
          refusal: refusalText(record, refusal),
        },
      },
    ];
  }
  return [];
}
