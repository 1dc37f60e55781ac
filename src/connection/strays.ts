import type { StrayFact } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import { CONTENT_TYPE } from '../model/record.ts';
import { otherSide, type Side } from '../model/stream.ts';
import { WATCH } from './connection-table.ts';
import { EVENT, type StrayDetail } from './event-log.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import { NONCE, NONCE_OCTETS, NonceLines } from './nonce-lines.ts';
import { PRINT_OCTETS, PRINTED_LENGTH, RecordPrints } from './record-prints.ts';

/** Finds protected records that stand out of their direction: ciphertext seen before, explicit nonces off the line. */
export class Strays {
  readonly nonces = new NonceLines();
  private readonly prints = new RecordPrints();
  private readonly facts: FactsRecorder;

  constructor(facts: FactsRecorder) {
    this.facts = facts;
  }

  /**
   * `[start, end)` are the first octets of the fragment and, behind them, its last ones; called for every protected
   * record, so it has to be quick.
   */
  record(
    row: number,
    side: Side,
    contentType: number,
    length: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
  ): void {
    const { table } = this.facts;
    if (((table.watch[row] as number) & WATCH.nonces) !== 0 && end - start >= NONCE_OCTETS) {
      const found = this.nonces.take(row * 2 + side, bytes, start);
      if (found !== NONCE.ordinary)
        this.offLine(found, row, side, contentType, length, bytes, start, packet, nanos);
    }
    if (length < PRINTED_LENGTH || end - start < PRINT_OCTETS) return;
    const sender = (table.id[row] as number) * 2 + side;
    const identity = table.identity[row] as number;
    if (this.prints.take(bytes, start, end, length, sender, identity, packet, nanos))
      this.again(row, side, contentType, length, packet, nanos);
  }

  /** A row is given back. */
  forget(row: number): void {
    this.nonces.forget(row * 2);
    this.nonces.forget(row * 2 + 1);
  }

  private offLine(
    found: number,
    row: number,
    side: Side,
    contentType: number,
    length: number,
    bytes: Uint8Array,
    start: number,
    packet: number,
    nanos: number,
  ): void {
    const half = row * 2 + side;
    const { nonces } = this;
    const { strays } = this.facts.log;
    const after = AFTER[found];
    if (after !== undefined) {
      const detail = strays.get(nonces.entry(half));
      if (detail !== undefined) detail.after = after;
      if (found === NONCE.moves) nonces.told(half, 0);
      return;
    }
    // Some stacks write alerts by another way, with nonces of their own.
    if (contentType !== CONTENT_TYPE.applicationData) return;
    const owner = nonces.ownerOf(bytes, start, row);
    const entry = this.add(row, side, contentType, length, packet, nanos, {
      kind: found === NONCE.repeated ? 'nonce-repeated' : 'nonce-off-line',
      nonce: { got: nonces.got(half), due: nonces.due(half) },
      after: undefined,
      other: owner < 0 ? undefined : this.lastOf(owner),
    });
    nonces.told(half, entry);
  }

  /** The record is the same as one before. */
  private again(
    row: number,
    side: Side,
    contentType: number,
    length: number,
    packet: number,
    nanos: number,
  ): void {
    const { prints } = this;
    const { table } = this.facts;
    const connection = prints.sender >> 1;
    const own = connection === table.id[row];
    // One handshake that is captured twice, in front of and behind an address translator or a proxy.
    if (!own && this.mayBeSame(prints.identity, table.identity[row] as number, nanos)) return;
    const kind = own ? ((prints.sender & 1) === side ? 'repetition' : 'reflection') : 'copy';
    this.add(row, side, contentType, length, packet, nanos, {
      kind,
      nonce: undefined,
      after: undefined,
      other: { connection, packet: prints.packet, nanos: prints.nanos },
    });
  }

  /** Where the ServerHello of one is not in the capture, only time tells. */
  private mayBeSame(one: number, other: number, nanos: number): boolean {
    if (one !== 0 && other !== 0) return one === other;
    return nanos - this.prints.nanos < LIMITS.duplicateCaptureNanos;
  }

  private add(
    row: number,
    side: Side,
    contentType: number,
    length: number,
    packet: number,
    nanos: number,
    detail: Omit<StrayDetail, 'peerRecords'>,
  ): number {
    const { facts } = this;
    const entry = facts.event(row, EVENT.stray, side, contentType, length, packet, nanos);
    const peerRecords = facts.table.protectedCount[row * 2 + otherSide(side)] as number;
    if (entry !== 0) facts.log.strays.set(entry, { ...detail, peerRecords });
    return entry;
  }

  private lastOf(half: number): StrayFact['other'] {
    const { table } = this.facts;
    return {
      connection: table.id[half >> 1] as number,
      packet: table.lastPacket[half] as number,
      nanos: table.lastNanos[half] as number,
    };
  }
}

/** How a stray's detail says what followed; nothing for what is a stray itself. */
const AFTER: Readonly<Record<number, StrayFact['after']>> = {
  [NONCE.returns]: 'line',
  [NONCE.moves]: 'moved',
  [NONCE.second]: 'both',
};
