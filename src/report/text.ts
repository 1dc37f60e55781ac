import type { Finding } from '../model/finding.ts';
import type { CaptureFacts } from '../model/packet.ts';
import type { StackName } from '../model/stack.ts';
import { GatheringReporter } from './gathering-reporter.ts';
import type { OctetSink } from './octet-writer.ts';
import { inFiles, shellWord, withFiles } from './places-in-files.ts';
import { type Repeats, repeatsOf, type Unit, unitsOf } from './repeats.ts';
import { byWeight, type Ending } from './reporter.ts';
import type { RunContext } from './run-context.ts';
import { prepareWidths, type Style } from './style.ts';
import { baselineLines, expectationLines } from './text-checks.ts';
import { findingBlock, findingLine } from './text-finding.ts';
import { closingLines, headingLines, silenceLines } from './text-frame.ts';
import { overviewLines } from './text-overview.ts';

/** How much the text report tells. */
export interface TextOptions {
  /** Everything in full: notes, and all findings of a rule. */
  readonly verbose: boolean;
}

/** Different findings of one rule up to which all are told; beyond, only the first ones are. */
export const ALL_UP_TO = 20;
export const FIRST_ONES = 5;
const WIDE = 12;

/**
 * The report for people: what was read, then findings with the worst first, then what was looked at and what could not
 * be seen. Told at the end, since the worst may come last; keeps a short row of every connection, not its history.
 */
export class TextReporter extends GatheringReporter {
  private readonly sink: OctetSink;
  private readonly style: Style;
  private readonly options: TextOptions;

  constructor(sink: OctetSink, run: RunContext, style: Style, options: TextOptions) {
    super(run);
    this.sink = sink;
    this.style = style;
    this.options = options;
  }

  async end(ending: Ending): Promise<void> {
    // Nothing that could be read is no report; the error says so on standard error.
    if (ending.result.captures.every(({ format }) => format === 'unknown')) return;
    this.findings.sort(byWeight);
    const repeats = repeatsOf(this.findings, ending);
    if (!this.style.ascii) await prepareWidths(this.wording(ending, repeats));
    const frame = { ending, rows: this.rows, style: this.style };
    this.say(headingLines(frame));
    const telling = { run: this.run, verbose: this.options.verbose };
    const checks = ending.checks ?? {};
    const expected = expectationLines(checks, this.style, telling);
    if (expected.length > 0) this.say(['', ...expected]);
    if (this.findings.length === 0) this.say(['', ...silenceLines(frame)]);
    this.tellFindings(onlyName(ending.result.captures), repeats);
    this.say(['', ...closingLines(frame, this.options.verbose)]);
    this.say(baselineLines(checks, this.style, telling));
  }

  /** Everything that the text may hold characters of unusual width from. */
  private wording({ result, checks }: Ending, repeats: Repeats): string {
    const names = this.rows.all().map(({ serverName }) => serverName ?? '');
    names.push(...result.quic.connections.map(({ clientHello }) => clientHello?.serverName ?? ''));
    const paths = result.captures.map(({ path }) => path);
    const comments = result.captures.flatMap((one) => one.comments.map(({ text }) => text));
    const hosts = result.captures.flatMap(({ hostNames }) => [...hostNames.values()].flat());
    const told = this.units(repeats).map(({ finding }) => finding);
    return [JSON.stringify([told, checks]), ...names, ...paths, ...hosts, ...comments].join('');
  }

  private tellFindings(capture: string | undefined, repeats: Repeats): void {
    const { style, rows, run, faults } = this;
    const { verbose } = this.options;
    const units = this.units(repeats);
    const totals = countBy(units, ({ finding }) => finding.rule);
    const told = new Map<string, number>();
    const advised = new Map<string, number>();
    const aided = new Map<StackName, number>();
    // One cause in full fits a screen, several do not.
    const isCrowded =
      units.some(({ repeated }) => repeated !== undefined) &&
      units.filter(({ finding }) => finding.severity !== 'info').length > 1;
    if (isCrowded) this.say(['', ...overviewLines(units, style, run)]);
    units.forEach(({ finding: given, id, repeated }, index) => {
      const finding = inFiles(given, run, 'change');
      const { rule } = finding;
      const total = totals.get(rule) ?? 0;
      const before = told.get(rule) ?? 0;
      told.set(rule, before + 1);
      if (!verbose && total > ALL_UP_TO && before >= FIRST_ONES) {
        if (before === FIRST_ONES) this.say(['', ...this.theRest(rule, units.slice(index))]);
        return;
      }
      if (finding.severity === 'info' && !verbose) {
        this.say(['', ...findingLine(finding, id, { run, style, repeated })]);
        return;
      }
      const advice = JSON.stringify([finding.causes, finding.remedies, finding.commands]);
      const adviceIn = advised.get(advice);
      if (adviceIn === undefined) advised.set(advice, id);
      const context = {
        style,
        rows,
        run,
        faults,
        capture,
        aided,
        repeated,
        isBrief: isCrowded && (repeated !== undefined || isWide(finding)),
        ...(adviceIn !== undefined && { adviceIn }),
      };
      this.say(['', ...findingBlock(finding, id, context)]);
    });
  }

  private units(repeats: Repeats): Unit[] {
    return unitsOf(this.findings, this.options.verbose ? undefined : repeats);
  }

  /** One line for the findings of a rule that are not told, with the places of the next few. */
  private theRest(rule: string, from: readonly Unit[]): string[] {
    const { style } = this;
    const rest = from.filter(({ finding }) => finding.rule === rule);
    const packets = rest.slice(0, 8).map(({ finding }) => finding.packets[0] ?? 0);
    const named = withFiles(`packets ${packets.join(', ')}`, this.run);
    const places = `${style.fit(named)}${rest.length > packets.length ? ', ...' : ''}`;
    const count = rest.reduce((sum, { repeated }) => sum + (repeated?.occurrences ?? 1), 0);
    return [
      `${style.paint.strong(`and ${count} more of ${style.fit(rule)}`)} (${places}); -v tells all`,
    ];
  }

  private say(lines: readonly string[]): void {
    const text = lines.map((line) => `${line.trimEnd()}\n`).join('');
    this.sink(new TextEncoder().encode(text));
  }
}

/** It is about more connections than anybody looks at, and not the worst. */
const isWide = ({ connections, severity }: Finding): boolean =>
  connections.length > WIDE && severity !== 'critical';

/** The name of the only capture as it can be put into a command. */
export function onlyName(captures: readonly CaptureFacts[]): string | undefined {
  const [only] = captures;
  return captures.length !== 1 || only === undefined ? undefined : shellWord(only.path);
}

/** How many items have each key, the keys in the order in which they came up. */
export function countBy<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}
