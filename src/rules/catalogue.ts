import type { Rule } from '../model/rule.ts';

/** Every rule there is, by id. Adding a rule is adding a line. */
export const CATALOGUE: readonly Rule[] = [];
