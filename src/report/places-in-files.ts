import type { Evidence, Explanation, Finding } from '../model/finding.ts';
import { printable } from './printable.ts';
import type { RunContext } from './run-context.ts';

/** Packets of a finding that lie in one file. */
export interface FilePackets {
  readonly capture: number;
  /** As Wireshark numbers them there. */
  readonly packets: readonly number[];
}

/** Above this many packets a filter names their range: a longer list fits no filter bar. */
const LISTED_PACKETS = 64;

/** `packet 4`, `packets 4, 5 and 9`; of `packets 4 and 5, 108 µs later` not the time. */
const MENTIONED =
  /\b(?:[Pp]acket \d+|[Pp]ackets \d+(?:(?:, (?=\d+(?!\d|\.\d| (?!and |to )[^\s(]))| and | to )\d+)*)/g;
const FRAME = /\bframe\.number (==|<=|>=) (\d+)/g;

/** The packets of a finding by file, in the order in which they came. */
export function byFile({ packets }: Pick<Finding, 'packets'>, run: RunContext): FilePackets[] {
  const files = new Map<number, number[]>();
  for (const packet of packets) {
    const capture = run.captureOf(packet);
    const list = files.get(capture) ?? [];
    files.set(capture, list);
    list.push(run.numberInFile(packet));
  }
  return [...files].map(([capture, list]) => ({ capture, packets: list }));
}

/** The display filter that shows these packets in their file. Streams would have other numbers there. */
export function filterIn({ packets }: FilePackets): string {
  if (packets.length <= LISTED_PACKETS) return `frame.number in {${packets.join(',')}}`;
  return `frame.number >= ${packets[0]} && frame.number <= ${packets.at(-1)}`;
}

/**
 * A finding whose words number packets as their files do, and name the file where there are several. What is left to
 * numbers alone (`packets`, `evidence`, `displayFilter`) is as it was.
 *
 * @param naming whether each mention in a text names its file, or only one that is in another file than the one before
 */
export function inFiles(finding: Finding, run: RunContext, naming: 'each' | 'change'): Finding {
  if (!run.hasSeveral) return finding;
  const say = (text: string): string => withFiles(text, run, naming);
  return {
    ...finding,
    title: say(finding.title),
    summary: say(finding.summary),
    evidence: finding.evidence.map((one): Evidence => ({ ...one, note: say(one.note) })),
    explanations: finding.explanations.map(
      (one): Explanation => ({
        ...one,
        text: say(one.text),
        for: one.for.map(say),
        against: one.against.map(say),
      }),
    ),
    commands: finding.commands.flatMap((command) => commandsFor(command, finding, run)),
    ...(finding.table && { table: finding.table.map((row) => row.map(say)) }),
  };
}

/** Rules number packets over all files: `packet 17` becomes `packet 5 of b.pcap`. */
export function withFiles(
  text: string,
  run: RunContext,
  naming: 'each' | 'change' = 'each',
): string {
  if (!run.hasSeveral) return text;
  let known: number | undefined;
  const fileOf = (capture = 0): string => {
    const isKnown = naming === 'change' && capture === known;
    known = capture;
    return isKnown ? '' : ` of ${run.nameOf(capture)}`;
  };
  return text.replace(MENTIONED, (mention) => {
    const parts = mention.split(/(\d+)/);
    const captures = (mention.match(/\d+/g) ?? []).map((packet) => run.captureOf(Number(packet)));
    const isOne = captures.every((capture) => capture === captures[0]);
    const told = parts.map((part, index) => {
      if (index % 2 === 0) return part;
      const number = String(run.numberInFile(Number(part)));
      return isOne ? number : `${number}${fileOf(captures[(index - 1) / 2])}`;
    });
    return `${told.join('')}${isOne ? fileOf(captures[0]) : ''}`;
  });
}

/** A command for each file that it is about, with the numbers that packets have there. */
function commandsFor(command: string, finding: Finding, run: RunContext): string[] {
  const frames = [...command.matchAll(FRAME)].map(([, , packet]) => Number(packet));
  const about = frames.length > 0 ? frames : finding.packets.slice(0, 1);
  const captures = new Set(about.map((packet) => run.captureOf(packet)));
  return [...captures].map((capture) =>
    command
      .replace(FRAME, (_, relation: string, packet: string) =>
        run.captureOf(Number(packet)) === capture
          ? `frame.number ${relation} ${run.numberInFile(Number(packet))}`
          : ELSEWHERE,
      )
      .replaceAll(` || ${ELSEWHERE}`, '')
      .replaceAll(`${ELSEWHERE} || `, '')
      .replace(/\bCAPTURE\b/g, () => shellWord(run.pathOf(capture)) ?? 'CAPTURE'),
  );
}

/** Stands for a packet of another file while a command is put together; no packet has this number. */
const ELSEWHERE = 'frame.number == 0';

/** The name of a capture as it can be put into a command; undefined where no shell would find it. */
export function shellWord(path: string): string | undefined {
  if (path === '-') return undefined;
  if (/^[\w./][\w./-]*$/.test(path)) return path;
  // What the report would have to escape, no shell would find.
  return printable(path) === path ? `'${path.replaceAll("'", "'\\''")}'` : undefined;
}
