import type { CaptureSource } from '../io/open-capture.ts';
import type { Analysis } from '../model/analysis.ts';
import type { SecretsInput } from '../model/decryption.ts';
import type { CaptureFacts } from '../model/packet.ts';
import type { RunContext } from '../report/run-context.ts';
import type { Parts } from './parts.ts';

/** A capture that can be opened, more than once unless it is a pipe. */
export interface CaptureInput {
  readonly path: string;
  /** It can be read only once. */
  readonly isPipe?: boolean;
  open(): Promise<CaptureSource>;
}

export interface ReadingHooks {
  /** Called after each chunk; false ends the reading. */
  afterChunk?(source: CaptureSource): Promise<boolean> | boolean;
  /** Ends the reading when aborted. */
  readonly signal?: AbortSignal;
}

/**
 * Pushes captures through an analysis, one after the other, as far as they go.
 *
 * @returns false when the reading was ended early
 */
export async function readCaptures(
  inputs: readonly CaptureInput[],
  analysis: Analysis,
  run: RunContext,
  { afterChunk, signal }: ReadingHooks = {},
): Promise<boolean> {
  for (const input of inputs) {
    const source = await orAborted(input.open(), signal);
    if (source === undefined) return false;
    run.beginCapture(analysis.packets);
    analysis.beginCapture(input.path, source.compression);
    let complete = true;
    for await (const chunk of untilAborted(source, signal)) {
      analysis.push(chunk);
      if ((await afterChunk?.(source)) === false) complete = false;
      if (!complete) break;
    }
    analysis.endCapture(source.octetsRead, source.damaged);
    if (!complete || signal?.aborted) return false;
  }
  return true;
}

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

/**
 * Sorts the files of a rotated set by the time of their first packet. A file without a readable first packet keeps its
 * place behind the one before it.
 *
 * @param createProbe makes an analysis that is used for the beginning of one file
 */
export async function inTimeOrder(
  inputs: readonly CaptureInput[],
  createProbe: () => Analysis,
): Promise<CaptureInput[]> {
  const dated: { input: CaptureInput; time: Time }[] = [];
  for (const input of inputs) {
    const time = await firstTime(input, createProbe());
    dated.push({ input, time: time ?? dated.at(-1)?.time ?? { seconds: 0, nanos: 0 } });
  }
  return dated
    .sort((a, b) => a.time.seconds - b.time.seconds || a.time.nanos - b.time.nanos)
    .map(({ input }) => input);
}

type Time = NonNullable<CaptureFacts['firstTime']>;

/** Enough for the file header, the blocks that pcapng puts first, and a packet. */
const PROBE_OCTETS = 256 * 1024;

async function firstTime(input: CaptureInput, probe: Analysis): Promise<Time | null> {
  const source = await input.open();
  probe.beginCapture(input.path, source.compression);
  for await (const chunk of source) {
    probe.push(chunk.subarray(0, PROBE_OCTETS));
    break;
  }
  return probe.endCapture(source.octetsRead).firstTime;
}
