import { type Finding, SEVERITIES } from '../model/finding.ts';
import { LIMITS } from '../model/limits.ts';
import { BASELINE_SCHEMA_ID, type BaselineFile, type KnownInput } from './files.ts';
import type { Party } from './parties.ts';
import { patternFor } from './pattern.ts';

/** Writes down the findings of a run as known ones, by rule and server; who accepts them adds the reasons. */
export class BaselineDraft {
  private readonly before: readonly KnownInput[];
  private readonly entries = new Map<string, KnownInput>();
  /** Findings that no entry can describe without hiding others. */
  omitted = 0;
  /** Findings for which there is no room: see `LIMITS.baselineEntries`. */
  beyond = 0;

  /** @param before entries that stay as they are */
  constructor(before: readonly KnownInput[]) {
    this.before = before;
  }

  /** Entries that are new. */
  get added(): number {
    return this.entries.size;
  }

  add({ rule, severity }: Finding, parties: readonly Party[]): void {
    const [first, ...others] = parties;
    const isOne = others.every((other) => keyOf(other) === keyOf(first));
    const key = `${rule} ${keyOf(first)}`;
    const known = this.entries.get(key);
    const room = this.before.length + this.entries.size < LIMITS.baselineEntries;
    if (first === undefined || !isOne) {
      this.omitted++;
      return;
    }
    if (known === undefined && !room) {
      this.beyond++;
      return;
    }
    const { server, name } = first;
    const worst = [severity, known?.severity ?? severity].sort(
      (a, b) => SEVERITIES.indexOf(a) - SEVERITIES.indexOf(b),
    )[0];
    this.entries.set(key, {
      rule,
      server: server.address,
      port: server.port,
      ...(name !== undefined && { name: patternFor(name) }),
      severity: worst,
      reason: '',
    });
  }

  file(): BaselineFile {
    return { schema: BASELINE_SCHEMA_ID, known: [...this.before, ...this.entries.values()] };
  }
}

/** The server and its name: clients come and go. */
function keyOf(party: Party | undefined): string {
  if (party === undefined) return '';
  const { server, name } = party;
  return `${server.address} ${server.port} ${name ?? ''}`;
}
