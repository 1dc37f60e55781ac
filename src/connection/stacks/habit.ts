import type { StackName } from '../../model/stack.ts';

/*
 * Habits of TLS stacks in their hellos: orders and lists that their code has and that settings hardly change. Learnt from
 * handshakes of known stacks (samples/tls-stacks, samples/suites). Habits with the same topic may follow from each other,
 * so they count once; a guess takes two topics.
 */

/** What of a hello a habit is about. */
export type Topic =
  | 'extensions'
  | 'signature algorithms'
  | 'groups'
  | 'point formats'
  | 'suites'
  | 'versions'
  | 'psk modes'
  | 'random'
  | 'session id'
  | 'grease';

/** One habit of one stack. Reports give `text` behind the topic as the reason for a guess. */
export interface Habit<View> {
  readonly stack: StackName;
  readonly topic: Topic;
  readonly text: string;
  readonly shows: (view: View) => boolean;
}

/** Both occur, one before the other. */
export const before = (list: readonly number[], first: number, second: number): boolean =>
  list.includes(first) && list.indexOf(first) < list.indexOf(second);

/** They occur one right after the other. */
export const holds = (list: readonly number[], ...run: readonly number[]): boolean =>
  list.some((_, at) => run.every((code, i) => list[at + i] === code));

/** The list starts with this run. */
export const begins = (list: readonly number[], ...run: readonly number[]): boolean =>
  run.every((code, i) => list[i] === code);
