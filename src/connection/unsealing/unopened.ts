import { describeMiss } from './explanation.ts';
import type { KeptRecord, OwnedDirection, Owner } from './owner-search.ts';
import { Tally } from './tally.ts';
import type { Vault } from './vault.ts';

/** A connection for which there is no secret: nothing of it is kept, and its records are not looked into. */
export class Unopened implements Owner {
  readonly tally: Tally;
  readonly isUnopened = true;
  readonly kept: readonly KeptRecord[] = [];

  /** @param bytes hold the random of its ClientHello at `at` */
  constructor({ keyLog }: Vault, bytes: Uint8Array, at: number) {
    const miss = keyLog.nearest(bytes, at);
    this.tally = new Tally('nothing-opened');
    this.tally.hindered('no-matching-secret', miss && describeMiss(miss));
  }

  directions(): OwnedDirection[] {
    return [];
  }

  release(): void {}
}
