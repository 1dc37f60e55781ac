import { CLIENT_HELLO } from '../../model/code-points/handshake-types.ts';
import type { FailedRecord } from '../../model/decryption.ts';
import { LIMITS } from '../../model/limits.ts';
import type { DtlsRecord } from '../dtls-record.ts';
import type { FactsRecorder } from '../facts-recorder.ts';
import { DtlsUnsealed } from './dtls-unsealed.ts';
import { Unopened } from './unopened.ts';
import { Unsealer } from './unsealer.ts';
import type { Vault } from './vault.ts';
import {
  detached,
  type NumberedOpening,
  type NumberedRecord,
  type OpenedRecord,
  type WireRecord,
} from './wire-record.ts';

/** Opens the records of all DTLS associations of a run, where it has secrets. A row is that of the connection table. */
export class DtlsUnsealer extends Unsealer<DtlsUnsealed> {
  /** Records of nobody that were kept in the whole run, and their octets. */
  private strangers = 0;
  private strangerOctets = 0;

  constructor(vault: Vault, facts: FactsRecorder) {
    super(DtlsUnsealed, vault, facts);
  }

  /** @param sequence `message_seq` */
  message(
    row: number,
    r: DtlsRecord,
    type: number,
    sequence: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const from = this.roleOf(row, r.side);
    if (from === undefined || (type === CLIENT_HELLO && !this.mayOpen(row, bytes))) return;
    const at = { packet: r.packet, nanos: r.nanos };
    this.of(row)?.message(from, type, bytes.slice(start, end), sequence, at, r.epoch);
  }

  /** Does the record open under the keys of this association? */
  opens(row: number, r: DtlsRecord): boolean {
    const from = this.roleOf(row, r.side);
    if (from === undefined || r.end - r.start !== r.length) return false;
    return this.of(row)?.opens(from, wire(r)) ?? false;
  }

  /** Are the keys of this direction and epoch known? */
  hasKeys(row: number, r: DtlsRecord): boolean {
    const from = this.roleOf(row, r.side);
    if (from === undefined) return false;
    const unsealed = this.of(row);
    return (
      (r.headerStart < 0
        ? unsealed?.hasKeys(from, r.epoch)
        : unsealed?.hasKeys13(from, unified(r))) ?? false
    );
  }

  /**
   * @param mayBeAnothers the record may belong to an association whose keys are not known: no failure then
   * @returns what was in the record, if it opened
   */
  sealed(row: number, r: DtlsRecord, mayBeAnothers: boolean): OpenedRecord | undefined {
    const from = this.roleOf(row, r.side);
    if (from === undefined) return undefined;
    // A record that the snap length cut says nothing about its MAC.
    if (r.end - r.start !== r.length) {
      this.of(row)?.tally.skipped(undefined);
      return undefined;
    }
    return this.of(row)?.sealed(from, wire(r), mayBeAnothers);
  }

  /** A record that none of the associations of its addresses and ports can own: those of others may, in the end. */
  nobodys(row: number, r: DtlsRecord): void {
    const from = this.roleOf(row, r.side);
    if (from === undefined || r.headerStart >= 0 || r.end - r.start !== r.length) return;
    if (this.strangers >= LIMITS.strayRecords) return;
    if (this.strangerOctets + r.length > LIMITS.strayOctets) return;
    this.strangers++;
    this.strangerOctets += r.length;
    const { contentType, length, epoch, sequence, packet, nanos } = r;
    const fact: FailedRecord = {
      from,
      contentType,
      length,
      epoch,
      sequence,
      expected: sequence,
      packet,
      nanos,
      why: 'mac',
      explanation: undefined,
      excluded: [],
      openedBefore: 0,
      isExtra: false,
    };
    const kept = { fact, record: detached(wire(r)), epoch, sequence };
    const known = this.facts.unsealed.get(row);
    if (known instanceof Unopened) known.keep(kept);
    else this.of(row)?.keep(kept);
  }

  /** A record of DTLS 1.3 with a unified header: does it open under the keys of this association? */
  opens13(row: number, r: DtlsRecord): boolean {
    const from = this.roleOf(row, r.side);
    if (from === undefined || r.end - r.start !== r.length) return false;
    return this.of(row)?.opens13(from, unified(r)) ?? false;
  }

  /** As `sealed`, for records with a unified header. */
  sealed13(row: number, r: DtlsRecord, mayBeAnothers: boolean): NumberedOpening | undefined {
    const from = this.roleOf(row, r.side);
    if (from === undefined) return undefined;
    if (r.end - r.start !== r.length) {
      this.of(row)?.tally.skipped(undefined);
      return undefined;
    }
    return this.of(row)?.sealed13(from, unified(r), mayBeAnothers);
  }
}

function wire(r: DtlsRecord): NumberedRecord {
  const { contentType: type, bytes, start, end, packet, nanos, epoch, sequence, version } = r;
  return { type, version, bytes, start, end, packet, nanos, epoch, sequence };
}

function unified(r: DtlsRecord): WireRecord {
  const { contentType: type, version, bytes, headerStart, start, end, packet, nanos } = r;
  return { type, version, bytes, headerStart, start, end, packet, nanos };
}
