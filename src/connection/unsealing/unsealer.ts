import type { Role } from '../../model/history.ts';
import type { Side } from '../../model/stream.ts';
import type { FactsRecorder } from '../facts-recorder.ts';
import type { Owner } from './owner-search.ts';
import type { Tally } from './tally.ts';
import { Unopened } from './unopened.ts';
import type { Vault } from './vault.ts';

/** What knows how far a connection was opened. */
interface Unsealed extends Owner {
  readonly tally: Tally;
}

/** Knows the opened connections of one protocol, where a run has secrets. A row is that of the connection table. */
export abstract class Unsealer<One extends Unsealed> {
  protected readonly vault: Vault;
  protected readonly facts: FactsRecorder;
  private readonly kind: new (
    vault: Vault,
  ) => One;

  constructor(kind: new (vault: Vault) => One, vault: Vault, facts: FactsRecorder) {
    this.kind = kind;
    this.vault = vault;
    this.facts = facts;
  }

  /** There is no secret for this connection, which its ClientHello told. */
  isHopeless(row: number): boolean {
    return this.facts.unsealed.get(row) instanceof Unopened;
  }

  /** The ClientHello in `bytes` was just scanned; the first of a connection settles it. */
  protected mayOpen(row: number, bytes: Uint8Array): boolean {
    const { unsealed, hellos } = this.facts;
    if (unsealed.has(row) || this.vault.mayOpen(bytes, hellos.scan)) return true;
    unsealed.set(row, new Unopened(this.vault, bytes, hellos.scan.randomOffset));
    return false;
  }

  protected of(row: number): One | undefined {
    const { unsealed } = this.facts;
    const known = unsealed.get(row);
    if (known instanceof this.kind) return known;
    if (known !== undefined) return undefined;
    const fresh = new this.kind(this.vault);
    unsealed.set(row, fresh);
    return fresh;
  }

  protected roleOf(row: number, side: Side): Role | undefined {
    const client = this.facts.table.clientSide[row] as number;
    return client === 2 ? undefined : client === side ? 'client' : 'server';
  }
}
