import type { InputStream } from '../io/open-capture.ts';

/** A stream that takes output; `process.stdout` is one. */
export interface TextOutput {
  /** False: wait for `drain` before writing on. */
  write(data: string | Uint8Array): boolean;
  readonly isTTY?: boolean;
  readonly columns?: number;
  on?(event: 'drain' | 'error', listener: (error: Error) => void): unknown;
}

/** The variables that are asked for. */
export interface Environment {
  readonly NO_COLOR?: string | undefined;
  readonly FORCE_COLOR?: string | undefined;
  readonly TERM?: string | undefined;
  readonly LC_ALL?: string | undefined;
  readonly LC_CTYPE?: string | undefined;
  readonly LANG?: string | undefined;
  readonly COLUMNS?: string | undefined;
}

/** The signals that end the reading and not the report. */
export type EndSignal = 'SIGINT' | 'SIGTERM';

/** What the command line needs of the process; `process` itself is one. */
export interface Streams {
  readonly stdin: InputStream;
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  readonly env?: Environment;
  once?(event: EndSignal, listener: () => void): unknown;
  off?(event: EndSignal, listener: () => void): unknown;
}

/** The options that say how a terminal is written to. */
export interface TerminalFlags {
  readonly color?: boolean;
  readonly ascii?: boolean;
}

/** Is what is written to this stream coloured? Flags win over the environment, the environment over the terminal. */
export function wantsColor(
  stream: TextOutput | undefined,
  env: Environment | undefined,
  flag: boolean | undefined,
): boolean {
  if (flag !== undefined) return flag;
  const forced = env?.FORCE_COLOR;
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  if (env?.NO_COLOR) return false;
  return stream?.isTTY === true && env?.TERM !== 'dumb';
}

/** Does the locale promise that a terminal shows more than ASCII? POSIX asks these variables in this order. */
export function wantsAscii(env: Environment | undefined, flag: boolean | undefined): boolean {
  if (flag !== undefined) return flag;
  const locale = env?.LC_ALL || env?.LC_CTYPE || env?.LANG || '';
  return !/utf-?8/i.test(locale);
}

/**
 * Columns to fill, within what is comfortable to read: the terminal's; where there is none those that `COLUMNS` asks for,
 * or 100.
 */
export function columnsOf(stream: TextOutput | undefined, env?: Environment): number {
  const asked = /^\d{1,4}$/.test(env?.COLUMNS ?? '') ? Number(env?.COLUMNS) : 100;
  return Math.min(Math.max(stream?.isTTY ? (stream.columns ?? 80) : asked, 60), 120);
}
