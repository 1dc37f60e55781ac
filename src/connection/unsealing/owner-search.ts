import { toHex } from '../../bytes/hex.ts';
import {
  type ForeignCandidate,
  type ForeignDirection,
  findOwner,
} from '../../crypto/foreign-trials.ts';
import type { SealedRecord } from '../../crypto/protection.ts';
import type { FailedRecord, MisplacedRecord } from '../../model/decryption.ts';
import { type ConnectionHistory, ROLES, type Role } from '../../model/history.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Nanos } from '../../model/time.ts';
import type { HandshakeMessages } from './handshake-messages.ts';

/** The keys of one direction, and whose it is. */
export interface OwnedDirection extends ForeignDirection {
  readonly from: Role;
}

/** A record that did not open under its own connection's keys, kept with its octets. */
export interface KeptRecord {
  readonly fact: FailedRecord;
  readonly record: SealedRecord;
  /** DTLS: the numbers of its header. */
  readonly epoch?: number;
  readonly sequence?: number;
}

/** What the search needs of a connection whose records were opened. */
export interface Owner {
  /** There is no secret for it. */
  readonly isUnopened?: boolean;
  /** The messages of a handshake of TLS 1.3 that was opened, until they are let go. */
  readonly transcript13?: HandshakeMessages | undefined;
  /** The connection is final: what it holds is given back. */
  release(): void;
  directions(): OwnedDirection[];
  readonly kept: readonly KeptRecord[];
}

interface Candidate extends ForeignCandidate<number> {
  readonly directions: readonly OwnedDirection[];
  readonly protocol: 'TLS' | 'DTLS';
  /** Sides of which at least one record opened under its own keys. */
  readonly opened: readonly Role[];
  readonly client: string;
  readonly server: string;
  readonly clientAddress: string;
  /** Hexadecimal; two captures of one connection (both sides of a NAT) have the same. */
  readonly clientRandom: string;
  readonly start: Nanos;
}

interface Stray extends KeptRecord {
  readonly connection: Candidate;
}

/**
 * Whose record is it? At the end of the capture, each record that its own connection could not open is tried with the
 * keys of the others: those on the same 5-tuple first, then those of the same client, of the same server, then the
 * nearest in time. What opens is proof; the odds of chance are those of its tag.
 */
export class OwnerSearch {
  private readonly candidates: Candidate[] = [];
  private readonly strays: Stray[] = [];
  private octets = 0;

  /** A connection is final. */
  add(history: ConnectionHistory, owner: Owner): void {
    const { id, protocol, client, server, startNanos: start, decryption } = history;
    const candidate: Candidate = {
      id,
      protocol,
      directions: owner.directions(),
      opened: ROLES.filter((role) => (decryption?.perRole[role].authenticated ?? 0) > 0),
      client: `${client.address} ${client.port}`,
      server: `${server.address} ${server.port}`,
      clientAddress: client.address,
      clientRandom: history.clientRandom === undefined ? '' : toHex(history.clientRandom),
      start,
    };
    if (candidate.directions.length > 0 && this.candidates.length < LIMITS.ownerCandidates)
      this.candidates.push(candidate);
    // A secret that opens nothing says nothing about the records either.
    if (decryption?.obstacle === 'secret-does-not-fit') return;
    for (const kept of owner.kept) {
      const { length } = kept.fact;
      if (this.strays.length >= LIMITS.strayRecords || this.octets + length > LIMITS.strayOctets)
        return;
      this.octets += length;
      this.strays.push({ ...kept, connection: candidate });
    }
  }

  /** Tries all. Call once, at the end. */
  search(): MisplacedRecord[] {
    this.candidates.sort((a, b) => a.start - b.start);
    const found: MisplacedRecord[] = [];
    for (const stray of this.strays) {
      const { owner, trials } = findOwner(stray, this.ranked(stray.connection));
      if (owner === undefined) continue;
      const candidate = this.candidates.find(({ id }) => id === owner.id);
      const from = candidate?.directions[owner.direction]?.from;
      if (candidate === undefined || from === undefined) continue;
      // Secrets that opened nothing of their own connection may stand in the wrong lines of the key log.
      if (candidate.opened.length === 0) continue;
      const isKnown = stray.connection.opened.includes(stray.fact.from);
      if (!isKnown && !candidate.opened.includes(from)) continue;
      found.push({
        connection: stray.connection.id,
        record: stray.fact,
        owner: {
          connection: owner.id,
          from,
          epoch: owner.epoch,
          sequence: owner.sequence,
        },
        trials,
        oddsLog2: Math.round(owner.oddsLog2),
      });
    }
    return found;
  }

  private ranked(of: Candidate): Candidate[] {
    const ranks: Candidate[][] = [[], [], [], []];
    for (const other of this.nearest(of)) {
      if (other.clientRandom !== '' && other.clientRandom === of.clientRandom) continue;
      const sameClient = other.clientAddress === of.clientAddress;
      const sameServer = other.server === of.server;
      const rank =
        sameServer && other.client === of.client ? 0 : sameClient ? 1 : sameServer ? 2 : 3;
      ranks[rank]?.push(other);
    }
    return ranks.flat();
  }

  /** The others of its protocol, by how near in time they began. */
  private *nearest(of: Candidate): Iterable<Candidate> {
    const { candidates } = this;
    let after = candidates.findIndex(({ start }) => start >= of.start);
    if (after < 0) after = candidates.length;
    let before = after - 1;
    for (
      let taken = 0;
      taken < LIMITS.ownersTried && (before >= 0 || after < candidates.length);
    ) {
      const [earlier, later] = [candidates[before], candidates[after]];
      const gapBefore = earlier === undefined ? Number.POSITIVE_INFINITY : of.start - earlier.start;
      const gapAfter = later === undefined ? Number.POSITIVE_INFINITY : later.start - of.start;
      const next = gapBefore < gapAfter ? candidates[before--] : candidates[after++];
      if (next === undefined || next.id === of.id || next.protocol !== of.protocol) continue;
      taken++;
      yield next;
    }
  }
}
