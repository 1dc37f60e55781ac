import { grown } from '../bytes/columns.ts';
import { LIMITS } from '../model/limits.ts';

const SHORT = 192;
const FIRST_ROOM = 1024;
/** Rooms of 1, 2, 4, … KiB, up to what one direction may hold: handshakes that stall keep theirs for an hour. */
const GROWTH = 2;

interface Kept {
  bytes: Uint8Array;
  /** Octets in it; -1 where some are missing, so that the rest is of no use. */
  have: number;
}

/**
 * Handshake octets in the clear of each direction (row * 2 + side), as they were sent, from the one that brings the
 * ServerHello until both Finished were seen: signatures can be verified from them, should the handshake fail. Nothing is
 * read before that. Rooms that are given back serve the next connections.
 */
export class ClearHandshakes {
  private readonly kept = new Map<number, Kept>();
  private readonly free = new Map<number, Uint8Array[]>();
  /** Octets of all rooms in use. */
  private used = 0;

  /** @param begins the first octet begins a message: what does not is of use only behind what came before */
  append(half: number, begins: boolean, bytes: Uint8Array, start: number, end: number): void {
    let kept = this.kept.get(half);
    if (kept === undefined) {
      kept = { bytes: EMPTY, have: begins ? 0 : -1 };
      this.kept.set(half, kept);
    }
    if (kept.have < 0) return;
    const have = kept.have + end - start;
    if (have > kept.bytes.length && !this.makeRoom(kept, have)) {
      this.abandon(kept);
      return;
    }
    const room = kept.bytes;
    const at = kept.have - start;
    // A view costs an object; a loop is as fast for what is short.
    if (end - start < SHORT) for (let i = start; i < end; i++) room[at + i] = bytes[i] as number;
    else room.set(bytes.subarray(start, end), kept.have);
    kept.have = have;
  }

  /** Octets of this direction are missing: what is signed cannot be put together any more. */
  lost(half: number): void {
    const kept = this.kept.get(half);
    if (kept === undefined) this.kept.set(half, { bytes: EMPTY, have: -1 });
    else this.abandon(kept);
  }

  /** All that this direction sent, valid until the next call; undefined where octets are missing or were not kept. */
  of(half: number): Uint8Array | undefined {
    const kept = this.kept.get(half);
    return kept === undefined || kept.have < 0 ? undefined : kept.bytes.subarray(0, kept.have);
  }

  has(half: number): boolean {
    return this.kept.has(half);
  }

  /** Both directions of a connection are no longer needed. */
  forget(row: number): void {
    for (const half of [2 * row, 2 * row + 1]) {
      const kept = this.kept.get(half);
      if (kept === undefined) continue;
      this.giveBack(kept);
      this.kept.delete(half);
    }
  }

  private makeRoom(kept: Kept, needed: number): boolean {
    let room = FIRST_ROOM;
    while (room < needed) room *= GROWTH;
    const more = room - kept.bytes.length;
    if (room > LIMITS.clearHandshakeOctetsPerHalf || this.used + more > LIMITS.clearHandshakeOctets)
      return false;
    const spare = this.free.get(room)?.pop();
    let bytes = spare;
    if (bytes === undefined) bytes = grown(kept.bytes, room);
    else bytes.set(kept.bytes.subarray(0, kept.have));
    this.giveBack(kept);
    kept.bytes = bytes;
    this.used += room;
    return true;
  }

  private abandon(kept: Kept): void {
    this.giveBack(kept);
    kept.have = -1;
  }

  private giveBack(kept: Kept): void {
    const { length } = kept.bytes;
    if (length === 0) return;
    this.used -= length;
    const spare = this.free.get(length);
    if (spare === undefined) this.free.set(length, [kept.bytes]);
    else if (spare.length < LIMITS.spareRooms) spare.push(kept.bytes);
    kept.bytes = EMPTY;
  }
}

const EMPTY = new Uint8Array(0);
