import { Chalk, type ChalkInstance } from 'chalk';
import stringWidth from 'string-width';
import { printable, toAscii } from './printable.ts';

/** How text is put on a terminal or a page. */
export interface Style {
  readonly paint: ChalkInstance;
  readonly ascii: boolean;
  /** Columns to fill. */
  readonly width: number;
  /** Makes any text fit to be printed: nothing the terminal obeys, and nothing but ASCII where that is wanted. */
  fit(text: string): string;
}

export interface StyleOptions {
  readonly color: boolean;
  readonly ascii: boolean;
  readonly width: number;
}

export function createStyle({ color, ascii, width }: StyleOptions): Style {
  return {
    // The sixteen colours that every terminal has and lets its user choose.
    paint: new Chalk({ level: color ? 1 : 0 }),
    ascii,
    width,
    fit: ascii ? (text) => toAscii(printable(text)) : printable,
  };
}

const PRINTABLE_ASCII = /^[ -~]*$/;

/** Columns that a text takes: wide characters take two, combining ones none. */
export function widthOf(text: string): number {
  return PRINTABLE_ASCII.test(text) ? text.length : stringWidth(text);
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
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}
