import type { AckFact, DtlsAnomaly, EpochFact, IdMisfitFact } from '../model/dtls-facts.ts';
import type { At, Stage } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import type { Side } from '../model/stream.ts';
import { SEEN } from './connection-table.ts';
import type { Association } from './dtls-association.ts';
import type { DtlsHalf } from './dtls-halves.ts';
import { repeatOf, WINDOW } from './dtls-numbers.ts';
import type { DtlsRecord } from './dtls-record.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import { stageOf } from './outcome.ts';
import { shapeOf } from './protected-shape.ts';
import { copyOf, UNREAD_SEQUENCE } from './record-copies.ts';

/** A record with its side, before roles are settled. */
export interface RawRecord extends At {
  readonly side: Side;
  readonly contentType: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly length: number;
}

/** An anomaly before roles are settled. */
export interface RawAnomaly extends Omit<DtlsAnomaly, 'record'> {
  readonly record: RawRecord;
}

/** An ACK before roles are settled. */
export interface RawAck extends Omit<AckFact, 'from'> {
  readonly side: Side;
}

/** What only some associations have. */
export interface DtlsExtras {
  readonly anomalies: RawAnomaly[];
  omitted: number;
  /** Repeated Finished records. */
  readonly finished: RawRecord[];
  readonly unreachable: RawUnreachable[];
  readonly olderEpochs: (EpochFact & { readonly side: Side })[];
  readonly acks: RawAck[];
  readonly misfits: RawMisfit[];
}

/** Where nobody listens, before roles are settled. */
export interface RawUnreachable extends At {
  readonly side: Side;
}

/** A record with another connection id than its receiver wants, before roles are settled. */
export interface RawMisfit extends Omit<IdMisfitFact, 'from'> {
  readonly side: Side;
}

/** Keeps what is out of the ordinary about associations, as objects: most have nothing here. */
export class AnomalyBook {
  private readonly extras = new Map<Association, DtlsExtras>();
  private readonly facts: FactsRecorder;
  /** Items of all lists that may have many. */
  private size = 0;

  constructor(facts: FactsRecorder) {
    this.facts = facts;
  }

  of(a: Association): DtlsExtras {
    let extras = this.extras.get(a);
    if (extras === undefined) {
      extras = {
        anomalies: [],
        omitted: 0,
        finished: [],
        unreachable: [],
        olderEpochs: [],
        acks: [],
        misfits: [],
      };
      this.extras.set(a, extras);
    }
    return extras;
  }

  /** Undefined for most. */
  find(a: Association): DtlsExtras | undefined {
    return this.extras.size === 0 ? undefined : this.extras.get(a);
  }

  forget(a: Association): void {
    const extras = this.find(a);
    if (extras === undefined) return;
    this.size -= sizeOf(extras);
    this.extras.delete(a);
  }

  /** `owner` is the association that the record belongs to, and on whose list it stands; `newest` the youngest here. */
  add(
    owner: Association,
    newest: Association | undefined,
    r: DtlsRecord,
    kind: DtlsAnomaly['kind'],
    reason: string,
    confidence: DtlsAnomaly['confidence'],
    more: { alert?: DtlsAnomaly['alert']; earlier?: At; ahead?: number } = {},
  ): void {
    if (kind === 'late' && isDoubled(owner.sides[r.side], r)) return;
    const extras = this.of(owner);
    if (!this.hasRoom(extras.anomalies)) {
      extras.omitted++;
      return;
    }
    this.size++;
    const { table } = this.facts;
    const { row } = owner;
    const half = owner.sides[r.side];
    const peer = owner.sides[r.side === 0 ? 1 : 0];
    const nobody = kind === 'no-association';
    const previous =
      half.epoch > 0 ? half.lastNanos : half.clearCount > 0 ? half.clearLastNanos : undefined;
    const other = newest !== undefined && (newest !== owner || nobody) ? newest : undefined;
    const during: Stage | undefined = other && stageOf(table, other.row);
    extras.anomalies.push({
      kind,
      record: rawRecord(r),
      owner: nobody ? 0 : (table.id[row] as number),
      reason,
      confidence,
      shape: shapeOf(
        r.contentType,
        r.length,
        nobody ? -1 : (table.suite[row] as number) - 1,
        table.version[row] as number,
        table.has(row, SEEN.encryptThenMac),
      ),
      sincePeerClose: !nobody && peer.closePacket !== 0 ? r.nanos - peer.closeNanos : undefined,
      sinceOwnPrevious: !nobody && previous !== undefined ? r.nanos - previous : undefined,
      during: other === undefined ? 0 : (table.id[other.row] as number),
      duringStage: during,
      earlier: more.earlier,
      alert: more.alert,
      ...(more.ahead === undefined ? {} : { ahead: more.ahead }),
    });
  }

  /** Is it told already that a record like this one came under a number that was used? Then it is that one again. */
  hasReuse(a: Association, { side, epoch, sequence, contentType, length }: DtlsRecord): boolean {
    return (
      this.find(a)?.anomalies.some(
        ({ kind, record }) =>
          kind === 'sequence-reuse' &&
          record.side === side &&
          record.epoch === epoch &&
          record.sequence === sequence &&
          record.contentType === contentType &&
          record.length === length,
      ) === true
    );
  }

  /** Takes back a record far ahead behind which this one comes next. @returns whether there is one */
  confirmJump(a: Association, r: DtlsRecord): boolean {
    const list = this.find(a)?.anomalies;
    const at = list?.findIndex(({ kind, record }) => {
      const step = r.sequence - record.sequence;
      return (
        kind === 'far-number' &&
        record.side === r.side &&
        record.epoch === r.epoch &&
        step > 0 &&
        step <= WINDOW
      );
    });
    if (list === undefined || at === undefined || at < 0) return false;
    list.splice(at, 1);
    this.size--;
    return true;
  }

  misfit(a: Association, misfit: RawMisfit): void {
    const { misfits } = this.of(a);
    this.push(misfits, misfit);
  }

  finishedAgain(a: Association, r: DtlsRecord): void {
    const { finished } = this.of(a);
    this.push(finished, rawRecord(r));
  }

  ack(a: Association, ack: RawAck): void {
    const { acks } = this.of(a);
    this.push(acks, ack, LIMITS.acksPerConnection);
  }

  unreachable(a: Association, unreachable: RawUnreachable): void {
    this.push(this.of(a).unreachable, unreachable);
  }

  private push<Item>(list: Item[], item: Item, most?: number): void {
    if (!this.hasRoom(list, most)) return;
    this.size++;
    list.push(item);
  }

  /** Is there room for one more, in its list and over all? */
  private hasRoom({ length }: readonly unknown[], most: number = LIMITS.anomaliesPerConnection) {
    return length < most && this.size < LIMITS.anomalies;
  }

  /** The present epoch of a direction gives way to the next. */
  archiveEpoch(a: Association, side: Side, half: DtlsHalf): void {
    const { olderEpochs } = this.of(a);
    if (olderEpochs.length >= 2 * LIMITS.epochsPerHalf) olderEpochs.shift();
    olderEpochs.push({ side, ...presentEpoch(half) });
  }
}

const sizeOf = ({ anomalies, finished, unreachable, acks, misfits }: DtlsExtras): number =>
  anomalies.length + finished.length + unreachable.length + acks.length + misfits.length;

/** The numbers of the epoch that a direction is in. */
export function presentEpoch(half: DtlsHalf): EpochFact {
  return {
    epoch: half.epoch,
    firstSequence: half.first,
    highestSequence: half.highest,
    count: half.count,
    first: { packet: half.firstPacket, nanos: half.firstNanos },
    last: { packet: half.lastPacket, nanos: half.lastNanos },
  };
}

/** When and where a record came, in an object of its own. */
export function sameRecord(r: DtlsRecord): At {
  return { packet: r.packet, nanos: r.nanos };
}

function rawRecord({
  side,
  contentType,
  epoch,
  sequence,
  length,
  packet,
  nanos,
}: DtlsRecord): RawRecord {
  return { side, contentType, epoch, sequence, length, packet, nanos };
}

/** The same datagram captured twice, of which the first was in time. A record that is sent again has another number. */
function isDoubled(half: DtlsHalf, r: DtlsRecord): boolean {
  const isJustBefore = (packet: number, nanos: number): boolean =>
    packet !== r.packet && r.nanos - nanos < LIMITS.duplicateCaptureNanos;
  if (r.epoch === 0)
    return (
      half.clearCount > 0 &&
      r.sequence <= half.clearHighest &&
      isJustBefore(half.clearLastPacket, half.clearLastNanos)
    );
  const at = r.sequence === UNREAD_SEQUENCE ? copyOf(half, r) : repeatOf(half, r);
  return at >= 0 && isJustBefore(half.recentPacket(at), half.recentNanos(at));
}
