/**
 * The captures of a run. A single one is read straight into the analysis. Of several, those that overlap in time are
 * open side by side, and their packets are put into one order: the earliest first, of equal ones the file that was begun
 * first, and within a file the order of the file, whatever its times say. `mergecap` does the same.
 */
import { CaptureReader } from '../capture/capture-reader.ts';
import type { EmbeddedSecrets } from '../capture/decryption-secrets.ts';
import type { AnalysisOptions, CaptureIntake, CaptureTime } from '../model/analysis.ts';
import { LIMITS } from '../model/limits.ts';
import type { CaptureFacts, PacketCursor, PacketSink } from '../model/packet.ts';
import { formatDuration, SECOND } from '../model/time.ts';
import { emptyFacts } from './capture-facts.ts';
import type { NoticeBook } from './notice-book.ts';
import type { Places } from './packet-places.ts';
import { PacketQueue } from './packet-queue.ts';

/** Takes packets numbered over all captures. */
interface RunSink extends PacketSink {
  /** Octets of `chunk` stay where they are until `endChunk`. */
  beginChunk(chunk: Uint8Array): void;
  endChunk(): void;
}

export class Captures {
  readonly facts: CaptureFacts[] = [];
  private readonly sink: RunSink;
  private readonly book: NoticeBook;
  private readonly places: Places;
  private readonly options: Pick<AnalysisOptions, 'reader' | 'several'>;
  private readonly onSecrets: (secrets: EmbeddedSecrets) => void;
  /** Files with packets to come, in the order in which they were begun. */
  private readonly open: Intake[] = [];
  private horizon: CaptureTime | undefined;
  /** Numbers given to packets so far. */
  private numbered = 0;
  /** The file whose packets follow each other at present. */
  private alone: Intake | undefined;
  /** The point at which the packet being analysed was captured: the first file of its rotated set. */
  point = 0;
  private readonly pointOf = new Map<CaptureFacts, number>();
  /** The file that each one continues. */
  private readonly before: (CaptureFacts | undefined)[] = [];

  constructor(
    sink: RunSink,
    book: NoticeBook,
    options: Pick<AnalysisOptions, 'reader' | 'several'>,
    onSecrets: (secrets: EmbeddedSecrets) => void,
  ) {
    this.sink = sink;
    this.book = book;
    this.places = book.places;
    this.options = options;
    this.onSecrets = onSecrets;
  }

  begin(
    path: string,
    compression: CaptureFacts['compression'],
    continues: CaptureFacts | undefined,
  ): CaptureIntake {
    const { sink, options } = this;
    const facts = emptyFacts(path, compression);
    const index = this.facts.push(facts) - 1;
    this.places.paths.push(path);
    const notices = this.book.beginCapture();
    const several = options.several === true;
    const point = (continues && this.pointOf.get(continues)) ?? index;
    const intake = new Intake(this, sink, index, point, facts);
    intake.reader = new CaptureReader(several ? intake : sink, notices, facts, {
      reader: options.reader ?? 'native',
      firstPacketNumber: 1,
      onSecrets: this.onSecrets,
    });
    intake.atEnd = (damaged) => {
      if (damaged !== undefined)
        notices.notice({ ...ABOUT_FILE, code: 'compressed-data-damaged', detail: damaged });
      const { largestPacket } = facts;
      if (largestPacket > LIMITS.networkPacketOctets)
        notices.notice({ ...ABOUT_FILE, code: 'large-packets', needed: largestPacket });
      const step = stepBack(continues, facts);
      if (step > LIMITS.clockStepNanos)
        notices.notice({
          ...ABOUT_FILE,
          code: 'clock-backwards',
          detail: `by ${formatDuration(step)} at least`,
        });
      if (several) this.close();
    };
    this.pointOf.set(facts, point);
    this.before.push(continues);
    if (several) this.open.push(intake);
    else this.places.follow(1, 0, 1);
    return intake;
  }

  /** Was a clock set back between the files of these packets, so that the time from one to another means nothing? */
  isAcrossStep(packets: readonly number[]): boolean {
    const files = packets.map((packet) => this.places.captureOf(packet));
    const first = Math.min(...files);
    return this.facts
      .slice(first + 1, Math.max(...files) + 1)
      .some((facts, at) => stepBack(this.before[first + 1 + at], facts) > LIMITS.clockStepNanos);
  }

  holdAfter(time: CaptureTime | undefined): void {
    this.horizon = time;
  }

  proceed(): void {
    const { open } = this;
    for (;;) {
      this.close();
      if (open.length === 0 || open.some(({ isSpent }) => isSpent)) return;
      const first = earliest(open);
      const next = earliest(open, first);
      if (first === undefined || isAfter(first.queue.head, this.horizon)) return;
      do {
        this.take(first, first.queue.head, next !== undefined);
        first.queue.shift();
      } while (
        !first.isSpent &&
        (next === undefined || comesBefore(first, next)) &&
        !isAfter(first.queue.head, this.horizon)
      );
    }
  }

  /** A packet as its reader finds it. */
  packet(intake: Intake, cursor: PacketCursor): void {
    if (this.open.length === 1 && intake.isSpent && !isAfter(cursor, this.horizon))
      this.take(intake, cursor, false);
    else intake.queue.add(cursor);
  }

  private take(intake: Intake, cursor: PacketCursor, byTurns: boolean): void {
    const number = cursor.packetNumber;
    this.numberUpTo(intake, number, byTurns);
    cursor.packetNumber = this.numbered;
    this.sink.packet(cursor);
  }

  /** Numbers the packets of a file up to `number`; in front of one may stand units that hold none and have a number. */
  private numberUpTo(intake: Intake, number: number, byTurns: boolean): void {
    const { places, book } = this;
    book.current = intake.index;
    this.point = intake.point;
    if (byTurns) {
      this.alone = undefined;
      while (intake.number < number) places.add(++this.numbered, intake.index, ++intake.number);
      return;
    }
    if (this.alone !== intake) {
      this.alone = intake;
      places.follow(this.numbered + 1, intake.index, intake.number + 1);
    }
    this.numbered += number - intake.number;
    intake.number = number;
  }

  /** Files that are over and whose packets were all taken make room. */
  private close(): void {
    const { open } = this;
    for (let at = open.length - 1; at >= 0; at--) {
      const intake = open[at] as Intake;
      if (!intake.isOver || !intake.isSpent) continue;
      if (intake.number < intake.facts.frames)
        this.numberUpTo(intake, intake.facts.frames, open.length > 1);
      open.splice(at, 1);
    }
  }
}

const ABOUT_FILE = { packetNumber: 0, offset: -1, needed: 0, available: 0 } as const;

/** A file that is being read. */
class Intake implements CaptureIntake, PacketSink {
  readonly index: number;
  readonly point: number;
  readonly facts: CaptureFacts;
  readonly queue = new PacketQueue();
  reader: CaptureReader | undefined;
  atEnd: (damaged: string | undefined) => void = () => undefined;
  isOver = false;
  /** The last of its packets that was analysed. */
  number = 0;
  private readonly captures: Captures;
  private readonly sink: RunSink;

  constructor(
    captures: Captures,
    sink: RunSink,
    index: number,
    point: number,
    facts: CaptureFacts,
  ) {
    this.captures = captures;
    this.sink = sink;
    this.index = index;
    this.point = point;
    this.facts = facts;
  }

  get isSpent(): boolean {
    return this.queue.isEmpty;
  }

  push(chunk: Uint8Array): boolean {
    this.sink.beginChunk(chunk);
    this.reader?.push(chunk);
    this.sink.endChunk();
    return this.reader?.finished === false;
  }

  packet(cursor: PacketCursor): void {
    this.captures.packet(this, cursor);
  }

  end(octets: number, damaged?: string): CaptureFacts {
    const { facts, reader } = this;
    reader?.end();
    facts.octets = octets;
    const problem = reader?.problem;
    if (problem !== undefined)
      facts.problem = damaged === undefined ? problem : unreadable(damaged);
    this.reader = undefined;
    this.isOver = true;
    this.atEnd(damaged);
    return facts;
  }
}

/** Damage that left too little to tell what was packed. */
function unreadable(damaged: string): string {
  return `${damaged}, before there was a capture to read; fetch or pack the file again`;
}

/** The file whose first packet is the earliest, leaving one out. */
function earliest(open: readonly Intake[], but?: Intake): Intake | undefined {
  let found: Intake | undefined;
  for (const intake of open)
    if (intake !== but && (found === undefined || comesBefore(intake, found))) found = intake;
  return found;
}

function comesBefore(a: Intake, b: Intake): boolean {
  const order = compare(a.queue.head, b.queue.head);
  return order < 0 || (order === 0 && a.index < b.index);
}

function isAfter(time: CaptureTime, horizon: CaptureTime | undefined): boolean {
  return horizon !== undefined && compare(time, horizon) > 0;
}

function compare(a: CaptureTime, b: CaptureTime): number {
  return a.seconds - b.seconds || a.nanos - b.nanos;
}

/** How far a file begins before the end of the one that it continues. */
function stepBack(before: CaptureFacts | undefined, { firstTime }: CaptureFacts): number {
  const last = before?.lastTime;
  if (!last || !firstTime) return 0;
  return (last.seconds - firstTime.seconds) * SECOND + last.nanos - firstTime.nanos;
}
