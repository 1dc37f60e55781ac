import { grown } from '../bytes/columns.ts';
import { LIMITS } from '../model/limits.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import type { NonceLines } from './nonce-lines.ts';
import { PackedConnections } from './packed-connections.ts';

/**
 * Rows of the connections on TCP connections. Where there are many, those that were silent for long are packed, and have
 * no row until they are asked for.
 */
export class TlsRows {
  private readonly facts: FactsRecorder;
  private readonly nonces: NonceLines;
  /** By TCP row: row plus 1, or less than 0 what brings it back; 0 for none. */
  private rows = new Int32Array(512);
  private packed: PackedConnections | undefined;
  /** Connections that are packed. */
  size = 0;
  private isAllowed = true;
  /** The row that is looked at next. */
  private hand = 0;
  /** The last packet told of. */
  private now = 0;

  constructor(facts: FactsRecorder, nonces: NonceLines) {
    this.facts = facts;
    this.nonces = nonces;
    nonces.elsewhere = (isNear, found) => this.packedOwner(isNear, found);
  }

  /** Octets that all took that were packed so far. */
  get octets(): number {
    return this.packed?.octets ?? 0;
  }

  /** No connection is packed from now on; room of those that were is given up as they come back. */
  neverPack(): void {
    this.isAllowed = false;
    this.packed?.drain();
  }

  has(tcp: number): boolean {
    return tcp < this.rows.length && this.rows[tcp] !== 0;
  }

  /** The row of a connection that there is; it holds until another one is asked for. */
  of(tcp: number, packet: number = this.now): number {
    const row = this.rows[tcp] as number;
    if (row > 0) return row - 1;
    this.makeRoom(packet);
    return this.unpack(tcp);
  }

  begin(tcp: number, packet: number): void {
    if (tcp >= this.rows.length)
      this.rows = grown(this.rows, Math.max(tcp + 1, this.rows.length * 2));
    this.makeRoom(packet);
    this.enter(tcp, this.facts.begin());
  }

  /** The connection is final, and its row was asked for. */
  forget(tcp: number): void {
    this.rows[tcp] = 0;
  }

  private enter(tcp: number, row: number): number {
    this.facts.table.tcp[row] = tcp + 1;
    this.rows[tcp] = row + 1;
    return row;
  }

  private unpack(tcp: number): number {
    this.size--;
    return this.enter(tcp, this.packed?.unpack(-(this.rows[tcp] as number)) ?? 0);
  }

  private makeRoom(packet: number): void {
    this.now = packet;
    const { table } = this.facts;
    if (table.size <= LIMITS.unpackedConnections || !this.isAllowed) return;
    this.packed ??= new PackedConnections(this.facts, this.nonces);
    let left: number = LIMITS.rowsLookedAt;
    while (left-- > 0 && table.size > LIMITS.unpackedConnections) {
      if (this.hand >= table.end) this.hand = 0;
      const row = this.hand++;
      const tcp = (table.tcp[row] as number) - 1;
      // A row that was given back still has its number.
      if (tcp < 0 || this.rows[tcp] !== row + 1 || !this.packed.mayPack(row, packet)) continue;
      this.rows[tcp] = -this.packed.pack(row);
      this.size++;
    }
  }

  /** See `NonceLines.elsewhere`. */
  private packedOwner(isNear: (high: number, low: number) => boolean, found: number): number {
    if (this.size === 0) return found;
    let owner = -1;
    for (let tcp = 0; tcp < this.rows.length; tcp++) {
      const handle = -(this.rows[tcp] as number);
      if (handle <= 0) continue;
      const sides = this.packed?.ownLines(handle, isNear) ?? 0;
      if (sides === 0) continue;
      if (found >= 0 || owner >= 0 || sides === 3) return -1;
      owner = 2 * tcp + sides - 1;
    }
    return owner < 0 ? found : 2 * this.unpack(owner >> 1) + (owner & 1);
  }
}
