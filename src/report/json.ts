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
 * Connections leave while the capture is read and are not kept; findings are kept, because they are sorted. What is known
 * at the end only comes after the connections, unless these are so few that none has left by then: then the document has
 * the order in which people read it.
 */
export class JsonReporter implements Reporter {
  private readonly sink: OctetSink;
  private readonly run: RunContext;
  private readonly toolVersion: string;
  private readonly out: OctetWriter;
  private readonly writer: ConnectionWriter;
  private readonly findings: Finding[] = [];
  private readonly faults: Fault[] = [];
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
    this.findings.push(finding);
  }

  fault(fault: Fault): void {
    this.faults.push(fault);
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
    this.findings.sort(byWeight);
    out.text('"findings":[');
    this.findings.forEach((finding, index) => {
      out.text(`${index === 0 ? '\n' : ',\n'}{${findingMembers(finding, index + 1, run)}}`);
    });
    out.text(
      `\n],\n"faults":${list(
        this.faults.map((fault) => toJson(faultObject(fault, run))),
      )},\n"quic":${list(
        ending.result.quic.connections.map((one) => toJson(quicObject(one, run))),
      )},\n`,
    );
    for (const [name, value] of Object.entries(checkObjects(ending.checks, run)))
      out.text(`"${name}":${toJson(value)},\n`);
    out.text(
      `"summary":${toJson(summaryObject(ending, repeatsOf(this.findings, ending), run))}}\n`,
    );
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
    const members = findingMembers(finding, this.findings, this.run);
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

/** A finding as JSON, without braces. What all findings of a rule have alike is put into words once. */
function findingMembers(finding: Finding, id: number, run: RunContext): string {
  const {
    causes: _c,
    remedies: _r,
    commands,
    references: _f,
    displayFilter,
    displayFilters,
    table,
    ...own
  } = findingObject(finding, id, run);
  return `${toJson(own).slice(1, -1)},"causes":${known(finding.causes)},"remedies":${known(
    finding.remedies,
  )},"commands":${run.hasSeveral ? toJson(commands) : known(finding.commands)},"references":${known(finding.references)},${toJson(
    {
      displayFilter,
      ...(displayFilters && { displayFilters }),
      table,
    },
  ).slice(1, -1)}`;
}

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
