import type { CaptureSource } from '../io/open-capture.ts';
import type { Analysis, CaptureIntake, CaptureTime } from '../model/analysis.ts';
import type { SecretsInput } from '../model/decryption.ts';
import { LIMITS } from '../model/limits.ts';
import type { CaptureFacts } from '../model/packet.ts';
import type { Parts } from './parts.ts';
import { UsageError } from './usage-error.ts';

/** A capture that can be opened, more than once unless it is a pipe. */
export interface CaptureInput {
  readonly path: string;
  /** It can be read only once. */
  readonly isPipe?: boolean;
  /** Octets of the file as stored, as far as known. */
  readonly size?: number | undefined;
  open(): Promise<CaptureSource>;
}

/** Captures that are read one after the other: a file, or those of a rotated set. */
export interface Track {
  readonly inputs: readonly CaptureInput[];
  /** When the first packet was captured; undefined without packets, and where it does not matter. */
  readonly time: CaptureTime | undefined;
}

/** What an analysis has to know about them beforehand. */
export function severalOf(tracks: readonly Track[]): { several?: boolean; mayOverlap?: boolean } {
  const several = tracks.length > 1 || tracks.some(({ inputs }) => inputs.length > 1);
  return { ...(several && { several }), ...(tracks.length > 1 && { mayOverlap: true }) };
}

/** How the caller follows a reading, and ends it before the captures do. */
export interface ReadingHooks {
  /** Called after each chunk with the stored octets read so far, over all captures; false ends the reading. */
  afterChunk?(octetsRead: number): Promise<boolean> | boolean;
  /** Ends the reading when aborted. */
  readonly signal?: AbortSignal;
}

/**
 * Pushes captures through an analysis, as far as they go. A track is opened when the packets read so far have come to
 * the moment of its first one, so that only files that overlap in time are open together.
 *
 * @param tracks in the order of their time
 * @returns false when the reading was ended early
 * @throws UsageError when too many overlap
 */
export async function readCaptures(
  tracks: readonly Track[],
  analysis: Analysis,
  hooks: ReadingHooks = {},
): Promise<boolean> {
  const due = [...tracks];
  const open: Reading[] = [];
  const progress = { read: 0 };
  try {
    for (;;) {
      analysis.holdAfter(due[0]?.time);
      const isReady = ({ isSpent }: Reading): boolean => isSpent;
      if (!open.some(isReady)) analysis.proceed();
      const spent = open.find(isReady);
      if (spent !== undefined) {
        const state = await spent.step(open.length > 1);
        if (state === 'aborted') return false;
        if (state === 'over') open.splice(open.indexOf(spent), 1);
        if (state === 'read' && (await hooks.afterChunk?.(progress.read)) === false) return false;
        continue;
      }
      const next = due.shift();
      if (next === undefined) return true;
      if (open.length === LIMITS.openCaptures) throw tooMany();
      open.push(new Reading(next.inputs, analysis, progress, hooks.signal));
    }
  } finally {
    for (const reading of open) reading.stop();
    analysis.holdAfter(undefined);
    analysis.proceed();
  }
}

function tooMany(): UsageError {
  return new UsageError(
    `more than ${LIMITS.openCaptures} captures overlap in time; merge them first: mergecap -w all.pcapng FILES`,
  );
}

/** A track being read. */
class Reading {
  private readonly inputs: CaptureInput[];
  private readonly analysis: Analysis;
  private readonly progress: { read: number };
  private readonly signal: AbortSignal | undefined;
  private file: OpenFile | undefined;
  private last: CaptureFacts | undefined;

  constructor(
    inputs: readonly CaptureInput[],
    analysis: Analysis,
    progress: { read: number },
    signal: AbortSignal | undefined,
  ) {
    this.inputs = [...inputs];
    this.analysis = analysis;
    this.progress = progress;
    this.signal = signal;
  }

  get isSpent(): boolean {
    return this.file === undefined || this.file.intake.isSpent;
  }

  /**
   * Reads on.
   *
   * @param inPieces what is read is copied until other captures come to it, so it is read in small pieces
   */
  async step(inPieces: boolean): Promise<'on' | 'read' | 'over' | 'aborted'> {
    const { signal } = this;
    if (this.file === undefined) {
      const input = this.inputs.shift();
      if (input === undefined) return 'over';
      const source = await orAborted(input.open(), signal);
      if (source === undefined) return 'aborted';
      const intake = this.analysis.beginCapture(input.path, source.compression, this.last);
      const chunks = source[Symbol.asyncIterator]();
      this.file = { source, intake, chunks, chunk: NOTHING, at: 0, read: 0, isOver: false };
      return 'on';
    }
    const { file } = this;
    if (file.isOver) {
      this.file = undefined;
      return 'on';
    }
    if (file.at === file.chunk.length) {
      const next = await orAborted(file.chunks.next(), signal);
      if (next === undefined) return 'aborted';
      if (next.done) this.end(file, true);
      else {
        file.chunk = next.value;
        file.at = 0;
      }
    }
    const rest = file.chunk.length - file.at;
    const taken = inPieces ? Math.min(rest, LIMITS.waitingOctets) : rest;
    if (!file.isOver) {
      const wantsMore = file.intake.push(file.chunk.subarray(file.at, file.at + taken));
      file.at += taken;
      if (!wantsMore) this.leave(file);
    }
    this.progress.read += file.source.octetsRead - file.read;
    file.read = file.source.octetsRead;
    return signal?.aborted ? 'aborted' : 'read';
  }

  /** Nothing more is read. */
  stop(): void {
    const { file } = this;
    if (file === undefined || file.isOver) return;
    // Not awaited: it settles only after a pending read, which may be never.
    void file.chunks.return?.();
    this.end(file, false);
  }

  /** Nothing of the rest is of use. */
  private leave(file: OpenFile): void {
    void file.chunks.return?.();
    this.end(file, true);
  }

  private end(file: OpenFile, wasWhole: boolean): void {
    file.isOver = true;
    file.chunk = NOTHING;
    file.at = 0;
    const { octetsRead, damaged, size } = file.source;
    const octets = wasWhole ? (size ?? octetsRead) : octetsRead;
    this.last = file.intake.end(octets, damaged);
  }
}

interface OpenFile {
  readonly source: CaptureSource;
  readonly intake: CaptureIntake;
  readonly chunks: AsyncIterator<Uint8Array>;
  /** What was read last, and how far it was pushed. */
  chunk: Uint8Array;
  at: number;
  /** Of `source.octetsRead`, what the progress knows. */
  read: number;
  isOver: boolean;
}

const NOTHING = new Uint8Array(0);

/**
 * The secrets of a run with those that its captures carry, which may stand behind the packets that they open. A pipe
 * cannot be read twice: what it carries is used from where it stands.
 */
export async function withEmbedded(
  given: SecretsInput | undefined,
  inputs: readonly CaptureInput[],
  parts: Pick<Parts, 'createSecretsScan'>,
  signal?: AbortSignal,
): Promise<SecretsInput | undefined> {
  if (inputs.some(({ isPipe }) => isPipe)) return given;
  const keyLogs = [...(given?.keyLogs ?? [])];
  for (const input of inputs) {
    const source = await orAborted(input.open(), signal);
    if (source === undefined) break;
    const scan = parts.createSecretsScan();
    for await (const chunk of untilAborted(source, signal)) if (!scan.push(chunk)) break;
    keyLogs.push(...scan.keyLogs);
  }
  if (given === undefined && keyLogs.length === 0) return undefined;
  return { rsaKeys: [], psks: [], ...given, keyLogs, hasEmbedded: true };
}

/** The chunks of a source until the signal is given. */
async function* untilAborted(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await orAborted(iterator.next(), signal);
      if (next === undefined || next.done) return;
      yield next.value;
    }
  } finally {
    // Not awaited: it settles only after a pending read, which may be never.
    void iterator.return?.();
  }
}

/** What is awaited, or undefined when the signal is given before: a pipe may never bring anything. */
async function orAborted<Value>(
  awaited: Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value | undefined> {
  if (signal === undefined) return awaited;
  let onAbort = (): void => {};
  try {
    return await new Promise<Value | undefined>((resolve, reject) => {
      onAbort = () => resolve(undefined);
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort);
      awaited.then(resolve, reject);
    });
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
