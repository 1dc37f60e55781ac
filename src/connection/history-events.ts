import {
  type AlertFact,
  ENCRYPTED_MESSAGE,
  type MessageFact,
  type MessageVisitor,
  type OddityFact,
  type Role,
  type StrayFact,
} from '../model/history.ts';
import type { Side } from '../model/stream.ts';
import { ENCRYPTED, EVENT } from './event-log.ts';
import type { FactsRecorder } from './facts-recorder.ts';

/** Hands on the messages of a connection one by one; `client` is the side of the client. */
export function visitMessages(
  { log, table }: FactsRecorder,
  row: number,
  client: Side,
  visitor: MessageVisitor,
): void {
  for (let at = table.firstEvent[row] as number; at !== 0; at = log.next(at)) {
    const what = log.what(at);
    if (what >>> 20 !== EVENT.message) continue;
    visitor.message(messageType(what), roleOf(what, client), log.packet(at));
  }
}

/** The same as a list, with what each message has besides. */
export function messagesOf(facts: FactsRecorder, row: number, client: Side): MessageFact[] {
  const messages: MessageFact[] = [];
  const { log } = facts;
  for (let e = firstOf(facts, row); e !== 0; e = log.next(e)) {
    const what = log.what(e);
    if (what >>> 20 !== EVENT.message) continue;
    messages.push({ type: messageType(what), ...commonOf(facts, e, client) });
  }
  return messages;
}

/** Alerts of a row, in the clear or not, in the order in which they came. */
export function alertsOf(facts: FactsRecorder, row: number, client: Side): AlertFact[] {
  const alerts: AlertFact[] = [];
  const { log } = facts;
  for (let e = firstOf(facts, row); e !== 0; e = log.next(e)) {
    const what = log.what(e);
    const kind = what >>> 20;
    if (kind !== EVENT.alert && kind !== EVENT.encryptedAlert) continue;
    const encrypted = kind === EVENT.encryptedAlert;
    // A level of 0 does not exist: nothing was opened.
    const isRead = !encrypted || (what & 0xff00) !== 0;
    const epoch = log.epoch(e);
    const isTls = epoch < 0;
    alerts.push({
      level: isRead ? (what & 0xffff) >>> 8 : undefined,
      description: isRead ? what & 0xff : undefined,
      encrypted,
      epoch: isTls ? 0 : epoch,
      sequence: isTls ? 0 : log.sequence(e),
      ...(isTls ? { recordsAfter: facts.recordsOf(row, (what >>> 16) & 1) - log.sequence(e) } : {}),
      ...commonOf(facts, e, client),
    });
  }
  return alerts;
}

/** What is odd on the wire of a row, without judgement. */
export function odditiesOf(facts: FactsRecorder, row: number, client: Side): OddityFact[] {
  const oddities: OddityFact[] = [];
  const { log } = facts;
  for (let e = firstOf(facts, row); e !== 0; e = log.next(e)) {
    const what = log.what(e);
    const octets = log.octets.get(e);
    const kind = oddityKind(what >>> 20, octets);
    if (kind === undefined) continue;
    oddities.push({
      kind,
      contentType: what & 0xffff,
      octets,
      ...(kind === 'session-id-not-echoed' ? { answers: log.epoch(e) } : {}),
      ...commonOf(facts, e, client),
    });
  }
  return oddities;
}

/** Protected records of a row that stand out without secrets. */
export function straysOf(facts: FactsRecorder, row: number, client: Side): StrayFact[] {
  const { log } = facts;
  if (log.strays.size === 0) return [];
  const strays: StrayFact[] = [];
  for (let e = firstOf(facts, row); e !== 0; e = log.next(e)) {
    const detail = log.strays.get(e);
    if (detail === undefined) continue;
    strays.push({
      ...detail,
      contentType: log.what(e) & 0xffff,
      epoch: log.epoch(e),
      sequence: log.sequence(e),
      ...commonOf(facts, e, client),
    });
  }
  return strays;
}

function firstOf({ table }: FactsRecorder, row: number): number {
  return table.firstEvent[row] as number;
}

function commonOf({ log }: FactsRecorder, e: number, client: Side) {
  return {
    from: roleOf(log.what(e), client),
    length: log.length(e),
    packet: log.packet(e),
    nanos: log.nanos(e),
  };
}

function roleOf(what: number, client: Side): Role {
  return ((what >>> 16) & 1) === client ? 'client' : 'server';
}

function messageType(what: number): number {
  const value = what & 0xffff;
  return value === ENCRYPTED ? ENCRYPTED_MESSAGE : value;
}

/** Undefined for events that are no oddities. */
function oddityKind(kind: number, octets: Uint8Array | undefined): OddityFact['kind'] | undefined {
  if (kind === EVENT.helloMidConnection) return 'client-hello-mid-connection';
  if (kind === EVENT.helloReflected) return 'hello-reflected';
  if (kind === EVENT.sessionIdNotEchoed) return 'session-id-not-echoed';
  if (kind === EVENT.impossibleLength) return 'impossible-length';
  if (kind !== EVENT.notARecord) return undefined;
  if (octets === undefined || octets.length < 4) return 'not-a-record';
  return octets.every((o) => (o >= 0x20 && o < 0x7f) || o === 0x0d || o === 0x0a || o === 0x09)
    ? 'plaintext-instead-of-record'
    : 'not-a-record';
}
