import { LIMITS } from '../../model/limits.ts';
import { describeMiss } from './explanation.ts';
import type { KeptRecord, OwnedDirection, Owner } from './owner-search.ts';
import { Tally } from './tally.ts';
import type { Vault } from './vault.ts';

const NOTHING: readonly KeptRecord[] = [];

/** A connection for which there is no secret: nothing of it is kept but records that cannot be its own, and none is looked into. */
export class Unopened implements Owner {
  readonly tally: Tally;
  readonly isUnopened = true;
  kept = NOTHING;

  /** @param bytes hold the random of its ClientHello at `at` */
  constructor({ keyLog }: Vault, bytes: Uint8Array, at: number) {
    const miss = keyLog.nearest(bytes, at);
    this.tally = new Tally('nothing-opened');
    this.tally.hindered('no-matching-secret', miss && describeMiss(miss));
  }

  /** Its handshake has come to no keys, so that somebody else wrote the record. */
  keep(record: KeptRecord): void {
    if (this.kept.length < LIMITS.failedRecordsPerConnection) this.kept = [...this.kept, record];
  }

  directions(): OwnedDirection[] {
    return [];
  }

  release(): void {}
}
