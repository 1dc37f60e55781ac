import { isGrease } from './grease.ts';

/** Names by code. Integer keys, so that a look-up is an array access and not a string hash. */
export type NameTable = Readonly<Record<number, string>>;

/**
 * The name of a code; `unknown_0x…` for one that the table does not have and `grease_0x…` for a two-octet one that is
 * meant to be unknown. Wire values are never an error.
 *
 * @param digits hexadecimal digits of the code's width: 2 for an octet, 4 for two
 */
export function nameOf(table: NameTable, code: number, digits: 2 | 4): string {
  return table[code] ?? unknownName(code, digits);
}

/** How reports write a code without a name. */
export function unknownName(code: number, digits: 2 | 4): string {
  const kind = digits === 4 && isGrease(code) ? 'grease' : 'unknown';
  return `${kind}_0x${code.toString(16).padStart(digits, '0')}`;
}
