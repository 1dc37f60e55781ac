import { printable, toAscii } from './printable.ts';

/** What the parts of a text look like. */
interface Paint {
  readonly strong: Brush;
  readonly quiet: Brush;
  readonly good: Brush;
  readonly command: Brush;
  readonly critical: Brush;
  readonly error: Brush;
  readonly warning: Brush;
  readonly info: Brush;
}

type Brush = (text: string) => string;

/** How text is put on a terminal or a page. */
export interface Style {
  readonly paint: Paint;
  readonly ascii: boolean;
  /** Columns to fill. */
  readonly width: number;
  /** Makes any text fit to be printed: nothing the terminal obeys, and nothing but ASCII where that is wanted. */
  fit(text: string): string;
}

/** What the terminal can show; `width` in columns. */
export interface StyleOptions {
  readonly color: boolean;
  readonly ascii: boolean;
  readonly width: number;
}

/** Loads chalk only where there are colours to be made: it looks around in its environment at length. */
export async function createStyle({ color, ascii, width }: StyleOptions): Promise<Style> {
  return {
    paint: color ? await colors() : NO_COLORS,
    ascii,
    width,
    fit: ascii ? (text) => toAscii(printable(text)) : printable,
  };
}

const plain: Brush = (text) => text;

const NO_COLORS: Paint = {
  strong: plain,
  quiet: plain,
  good: plain,
  command: plain,
  critical: plain,
  error: plain,
  warning: plain,
  info: plain,
};

async function colors(): Promise<Paint> {
  const { Chalk } = await import('chalk');
  // The sixteen colours that every terminal has and lets its user choose.
  const chalk = new Chalk({ level: 1 });
  return {
    strong: brush(chalk.bold),
    quiet: brush(chalk.dim),
    good: brush(chalk.green),
    command: brush(chalk.green),
    critical: brush(chalk.bold.red),
    error: brush(chalk.red),
    warning: brush(chalk.yellow),
    info: brush(chalk.cyan),
  };
}

/** Chalk joins all that it is called with: as a callback of `map` it would print the position and the whole list. */
function brush(paint: Brush): Brush {
  return (text) => paint(text);
}

/** ASCII and what our own texts use beyond it: all of one column. */
const SINGLE_WIDTH = /^[ -~→←◀▶─│•µ§…–’≤≥×·]*$/;

let measureOthers: ((text: string) => number) | undefined;

/**
 * Prepares for characters of other widths, if the text has any. The tables they need take as long to load as all the rest
 * of the report, and most reports do without.
 */
export async function prepareWidths(text: string): Promise<void> {
  if (measureOthers !== undefined || SINGLE_WIDTH.test(text)) return;
  measureOthers = (await import('string-width')).default;
}

/** Columns that a text takes: wide characters take two, combining ones none. `prepareWidths` must have seen the text. */
export function widthOf(text: string): number {
  return measureOthers === undefined || SINGLE_WIDTH.test(text) ? text.length : measureOthers(text);
}

/** Fills up with blanks to `width` columns. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** Cuts a text that would be wider than `width` columns and marks the cut. */
export function clip(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let cut = '';
  let columns = 3;
  for (const character of text) {
    columns += widthOf(character);
    if (columns > width) break;
    cut += character;
  }
  return `${cut}...`;
}

/** Texts below a heading, further lines of each set in more than its first. */
export function indented(texts: readonly string[], width: number): string[] {
  return texts.flatMap((text) =>
    wrap(text, width - 4).map((line, index) => (index === 0 ? `  ${line}` : `    ${line}`)),
  );
}

/** Breaks a text at blanks into lines of at most `width` columns. A word that is longer is broken inside. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  let columns = 0;
  for (const word of text.split(' ')) {
    for (const piece of breakWord(word, width)) {
      const size = widthOf(piece);
      if (columns > 0 && columns + 1 + size > width) {
        lines.push(line);
        line = piece;
        columns = size;
      } else {
        line = columns > 0 ? `${line} ${piece}` : piece;
        columns += (columns > 0 ? 1 : 0) + size;
      }
    }
  }
  lines.push(line);
  return lines;
}

function breakWord(word: string, width: number): string[] {
  if (widthOf(word) <= width) return [word];
  const pieces: string[] = [];
  let piece = '';
  let columns = 0;
  for (const character of word) {
    const size = widthOf(character);
    if (columns + size > width) {
      pieces.push(piece);
      piece = '';
      columns = 0;
    }
    piece += character;
    columns += size;
  }
  return [...pieces, piece];
}

/** `1 packet`, `2,000 packets`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** `2,000`. Not `toLocaleString`, which loads the tables of all languages for this. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}
