/**
 * Makes text harmless for a terminal and unambiguous for a reader: control characters (ANSI sequences with them),
 * directional and invisible formatting, line and paragraph separators, lone surrogates and private characters become
 * visible escapes. Everything that comes from the wire or the file system goes through here before it is printed.
 */
export function printable(text: string): string {
  return PRINTABLE_ASCII.test(text) ? text : text.replace(DECEPTIVE, makeVisible);
}

/** Writes what is not ASCII in ASCII, for terminals that would show something else. Apply to printable text. */
export function toAscii(text: string): string {
  return PRINTABLE_ASCII.test(text)
    ? text
    : text.replace(BEYOND_ASCII, (character) => ASCII_FOR[character] ?? makeVisible(character));
}

const PRINTABLE_ASCII = /^[ -~]*$/;
const BEYOND_ASCII = /[^ -~\n]/gu;
/** Combining characters that pile up (Zalgo text) would cover the lines around them: the third and further ones. */
const DECEPTIVE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?<=\p{M}{2})\p{M}/gu;

function makeVisible(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return NAMED[code] ?? `\\u{${code.toString(16)}}`;
}

const NAMED: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 27: '\\e' };

/** What our own texts use beyond ASCII. */
const ASCII_FOR: Readonly<Record<string, string>> = {
  '→': '->',
  '←': '<-',
  '↔': '<->',
  '…': '...',
  '–': '-',
  '—': '-',
  '’': "'",
  '‘': "'",
  '“': '"',
  '”': '"',
  '≤': '<=',
  '≥': '>=',
  '≠': '!=',
  '≈': '~',
  '×': 'x',
  '·': '-',
  '•': '-',
  '±': '+/-',
  µ: 'u',
  μ: 'u',
  '§': 'section ',
  '│': '|',
  '─': '-',
  '┄': '-',
  '▶': '>',
  '◀': '<',
  '✗': 'X',
  '✓': 'ok',
};
