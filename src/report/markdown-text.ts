import { printable } from './printable.ts';

/**
 * Words as Markdown that is nothing but these words. Renderers differ in what they take for markup, a link, a mention or
 * an issue, and some look for it after escapes were resolved. So whatever is not a plain word or number is set as code:
 * that is the one place where all of them leave text alone.
 */
export function words(text: string): string {
  // A number and a full stop would begin a list.
  return setWords(printable(text)).replace(/^(\d+)([.)])/, '$1\\$2');
}

/**
 * The same for a cell of a table, where not even code may hold a bar: renderers count backslashes in front of it
 * differently.
 */
export function cell(text: string): string {
  return setWords(printable(text).replaceAll('|', '\\u{7c}'));
}

/** Lines as a block of code. */
export function fenced(lines: readonly string[]): string {
  const body = lines.map(printable).join('\n');
  const fence = '`'.repeat(Math.max(3, longestRun(body) + 1));
  return `${fence}text\n${body}\n${fence}`;
}

function setWords(text: string): string {
  return text
    .split(/\s+/u)
    .filter((word) => word !== '')
    .map(setWord)
    .join(' ');
}

/** Punctuation around a word that is no markup there, and the word. */
const PARTS = /^([("'“]*)(.*?)([.,;:?)"'”…]*)$/su;
/** Letters or digits, not mixed: that might be the number of an issue or of a commit. */
const PLAIN =
  /^(?:[\p{L}\p{M}]+(?:[-'’/][\p{L}\p{M}]+)*|\d+(?:[.,-]\d+)*|§\d+(?:\.\d+)*|[–—→←])?$/u;

function setWord(word: string): string {
  const [, before = '', core = '', behind = ''] = PARTS.exec(word) ?? [];
  return PLAIN.test(core) ? word : `${before}${code(core)}${behind}`;
}

/** A code span. Backticks in it are escaped as invisible characters are: not all renderers count them alike. */
function code(text: string): string {
  return `\`${text.replaceAll('`', '\\u{60}')}\``;
}

const longestRun = (text: string): number =>
  (text.match(/`+/g) ?? []).reduce((longest, { length }) => Math.max(longest, length), 0);
