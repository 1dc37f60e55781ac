import type {
  BinderCheck,
  DecryptionFacts,
  Explanation,
  FailedRecord,
  FinishedCheck,
  Obstacle,
  SecretSource,
} from '../../model/decryption.ts';
import type { PerRole, Role } from '../../model/history.ts';
import { LIMITS } from '../../model/limits.ts';
import type { FailureOutcome } from './explain-failure.ts';
import type { FoundMaster } from './keyed-handshake.ts';
import type { WireRecord } from './wire-record.ts';

/** A fact that may still change. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Counts and checks of one connection, as its records are opened. */
export class Tally {
  source: SecretSource | undefined;
  obstacle: Obstacle | undefined;
  detail: string | undefined;
  private isKeyNamed = false;
  isInnerHello = false;
  innerServerName: string | undefined;
  masterExplanation: (Explanation & { readonly from: Role }) | undefined;
  binder: BinderCheck | undefined;
  private readonly opened = { client: 0, server: 0 };
  private readonly refused = { client: 0, server: 0 };
  private skippedRecords = 0;
  private readonly failures: FailedRecord[] = [];
  private readonly finished: { client?: FinishedCheck; server?: FinishedCheck } = {};

  private readonly isUnopened: boolean;

  /** @param how nothing is told of the records of a connection without secrets */
  constructor(how?: 'nothing-opened') {
    this.isUnopened = how === 'nothing-opened';
  }

  foundMaster({ source, mistake, isNamed = false }: Omit<FoundMaster, 'master'>): void {
    this.isKeyNamed ||= isNamed;
    this.source ??= source;
    if (mistake !== undefined) this.masterExplanation ??= { ...mistake, from: 'client' };
  }

  authenticated(from: Role): void {
    this.opened[from]++;
  }

  get hasAuthenticated(): boolean {
    return this.opened.client + this.opened.server > 0;
  }

  openedBefore(from: Role): number {
    return this.opened[from];
  }

  skipped(why: Obstacle | undefined, detail?: string): void {
    this.skippedRecords++;
    this.hindered(why, detail);
  }

  hindered(why: Obstacle | undefined, detail?: string): void {
    if (this.obstacle !== undefined || why === undefined) return;
    this.obstacle = why;
    this.detail = detail;
  }

  /** A record did not open. Its number is the one it has, as far as that is known; `expected` the one that was due. */
  failed(
    from: Role,
    record: WireRecord,
    numbers: Pick<FailedRecord, 'epoch' | 'sequence' | 'expected'>,
    why: FailedRecord['why'],
    outcome: FailureOutcome | undefined,
  ): Mutable<FailedRecord> {
    const failure: Mutable<FailedRecord> = {
      from,
      contentType: record.type,
      length: record.end - record.start,
      epoch: numbers.epoch,
      sequence: numbers.sequence,
      expected: numbers.expected,
      packet: record.packet,
      nanos: record.nanos,
      why,
      explanation: outcome?.explanation,
      excluded: outcome?.excluded ?? [],
      openedBefore: this.openedBefore(from),
      isExtra: false,
    };
    this.refused[failure.from]++;
    if (this.failures.length < LIMITS.failedRecordsPerConnection) this.failures.push(failure);
    return failure;
  }

  /** Is there room for another failure to be explained? Explaining is what costs. */
  mayExplain(from: Role): boolean {
    return this.failures.filter((record) => record.from === from).length < LIMITS.explainedRecords;
  }

  /** A Finished counts once: its retransmissions say the same. The first that is wrong counts before any that is right. */
  finishedChecked(check: FinishedCheck): void {
    const known = this.finished[check.from];
    if (known === undefined || (known.verified && !check.verified))
      this.finished[check.from] = check;
  }

  /** @param records protected ones of both sides */
  facts(records = 0): DecryptionFacts {
    const side = (role: Role) => ({ authenticated: this.opened[role], failed: this.refused[role] });
    const authenticated = this.opened.client + this.opened.server;
    const failed = this.refused.client + this.refused.server;
    const unexplained = this.failures.every(({ explanation }) => explanation === undefined);
    const misfit = this.source !== undefined && authenticated === 0 && failed > 0 && unexplained;
    const perRole: PerRole<{ authenticated: number; failed: number }> = {
      client: side('client'),
      server: side('server'),
    };
    return {
      source: this.source,
      authenticated,
      failed,
      skipped: this.isUnopened ? records : this.skippedRecords,
      perRole,
      obstacle: misfit ? 'secret-does-not-fit' : this.obstacle,
      detail: misfit ? undefined : this.detail,
      failures: this.failures,
      finished: { client: this.finished.client, server: this.finished.server },
      binder: this.binder,
      masterExplanation: this.masterExplanation,
      isKeyNamed: this.isKeyNamed,
      isInnerHello: this.isInnerHello,
      innerServerName: this.innerServerName,
    };
  }
}
