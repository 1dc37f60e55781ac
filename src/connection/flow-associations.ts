import { grown } from '../bytes/columns.ts';
import { LIMITS } from '../model/limits.ts';
import type { NoticeSink } from '../model/notice.ts';
import type { AssociationPaths } from './association-paths.ts';
import { SEEN } from './connection-table.ts';
import { type Association, AssociationPool } from './dtls-association.ts';
import type { DtlsHalves } from './dtls-halves.ts';
import type { DtlsRecord } from './dtls-record.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import { OpenFlows } from './open-flows.ts';
import { RowBlocks } from './row-blocks.ts';

/** Octets that the numbers of both directions take on a tape at most. */
const HALVES_OCTETS = 2048;

const TOO_MANY = {
  code: 'limit-reached',
  offset: -1,
  needed: 0,
  available: 0,
  detail: `more than ${LIMITS.openDtlsFlows} DTLS flows are open; of some, those silent longest were taken for over`,
} as const;

/**
 * The associations whose handshake was on each flow, from the first record to the last: the newest one leads to those
 * before.
 */
export class FlowAssociations {
  private readonly facts: FactsRecorder;
  private readonly paths: AssociationPaths;
  private readonly notices: NoticeSink;
  private readonly pool = new AssociationPool();
  /** What is kept of the directions of all associations. */
  readonly halves: DtlsHalves = this.pool.halves;
  private readonly newest: (Association | undefined)[] = [];
  /** Slot plus 1 of the association of flows that never had another. */
  private alone = new Int32Array(512);
  /** Flows whose only association has no secret. */
  private unopened = new Uint8Array(512);
  /** Flows whose associations were reported and forgotten, and may have gone on. */
  private reported = new Uint8Array(512);
  /** Flows were forgotten, and what was reported of them. */
  private forgets = false;
  /** Flows of which some record came again, after others. */
  private readonly repeated = new Set<number>();
  readonly openFlows = new OpenFlows();
  /** Associations beside the first of each flow. */
  private further = 0;
  private blocks: RowBlocks | undefined;
  /** Called when there are too many flows and one has to be released. */
  onCrowded: () => void = () => undefined;

  constructor(facts: FactsRecorder, paths: AssociationPaths, notices: NoticeSink) {
    this.facts = facts;
    this.paths = paths;
    this.notices = notices;
    this.pool.onUnpack = (a, handle, slot) => this.unpack(a, handle, slot);
  }

  newestOf(flow: number): Association | undefined {
    return this.newest[flow];
  }

  /** Newest associations of all flows that have any. */
  *open(): Iterable<Association> {
    for (let n = 0; n < this.openFlows.size; n++)
      yield this.newest[this.openFlows.at(n)] as Association;
  }

  /** Makes room for a flow: before any other question about it. */
  reach(flow: number): void {
    if (flow >= this.newest.length) this.add(flow);
  }

  private add(flow: number): void {
    while (flow >= this.newest.length) this.newest.push(undefined);
    if (flow < this.alone.length) return;
    this.alone = grown(this.alone, Math.ceil(flow * 1.5) + 1);
    this.unopened = grown(this.unopened, this.alone.length);
  }

  /** May no other association begin behind this one? */
  isFull({ ordinal }: Association): boolean {
    return ordinal >= LIMITS.associationsPerFlow - 1 || this.further >= LIMITS.furtherAssociations;
  }

  /** A new association on the 5-tuple of the record, which is its first. */
  begin(r: DtlsRecord, flags: number): Association {
    const older = this.newest[r.flow];
    if (older === undefined) {
      if (this.openFlows.size >= LIMITS.openDtlsFlows) {
        this.notices.notice({ ...TOO_MANY, packetNumber: r.packet });
        this.onCrowded();
      }
      this.openFlows.add(r.flow);
    }
    const a = this.pool.take();
    a.row = this.facts.begin();
    a.id = this.facts.table.id[a.row] as number;
    a.flow = r.flow;
    a.firstPacket = r.packet;
    a.firstNanos = r.nanos;
    a.previous = older;
    if (older !== undefined) {
      this.further++;
      a.ordinal = older.ordinal + 1;
      a.replacesOpen = isOpen(older) ? older.id : 0;
    }
    // What came before on this 5-tuple was reported and forgotten: nothing may be concluded from its absence.
    const forgotten = older === undefined && this.hasReported(r.flow);
    this.facts.table.set(a.row, flags | (forgotten ? SEEN.startMissing : 0));
    this.newest[r.flow] = a;
    const isAlone = older === undefined && this.paths.at(r.flow).length === 0;
    this.alone[r.flow] = isAlone ? a.slot + 1 : 0;
    this.unopened[r.flow] = 0;
    return a;
  }

  /** Forgets all associations of a flow. @param isOver nothing more of them will come */
  release(flow: number, isOver: boolean): void {
    let a = this.newest[flow];
    if (a !== undefined) this.openFlows.remove(flow);
    while (a !== undefined) {
      const { previous } = a;
      if (previous !== undefined) this.further--;
      this.pool.release(a);
      a = previous;
    }
    this.newest[flow] = undefined;
    this.repeated.delete(flow);
    this.alone[flow] = 0;
    if (flow >= this.reported.length)
      this.reported = grown(this.reported, Math.ceil(flow * 1.5) + 1);
    this.reported[flow] = isOver ? 0 : 1;
  }

  /** The number is that of another flow from now on; no association is left on it. */
  forget(flow: number): void {
    this.forgets = true;
    if (flow < this.reported.length) this.reported[flow] = 0;
  }

  /** A record of this flow was seen before, and others of the flow since. */
  cameAgain(flow: number): void {
    this.repeated.add(flow);
  }

  /**
   * Is it unknown in which order the records of its associations came? Some came again after others, as where captures of
   * two points whose clocks differ are in one: of a record that only one of them has, nobody knows when it came.
   */
  isOrderUnknown(flow: number): boolean {
    return this.repeated.has(flow) && this.newest[flow]?.previous !== undefined;
  }

  /** Slot plus 1 of the only association that any record of this flow can be of; 0 where each has to be looked at. */
  aloneOn(flow: number): number {
    return this.alone[flow] as number;
  }

  /** From now on each record of the flow has to be looked at. */
  lookAtEach(flow: number): void {
    // One that is packed would be alone again when it comes back.
    this.newest[flow]?.wake();
    this.alone[flow] = 0;
  }

  /**
   * Packs an association that was silent for long, where there are many. Only one that is alone on its 5-tuple, of which
   * everything is among what is packed, and that no secret may open; none of its messages may be incomplete.
   */
  pack(a: Association): void {
    if (this.pool.inUse <= LIMITS.unpackedAssociations || this.facts.owners !== undefined) return;
    if (this.alone[a.flow] !== a.slot + 1) return;
    this.blocks ??= new RowBlocks(this.facts, 0, HALVES_OCTETS);
    const { blocks } = this;
    if (!blocks.mayPack(a.row)) return;
    a.pack((row, slot) => {
      blocks.begin(a.firstPacket);
      this.halves.write(2 * slot, blocks.tape);
      this.halves.write(2 * slot + 1, blocks.tape);
      return blocks.pack(row, 0);
    });
    // Its next record goes the long way, which brings it back.
    this.alone[a.flow] = 0;
  }

  private unpack(a: Association, handle: number, slot: number): number {
    const row = this.facts.table.take();
    const { blocks } = this;
    if (blocks === undefined) return row;
    blocks.open(handle, 0);
    this.halves.read(2 * slot, blocks.tape);
    this.halves.read(2 * slot + 1, blocks.tape);
    blocks.unpack(handle, 0, row);
    this.alone[a.flow] = slot + 1;
    return row;
  }

  /** All that is left becomes final: of what was packed room is given up as it comes back. */
  end(): void {
    this.blocks?.drain();
  }

  /** Will no secret open what the only association of the flow sends? */
  staysSealed(flow: number): boolean {
    return this.unopened[flow] === 1;
  }

  noSecretOn(flow: number): void {
    this.unopened[flow] = 1;
  }

  /** Were associations of this flow reported and forgotten, although they may have gone on? */
  hasReported(flow: number): boolean {
    return this.forgets || this.reported[flow] === 1;
  }

  /** May records on the flow of this association be of one that was reported and forgotten? */
  hasForgotten(a: Association): boolean {
    return a.previous === undefined && this.hasReported(a.flow);
  }

  /** Is the association still followed? */
  holds(one: Association): boolean {
    for (const a of newestFew(this.newest[one.flow])) if (a === one) return true;
    return false;
  }
}

/** An association and those before it on the same 5-tuple, the newest first, as far as they are compared. */
export function* newestFew(newest: Association | undefined): Iterable<Association> {
  let a = newest;
  for (let n = 0; a !== undefined && n < LIMITS.associationsCompared; n++) {
    yield a;
    a = a.previous;
  }
}

/** Protected records flowed, and not both sides have closed. */
function isOpen({ sides: [a, b] }: Association): boolean {
  return (a.epoch > 0 || b.epoch > 0) && (a.closePacket === 0 || b.closePacket === 0);
}
