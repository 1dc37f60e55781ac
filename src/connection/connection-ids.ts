/**
 * Connection ids (RFC 9146, RFC 9147 §9): which association a record belongs to that carries one.
 *
 * Each side names the id that it wants to receive, so an id says something only together with who receives it: two servers
 * may give out the same one. Ids are therefore kept by receiver and octets, and asked for in this order:
 *
 *     1. the associations with a handshake on the record's 5-tuple, and those that came to it before
 *     2. the one association whose id this is at the receiver's address and port: the sender has moved
 *     3. the one association of the capture whose id this is, at another receiver: it has moved, or the record went astray
 *
 * Ids that several associations have at one receiver name nobody, unless the sequence numbers of one alone fit.
 */
import { LIMITS } from '../model/limits.ts';
import { type FlowDirectory, otherSide, type Side } from '../model/stream.ts';
import { AssociationPaths } from './association-paths.ts';
import type { Association, AssociationIds, IdEntry, Path } from './dtls-association.ts';

/** Below this an id of another receiver may be the same by chance. */
const TELLING_OCTETS = 4;

/** Whose record it is. One object, reused. */
export interface IdOwner {
  association: Association | undefined;
  /** The sender, as the 5-tuple of the association's handshake has it. */
  sender: Side;
  /** The id was given out for another address or port than the record went to. */
  isElsewhere: boolean;
}

export class ConnectionIds {
  readonly paths = new AssociationPaths();
  private readonly flows: FlowDirectory;
  private readonly byHash = new Map<number, IdEntry[]>();
  private readonly ring: (IdEntry | undefined)[] = [];
  private next = 0;
  /** How many ids there are of each length. */
  private readonly lengths = new Int32Array(256);
  private longest = 0;
  /** Has the receiver that was last searched given out the id to several associations? */
  private isShared = false;
  private readonly owner: IdOwner = { association: undefined, sender: 0, isElsewhere: false };

  constructor(flows: FlowDirectory) {
    this.flows = flows;
  }

  /** Both hellos, or what was seen of records, say which ids there are. */
  settle(a: Association, extension: number, to: AssociationIds['to']): void {
    if (a.ids !== undefined) this.forgetEntries(a.ids);
    a.ids = { extension, to, entries: [] };
    for (const receiver of [0, 1] as const) this.add(a, receiver, to[receiver]);
  }

  /** Adds an id under which `receiver` may be reached, as NewConnectionId does in DTLS 1.3. */
  add(a: Association, receiver: Side, octets: Uint8Array | undefined): void {
    if (octets === undefined || octets.length === 0) return;
    a.ids ??= { extension: 0, to: [undefined, undefined], entries: [] };
    a.ids.to[receiver] ??= octets;
    const hash = hashOf(octets, 0, octets.length);
    const endpoint = this.flows.endpointKey(a.flow, receiver);
    const entry: IdEntry = { association: a, receiver, octets, endpoint, hash, place: this.next };
    const older = this.ring[this.next];
    if (older !== undefined) this.remove(older);
    this.ring[this.next] = entry;
    this.next = (this.next + 1) % LIMITS.connectionIds;
    a.ids.entries.push(entry);
    const same = this.byHash.get(hash);
    if (same === undefined) this.byHash.set(hash, [entry]);
    else {
      if (same.length >= LIMITS.sameConnectionIds) this.remove(same[0] as IdEntry);
      this.byHash.get(hash)?.push(entry);
    }
    const { length } = octets;
    this.lengths[length] = (this.lengths[length] as number) + 1;
    if (length > this.longest) this.longest = length;
  }

  /**
   * How long is the id that begins at `bytes[at]`? That of an id that is known; else that of the ids on this 5-tuple, 0 for
   * none; else -1.
   *
   * @param home newest association with a handshake on the 5-tuple
   */
  lengthOf(
    home: Association | undefined,
    flow: number,
    side: Side,
    bytes: Uint8Array,
    at: number,
    end: number,
  ): number {
    const receiver = otherSide(side);
    let settled = -1;
    for (let a = home, n = 0; a !== undefined && n < LIMITS.openAssociationsPerFlow; n++) {
      const id = a.ids?.to[receiver];
      if (id !== undefined && id.length > 0 && standsAt(bytes, at, end, id)) return id.length;
      if (settled < 0 && id !== undefined) settled = id.length;
      a = a.previous;
    }
    for (let length = this.longest; length > 0; length--) {
      if (this.lengths[length] === 0 || at + length > end) continue;
      if (this.search(flow, side, bytes, at, length) !== undefined || this.isShared) return length;
    }
    return settled;
  }

  /** @returns whose record carries the id `bytes[at, at + length)`: the same object each time */
  ownerOf(
    home: Association | undefined,
    flow: number,
    side: Side,
    bytes: Uint8Array,
    at: number,
    length: number,
    epoch: number,
    sequence: number,
  ): IdOwner {
    const { owner } = this;
    const receiver = otherSide(side);
    owner.isElsewhere = false;
    for (let a = home, n = 0; a !== undefined && n < LIMITS.openAssociationsPerFlow; n++) {
      const id = a.ids?.to[receiver];
      if (id !== undefined && id.length === length && standsAt(bytes, at, at + length, id)) {
        owner.association = a;
        owner.sender = side;
        return owner;
      }
      a = a.previous;
    }
    const entry =
      this.search(flow, side, bytes, at, length) ??
      this.fitting(flow, side, bytes, at, length, epoch, sequence);
    owner.association = entry?.association;
    if (entry === undefined) return owner;
    owner.sender = otherSide(entry.receiver);
    owner.isElsewhere =
      entry.association.flow !== flow &&
      entry.endpoint !== this.flows.endpointKey(flow, receiver) &&
      this.paths.on(flow, entry.association) === undefined;
    return owner;
  }

  /** The association is no longer followed. */
  forget(a: Association): void {
    if (a.ids !== undefined) this.forgetEntries(a.ids);
    a.ids = undefined;
    this.paths.forget(a);
  }

  /** The one entry with these octets: on the 5-tuple, else at the receiver, else anywhere. */
  private search(
    flow: number,
    side: Side,
    bytes: Uint8Array,
    at: number,
    length: number,
  ): IdEntry | undefined {
    const same = this.byHash.get(hashOf(bytes, at, length));
    this.isShared = false;
    if (same === undefined) return undefined;
    let here: IdEntry | undefined;
    let guest: IdEntry | undefined;
    let elsewhere: IdEntry | undefined;
    let hereCount = 0;
    let elsewhereCount = 0;
    let endpoint: number | string | undefined;
    for (const entry of same) {
      // Those of this 5-tuple were looked at before, by direction.
      if (entry.association.flow === flow || entry.octets.length !== length) continue;
      if (!standsAt(bytes, at, at + length, entry.octets)) continue;
      const path = this.paths.on(flow, entry.association);
      if (path !== undefined && senderOn(path, side) !== entry.receiver) guest = entry;
      endpoint ??= this.flows.endpointKey(flow, otherSide(side));
      if (entry.endpoint === endpoint) {
        here = entry;
        hereCount++;
      } else if (length >= TELLING_OCTETS) {
        elsewhere = entry;
        elsewhereCount++;
      }
    }
    this.isShared = guest === undefined && hereCount > 1;
    if (guest !== undefined) return guest;
    if (hereCount > 0) return hereCount === 1 ? here : undefined;
    return elsewhereCount === 1 ? elsewhere : undefined;
  }

  /** Of several with the same id at the receiver, the one whose numbers the record continues. */
  private fitting(
    flow: number,
    side: Side,
    bytes: Uint8Array,
    at: number,
    length: number,
    epoch: number,
    sequence: number,
  ): IdEntry | undefined {
    const endpoint = this.flows.endpointKey(flow, otherSide(side));
    let found: IdEntry | undefined;
    for (const entry of this.byHash.get(hashOf(bytes, at, length)) ?? NONE) {
      if (entry.endpoint !== endpoint || !standsAt(bytes, at, at + length, entry.octets)) continue;
      const half = entry.association.sides[otherSide(entry.receiver)];
      const step = sequence - half.highest;
      if (half.epoch !== epoch || step <= 0 || step > LIMITS.dtlsFarAhead) continue;
      if (found !== undefined) return undefined;
      found = entry;
    }
    return found;
  }

  private forgetEntries({ entries }: AssociationIds): void {
    for (const entry of entries) this.remove(entry);
    entries.length = 0;
  }

  private remove(entry: IdEntry): void {
    if (this.ring[entry.place] !== entry) return;
    this.ring[entry.place] = undefined;
    const { length } = entry.octets;
    this.lengths[length] = (this.lengths[length] as number) - 1;
    const same = this.byHash.get(entry.hash);
    if (same === undefined) return;
    const left = same.filter((other) => other !== entry);
    if (left.length === 0) this.byHash.delete(entry.hash);
    else this.byHash.set(entry.hash, left);
  }
}

/** Which side of its handshake's 5-tuple sends what `side` sends on this path. */
export function senderOn(path: Path, side: Side): Side {
  return path.isFlipped ? otherSide(side) : side;
}

const NONE: readonly never[] = [];

function standsAt(bytes: Uint8Array, at: number, end: number, id: Uint8Array): boolean {
  if (at + id.length > end) return false;
  for (let i = 0; i < id.length; i++) if (bytes[at + i] !== id[i]) return false;
  return true;
}

/** FNV-1a over the octets: ids are few, and compared in full. */
function hashOf(bytes: Uint8Array, at: number, length: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ (bytes[at + i] as number), 0x01000193);
  return hash;
}
