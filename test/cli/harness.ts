import { EventEmitter } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { main } from '../../src/cli/main.ts';
import type { FirstPacketFinder, Parts } from '../../src/cli/parts.ts';
import type { Environment, Streams, TextOutput } from '../../src/cli/streams.ts';
import { openCapture } from '../../src/io/open-capture.ts';
import type { AnalysisOptions, AnalysisResult } from '../../src/model/analysis.ts';
import type { Finding } from '../../src/model/finding.ts';
import type { ConnectionHistory } from '../../src/model/history.ts';
import type { CaptureFacts } from '../../src/model/packet.ts';
import type { RulePage } from '../../src/model/rule.ts';
import { FAKE_EPOCH, fakeCapture, fakePlaces, fakeResult } from '../support/fake-run.ts';

/** What a fake analysis finds in whatever it is given. */
interface Script {
  readonly connections?: readonly ConnectionHistory[];
  readonly findings?: readonly Finding[];
  readonly result?: Partial<AnalysisResult>;
  /** Of each file, by the first octet of its content; `fakeCapture()` unless given. */
  readonly captures?: Readonly<Record<string, Partial<CaptureFacts>>>;
  /** Called with every chunk. */
  readonly onChunk?: (() => void) | undefined;
}

/** What was asked of the fake analyses. */
interface Journal {
  readonly options: AnalysisOptions[];
  /** Paths in the order in which the last analysis read them. */
  read: string[];
}

const RULES: readonly RulePage[] = [
  ruleMeta('dtls-late-close-notify', 'info'),
  ruleMeta('handshake-alert', 'error'),
];

function ruleMeta(id: string, severity: RulePage['severity']): RulePage {
  return {
    id,
    group: 'handshake',
    title: `Title of ${id}`,
    samples: [{ capture: 'samples/one/capture.pcap', secrets: '' }],
    severity,
    sources: ['RFC 6347 §4.2.8', 'RFC 5246 §A.3', 'Somebody’s blog'],
    reports: 'What it reports, said at some length so that the line has to be broken somewhere.',
    matters: 'Why it matters.',
    decides: 'How it decides.',
    silent: 'When it is silent.',
    messages: {
      only: {
        what: 'Packet {packet}.',
        causes: ['a cause'],
        remedies: ['look at {server}'],
        commands: ['openssl s_client -connect HOST:PORT'],
      },
    },
  };
}

const firstOf = (chunk: Uint8Array): string => String.fromCharCode(chunk[0] ?? 0);

/** Finds what the script says of a file whose content begins like that. */
function fakeFirstPacket(script: Script): FirstPacketFinder {
  let facts = fakeCapture({ format: 'unknown', firstTime: null });
  return {
    get time() {
      return facts.firstTime ?? undefined;
    },
    get isCapture() {
      return facts.format !== 'unknown';
    },
    push(chunk) {
      facts = fakeCapture(script.captures?.[firstOf(chunk)]);
      return false;
    },
    end() {},
  };
}

function fakeParts(script: Script = {}): { parts: Parts; journal: Journal } {
  const journal: Journal = { options: [], read: [] };
  const parts: Parts = {
    openCapture,
    rules: RULES,
    createSecretsScan: () => ({ keyLogs: [], push: () => false }),
    createFirstPacket: () => fakeFirstPacket(script),
    createAnalysis(sink, options) {
      journal.options.push(options);
      journal.read = [];
      const captures: CaptureFacts[] = [];
      let first: string | undefined;
      return {
        epochSeconds: FAKE_EPOCH,
        hostName: () => undefined,
        get packets() {
          return first === undefined ? 0 : 34;
        },
        get places() {
          return fakePlaces(captures);
        },
        beginCapture(path) {
          first = undefined;
          journal.read.push(path);
          return {
            isSpent: true,
            push(chunk) {
              first ??= firstOf(chunk);
              script.onChunk?.();
              return true;
            },
            end() {
              const facts = fakeCapture({ path, ...script.captures?.[first ?? ''] });
              captures.push(facts);
              return facts;
            },
          };
        },
        holdAfter() {},
        proceed() {},
        end() {
          for (const history of script.connections ?? []) sink.connection(history);
          for (const finding of script.findings ?? []) sink.finding(finding);
          return fakeResult({
            captures,
            connections: script.connections?.length ?? 0,
            ...script.result,
          });
        },
      };
    },
  };
  return { parts, journal };
}

/** Collects what is written to it. */
export class FakeOutput extends EventEmitter implements TextOutput {
  text = '';
  readonly isTTY: boolean;
  readonly columns: number;
  private readonly decoder = new TextDecoder();

  constructor(isTTY = false, columns = 80) {
    super();
    this.isTTY = isTTY;
    this.columns = columns;
  }

  write(data: string | Uint8Array): boolean {
    this.text += typeof data === 'string' ? data : this.decoder.decode(data, { stream: true });
    return true;
  }
}

export interface Situation extends Script {
  readonly tty?: boolean;
  readonly columns?: number;
  readonly env?: Environment;
  readonly stdin?: Uint8Array | Readable;
  readonly stdout?: FakeOutput;
  readonly onStart?: (process: EventEmitter) => void;
}

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly journal: Journal;
}

/** Runs a command line against a fake analysis. */
export async function run(argv: readonly string[], situation: Situation = {}): Promise<Ran> {
  const { tty = false, columns = 80, env = { LANG: 'C.UTF-8' }, stdin } = situation;
  const { parts, journal } = fakeParts(situation);
  const stdout = situation.stdout ?? new FakeOutput(tty, columns);
  const stderr = new FakeOutput(tty, columns);
  const process = Object.assign(new EventEmitter(), {
    stdin: stdin instanceof Readable ? stdin : Readable.from(stdin ? [Buffer.from(stdin)] : []),
    stdout,
    stderr,
    env,
  });
  situation.onStart?.(process);
  const status = await main(argv, process as unknown as Streams, parts);
  return { status, stdout: stdout.text, stderr: stderr.text, journal };
}

const folder = mkdtempSync(join(tmpdir(), 'tlsdiag-cli-'));

/** A file in a temporary folder. */
export function file(name: string, content = 'x'): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}
