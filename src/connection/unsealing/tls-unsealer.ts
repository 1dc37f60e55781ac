import { CLIENT_HELLO } from '../../model/code-points/handshake-types.ts';
import type { Side } from '../../model/stream.ts';
import type { FactsRecorder } from '../facts-recorder.ts';
import { TlsUnsealed } from './tls-unsealed.ts';
import { Unopened } from './unopened.ts';
import { Unsealer } from './unsealer.ts';
import type { Vault } from './vault.ts';
import type { OpenedRecord } from './wire-record.ts';

/** Opens the records of all TLS connections of a run, where it has secrets. A row is that of the connection table. */
export class TlsUnsealer extends Unsealer<TlsUnsealed> {
  constructor(vault: Vault, facts: FactsRecorder) {
    super(TlsUnsealed, vault, facts);
  }

  message(
    row: number,
    side: Side,
    type: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
    isProtected: boolean,
  ): void {
    const from = this.roleOf(row, side);
    if (from === undefined || (type === CLIENT_HELLO && !this.mayOpen(row, bytes))) return;
    // The bytes lie in a buffer that is used again.
    const body = bytes.slice(start, end);
    this.of(row)?.message(from, type, body, { packet, nanos }, isProtected);
  }

  /** @param message as it was sent, @param hello the same in the form of TLS */
  ssl2Hello(row: number, message: Uint8Array, hello: Uint8Array): void {
    this.of(row)?.ssl2Hello(message, hello);
  }

  changeCipherSpec(row: number, side: Side): void {
    const from = this.roleOf(row, side);
    if (from !== undefined) this.of(row)?.changeCipherSpec(from);
  }

  lost(row: number, side: Side): void {
    this.of(row)?.lost(this.roleOf(row, side));
  }

  /** A protected record whose octets were not kept: `LIMITS.sealedOctets`. */
  unread(row: number, side: Side): void {
    this.of(row)?.unread(this.roleOf(row, side));
  }

  /** @returns what was in the record, if it opened */
  sealed(
    row: number,
    side: Side,
    type: number,
    version: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
  ): OpenedRecord | undefined {
    const from = this.roleOf(row, side);
    if (from === undefined) return undefined;
    const unsealed = this.of(row);
    const opened = unsealed?.sealed(from, { type, version, bytes, start, end, packet, nanos });
    if (unsealed?.isGivenUp) this.giveUp(row, unsealed);
    return opened;
  }

  /** Nothing of the connection will open after all. */
  private giveUp(row: number, unsealed: TlsUnsealed): void {
    const { clientRandom } = unsealed;
    if (clientRandom === undefined) return;
    unsealed.release();
    this.facts.unsealed.set(row, new Unopened(this.vault, clientRandom, 0));
  }
}
