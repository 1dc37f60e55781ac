import type { Fault } from '../model/fault.ts';
import type { Finding } from '../model/finding.ts';
import type { ConnectionHistory } from '../model/history.ts';
import { ConnectionWriter } from './json-connection.ts';
import { literal, type OctetSink, OctetWriter, toJson } from './octet-writer.ts';
import { countedOnly, Repeats, repeatsOf } from './repeats.ts';
import {
  captureObject,
  checkObjects,
  faultObject,
  findingObject,
  quicObject,
  summaryObject,
} from './report-objects.ts';
import { byWeight, type Ending, type Reporter } from './reporter.ts';
import type { RunContext } from './run-context.ts';
import type { SCHEMA_ID as SchemaId } from './schema.ts';
import { type FindingParts, WaitingFindings, WaitingTexts } from './waiting-findings.ts';

/** Written out again here, checked against its source by the compiler: the schema's module would load zod. */
const SCHEMA_ID: typeof SchemaId = 'tlsdiag.report/1';

const OPEN = literal('{');
const NEXT = literal(',\n{');
const CLOSE = literal('}');
const OPEN_LINE = literal('{"kind":"connection",');
const CLOSE_LINE = literal('}\n');

/**
 * The report as one JSON document, a connection a line.
 *
 * Connections leave while the capture is read and are not kept; findings are kept as they will be written, because they are
 * sorted. What is known at the end only comes after the connections, unless these are so few that none has left by then:
 * then the document has the order in which people read it.
 */
export class JsonReporter implements Reporter {
  private readonly sink: OctetSink;
  private readonly run: RunContext;
  private readonly toolVersion: string;
  private readonly out: OctetWriter;
  private readonly writer: ConnectionWriter;
  private readonly findings = new WaitingFindings();
  private readonly faults = new WaitingTexts();
  private connections = 0;
  private begun = false;

  constructor(sink: OctetSink, run: RunContext, toolVersion: string) {
    this.sink = sink;
    this.run = run;
    this.toolVersion = toolVersion;
    this.out = new OctetWriter((octets) => {
      if (!this.begun) this.begin('"connections":[\n');
      sink(octets);
    });
    this.writer = new ConnectionWriter(this.out, run);
  }

  connection(history: ConnectionHistory): void {
    this.out.reserve(4);
    this.out.literal(this.connections === 0 ? OPEN : NEXT);
    this.connections++;
    this.writer.write(history);
    this.out.literal(CLOSE);
  }

  finding(finding: Finding): void {
    this.findings.add(finding, findingParts(finding, this.run));
  }

  fault(fault: Fault): void {
    this.faults.add(toJson(faultObject(fault, this.run)));
  }

  /** A document is of use only when it is complete, so nothing is hurried. */
  flush(): void {}

  end(ending: Ending): void {
    const { out, run } = this;
    const captures = `"captures":${list(
      ending.result.captures.map((_, index) => toJson(captureObject(ending.result, index))),
    )}`;
    const capturesFirst = !this.begun;
    if (capturesFirst) this.begin(`${captures},\n"connections":[\n`);
    out.text(capturesFirst ? '\n],\n' : `\n],\n${captures},\n`);
    const findings = this.findings.list().sort(byWeight);
    out.text('"findings":[');
    findings.forEach((finding, index) => {
      const parts = this.findings.partsOf(finding);
      out.text(`${index === 0 ? '\n' : ',\n'}{${membersOf(parts, index + 1)}}`);
    });
    out.text('\n],\n"faults":[');
    this.faults.forEach((fault, index) => {
      out.text(`${index === 0 ? '\n' : ',\n'}${fault}`);
    });
    out.text(
      `${this.faults.count === 0 ? '' : '\n'}],\n"quic":${list(
        ending.result.quic.connections.map((one) => toJson(quicObject(one, run))),
      )},\n`,
    );
    for (const [name, value] of Object.entries(checkObjects(ending.checks, run)))
      out.text(`"${name}":${toJson(value)},\n`);
    out.text(`"summary":${toJson(summaryObject(ending, repeatsOf(findings, ending), run))}}\n`);
    out.flush();
  }

  private begin(rest: string): void {
    this.begun = true;
    const tool = toJson({ name: 'tlsdiag', version: this.toolVersion });
    this.sink(new TextEncoder().encode(`{"schema":"${SCHEMA_ID}","tool":${tool},\n${rest}`));
  }
}

/** The same objects one a line, each as soon as it is final; the captures at the end, when their figures are known. */
export class NdjsonReporter implements Reporter {
  private readonly run: RunContext;
  private readonly toolVersion: string;
  private readonly out: OctetWriter;
  private readonly writer: ConnectionWriter;
  private readonly repeats = new Repeats();
  private findings = 0;

  constructor(sink: OctetSink, run: RunContext, toolVersion: string) {
    this.run = run;
    this.toolVersion = toolVersion;
    this.out = new OctetWriter(sink);
    this.writer = new ConnectionWriter(this.out, run);
  }

  connection(history: ConnectionHistory): void {
    this.out.reserve(32);
    this.out.literal(OPEN_LINE);
    this.writer.write(history);
    this.out.literal(CLOSE_LINE);
  }

  finding(finding: Finding): void {
    this.findings++;
    this.repeats.add(finding, this.findings);
    const members = membersOf(findingParts(finding, this.run), this.findings);
    this.out.text(`{"kind":"finding",${members}}\n`);
  }

  fault(fault: Fault): void {
    this.line({ kind: 'fault', ...faultObject(fault, this.run) });
  }

  flush(): void {
    this.out.flush();
  }

  end(ending: Ending): void {
    for (const one of countedOnly(ending)) this.repeats.addOmitted(one);
    ending.result.captures.forEach((_, index) => {
      this.line({ kind: 'capture', ...captureObject(ending.result, index) });
    });
    for (const one of ending.result.quic.connections)
      this.line({ kind: 'quic', ...quicObject(one, this.run) });
    this.line({
      kind: 'summary',
      schema: SCHEMA_ID,
      tool: { name: 'tlsdiag', version: this.toolVersion },
      ...summaryObject(ending, this.repeats, this.run),
      ...checkObjects(ending.checks, this.run),
    });
    this.out.flush();
  }

  private line(object: object): void {
    this.out.text(`${toJson(object)}\n`);
  }
}

/** A finding as JSON, in parts. What all findings of a rule have alike is put into words once. */
function findingParts(finding: Finding, run: RunContext): FindingParts {
  const {
    id: _i,
    causes: _c,
    remedies: _r,
    commands,
    references: _f,
    displayFilter,
    displayFilters,
    table,
    ...own
  } = findingObject(finding, 0, run);
  return {
    own: toJson(own).slice(1, -1),
    alike: `"causes":${known(finding.causes)},"remedies":${known(
      finding.remedies,
    )},"commands":${run.hasSeveral ? toJson(commands) : known(finding.commands)},"references":${known(finding.references)}`,
    last: toJson({
      displayFilter,
      ...(displayFilters && { displayFilters }),
      table,
    }).slice(1, -1),
  };
}

/** A finding without braces. */
const membersOf = ({ own, alike, last }: FindingParts, id: number): string =>
  `"id":${id},${own},${alike},${last}`;

const KNOWN = new WeakMap<readonly unknown[], string>();

function known(value: readonly unknown[]): string {
  let text = KNOWN.get(value);
  if (text === undefined) {
    text = toJson(value);
    KNOWN.set(value, text);
  }
  return text;
}

function list(items: readonly string[]): string {
  return items.length === 0 ? '[]' : `[\n${items.join(',\n')}\n]`;
}
