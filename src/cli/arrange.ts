import type { CaptureTime } from '../model/analysis.ts';
import { LIMITS } from '../model/limits.ts';
import { SECOND } from '../model/time.ts';
import { printable } from '../report/printable.ts';
import { plural } from '../report/style.ts';
import type { Parts } from './parts.ts';
import type { CaptureInput, Track } from './read-captures.ts';
import { byName, rotatedSets } from './rotated-set.ts';
import { UsageError } from './usage-error.ts';

/** Captures in the order in which they are read, and what is to be said about it. */
export interface Arranged {
  readonly tracks: readonly Track[];
  readonly notices: readonly string[];
}

interface Looked {
  readonly path: string;
  readonly input: CaptureInput;
  readonly size: number | undefined;
  readonly isCapture: boolean;
  readonly time: CaptureTime | undefined;
  /** Its first packet was looked for as far as `LIMITS.firstPacketOctets`, and not found. */
  readonly isLate: boolean;
}

/**
 * Puts captures into the order of their first packets: files of a rotated set one behind the other, everything else side
 * by side. The order in which they are given does not matter. Those without packets come last.
 *
 * @param fromFolders paths of files that may be something else: those are left out
 * @throws UsageError when that leaves nothing
 */
export async function arrange(
  inputs: readonly CaptureInput[],
  fromFolders: ReadonlySet<string>,
  parts: Pick<Parts, 'createFirstPacket'>,
): Promise<Arranged> {
  const captures: Looked[] = [];
  const others: string[] = [];
  for (const input of inputs) {
    const mayBeOther = fromFolders.has(input.path);
    const looked = await look(input, parts, mayBeOther);
    if (looked.isCapture || !mayBeOther) captures.push(looked);
    else others.push(input.path);
  }
  if (captures.length === 0) throw new UsageError(noneText(others));
  captures.sort(byName);
  const tracks = rotatedSets(captures, ({ time }) => time && nanosOf(time)).map((files) => ({
    inputs: files.map(({ input, size }) => ({ ...input, size })),
    time: files.find(({ time }) => time !== undefined)?.time,
  }));
  const last = Number.POSITIVE_INFINITY;
  tracks.sort((a, b) => (a.time ? nanosOf(a.time) : last) - (b.time ? nanosOf(b.time) : last) || 0);
  const late = captures.filter(({ isLate }) => isLate).map(({ path }) => path);
  const notices = others.length === 0 ? [] : [othersText(others)];
  return { tracks, notices: late.length === 0 ? notices : [...notices, lateText(late)] };
}

/** Good enough to sort by: exact to a quarter of a microsecond, and equal ones stay in the order of their names. */
function nanosOf({ seconds, nanos }: CaptureTime): number {
  return seconds * SECOND + nanos;
}

async function look(
  input: CaptureInput,
  { createFirstPacket }: Pick<Parts, 'createFirstPacket'>,
  mayBeOther: boolean,
): Promise<Looked> {
  const probe = createFirstPacket();
  let size: number | undefined;
  let isLate = false;
  try {
    const source = await input.open();
    size = source.size;
    let octets = 0;
    for await (const chunk of source) {
      octets += chunk.length;
      if (!pushPieces(chunk, probe)) break;
      isLate = octets >= LIMITS.firstPacketOctets;
      if (isLate) break;
    }
  } catch (error) {
    if (!mayBeOther) throw error;
  }
  probe.end();
  return { path: input.path, input, size, isCapture: probe.isCapture, time: probe.time, isLate };
}

const PIECE_OCTETS = 16 * 1024;

/** The first packet is mostly near the beginning of a chunk. */
function pushPieces(chunk: Uint8Array, probe: { push(chunk: Uint8Array): boolean }): boolean {
  for (let at = 0; at < chunk.length; at += PIECE_OCTETS)
    if (!probe.push(chunk.subarray(at, at + PIECE_OCTETS))) return false;
  return true;
}

const NAMED = 3;

function named(paths: readonly string[]): string {
  const some = paths.slice(0, NAMED).map((path) => `'${printable(path)}'`);
  const more = paths.length > NAMED ? `, and ${paths.length - NAMED} more` : '';
  return `${some.join(', ')}${more}`;
}

function othersText(paths: readonly string[]): string {
  return `${plural(paths.length, 'file')} left out that ${paths.length === 1 ? 'is no capture' : 'are no captures'}: ${named(paths)}`;
}

function lateText(paths: readonly string[]): string {
  return `no packet in the first ${LIMITS.firstPacketOctets} octets of ${plural(paths.length, 'capture')}, read last whatever their time: ${named(paths)}`;
}

function noneText(paths: readonly string[]): string {
  return `there is no capture in the directory; ${othersText(paths)}`;
}
