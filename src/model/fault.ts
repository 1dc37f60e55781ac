import type { Confidence } from './finding.ts';
import type { At, Role } from './place.ts';

/** Where the fault of a connection may lie; `network` stands for the path and every device on it. */
export const FAULT_SIDES = ['client', 'server', 'network', 'undecided'] as const;
export type FaultSide = (typeof FAULT_SIDES)[number];

/** Who ended a connection, and with what; undefined where nothing that can be read did. */
export interface FaultEnding extends At {
  readonly by: Role;
  /** `the fatal alert unknown_ca (48)`, `a RST`. */
  readonly how: string;
}

/**
 * Whose fault it probably is that a connection failed: a judgement, by what the findings about it say and by how it ended.
 * Who sends an alert has noticed the fault and need not have it.
 */
export interface Fault {
  readonly connection: number;
  readonly ending: FaultEnding | undefined;
  readonly likelier: FaultSide;
  /** Undefined where nothing is decided. */
  readonly confidence: Confidence | undefined;
  /** Rules whose findings it follows, or that leave it open. */
  readonly rules: readonly string[];
  /** What speaks for that side; where nothing is decided, what would speak for each, which it begins with. */
  readonly for: readonly string[];
  readonly against: readonly string[];
  /** What would settle it: a log, a key log, a capture, and from where. Never empty. */
  readonly settle: readonly string[];
}
