import type { ExpectationCase, ExpectationResult } from '../model/check.ts';
import type { Finding, Severity } from '../model/finding.ts';
import { LIMITS } from '../model/limits.ts';
import type { RulePage } from '../model/rule.ts';
import { formatDate } from '../model/time.ts';
import { expectationText } from './check-text.ts';
import { endpointText } from './connection-rows.ts';
import { GatheringReporter } from './gathering-reporter.ts';
import { type OctetSink, OctetWriter, toJson } from './octet-writer.ts';
import { byFile, filterIn, inFiles } from './places-in-files.ts';
import { EACH_UP_TO, repeatsOf } from './repeats.ts';
import { captureObject, faultObject, summaryObject } from './report-objects.ts';
import { byWeight, type Ending } from './reporter.ts';
import type { RunContext } from './run-context.ts';
import { EXPECTATION_RULE, ruleDescriptor } from './sarif-rules.ts';
import { artifactUri, Fingerprints, messageText } from './sarif-text.ts';

/** What SARIF knows of our severities. Ours are in the properties of each result. */
const LEVELS: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  critical: 'error',
  error: 'error',
  warning: 'warning',
  info: 'note',
};

/** Evidence that is told of one finding, and places of one expectation. */
const EVIDENCE_LIMIT = 64;
const CASES_LIMIT = 20;

/**
 * The report as SARIF 2.1.0, for code scanning services and viewers: a run, its rules as far as something was found, and a
 * result for each finding. Known findings are results with a suppression; expectations that do not hold are results too.
 *
 * A capture has no lines, and services show a result at a line: so every place is said to be line 1 of its file, and
 * packets are named in words and in the properties.
 */
export class SarifReporter extends GatheringReporter {
  private readonly out: OctetWriter;
  private readonly toolVersion: string;
  private readonly rules: ReadonlyMap<string, RulePage>;
  private readonly told: string[] = [];
  private readonly fingerprints = new Fingerprints();
  private results = 0;
  private omitted = 0;

  constructor(sink: OctetSink, run: RunContext, toolVersion: string, rules: readonly RulePage[]) {
    super(run);
    this.out = new OctetWriter(sink);
    this.toolVersion = toolVersion;
    this.rules = new Map(rules.map((rule) => [rule.id, rule]));
  }

  end(ending: Ending): void {
    const { out } = this;
    const { expectations, baseline } = ending.checks ?? {};
    out.text(
      '{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"results":[',
    );
    for (const finding of this.each(this.findings.sort(byWeight))) this.tell(finding);
    for (const result of expectations?.results ?? [])
      for (const one of this.expectationResults(result)) this.tell(one);
    const { suppressed = [], entries = [] } = baseline ?? {};
    const reasons = new Map(
      suppressed.map(({ finding, entry }) => [finding, entries[entry]?.reason]),
    );
    for (const result of this.each([...reasons.keys()], reasons)) this.tell(result);
    out.text(`\n],\n${toJson(this.rest(ending)).slice(1, -1)}}]}\n`);
    out.flush();
  }

  private tell(result: object): void {
    if (this.results === LIMITS.sarifResults) {
      this.omitted++;
      return;
    }
    this.out.text(`${this.results === 0 ? '\n' : ',\n'}${toJson(result)}`);
    this.results++;
  }

  /** A result for each finding; one for all of a rule about one server and name, if they are many. */
  private *each(
    findings: readonly Finding[],
    reasons?: ReadonlyMap<Finding, string | undefined>,
  ): Generator<object> {
    const keys = findings.map((finding) => [finding.rule, ...this.parties(finding)].join(' '));
    const counts = new Map<string, number>();
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
    for (const [index, finding] of findings.entries()) {
      const key = keys[index] ?? '';
      const count = counts.get(key) ?? 0;
      if (count === 0) continue;
      const isOneOfMany = count > EACH_UP_TO;
      if (isOneOfMany) counts.set(key, 0);
      const justification = messageText(reasons?.get(finding) ?? '');
      yield {
        ...this.result(finding),
        ...(isOneOfMany && { occurrenceCount: count }),
        ...(reasons && { suppressions: [{ kind: 'external', status: 'accepted', justification }] }),
      };
    }
  }

  /** What a run has beside its results. The rules are known once these are told. */
  private rest(ending: Ending): object {
    const { result, interrupted } = ending;
    const captures = result.captures.map((_, index) => captureObject(result, index));
    return {
      tool: {
        driver: {
          name: 'tlsdiag',
          version: this.toolVersion,
          semanticVersion: this.toolVersion,
          rules: this.told.map((id) => {
            const rule = this.rules.get(id);
            if (rule !== undefined) return ruleDescriptor(rule, LEVELS);
            return id === EXPECTATION_RULE.id ? EXPECTATION_RULE : { id };
          }),
        },
      },
      columnKind: 'utf16CodeUnits',
      artifacts: captures.map(({ path, bytes, format, packets }) => ({
        location: { uri: artifactUri(path) },
        length: bytes,
        roles: ['analysisTarget'],
        properties: { format, packets },
      })),
      invocations: [
        {
          executionSuccessful:
            !interrupted &&
            result.internalErrors === 0 &&
            captures.every(({ format }) => format !== null),
          toolExecutionNotifications: captures.flatMap(({ notices }, capture) =>
            notices.map(({ code, message, packet }) => ({
              descriptor: { id: code },
              level: 'warning',
              message: { text: messageText(message) },
              locations: [this.place(capture, packet ?? 0)],
            })),
          ),
        },
      ],
      properties: {
        summary: summaryObject(ending, repeatsOf(this.findings, ending), this.run),
        resultsOmitted: this.omitted,
      },
    };
  }

  private result(given: Finding): object {
    const { run } = this;
    const finding = inFiles(given, run, 'each');
    const { rule, severity, confidence, title, summary, evidence, connections } = finding;
    const files = byFile(finding, run);
    const filters = files.map((file) => filterIn(file));
    const who = this.parties(finding);
    return {
      ruleId: rule,
      ruleIndex: this.ruleIndex(rule),
      kind: 'fail',
      level: LEVELS[severity],
      message: { text: messageText(`${title}: ${summary}`) },
      locations: files.map(({ capture, packets }) => ({
        ...this.place(capture, packets[0] ?? 0),
        logicalLocations: connections.slice(0, EVIDENCE_LIMIT).map((id) => this.logical(id)),
      })),
      codeFlows: [
        {
          message: { text: 'The decisive packets' },
          threadFlows: this.threads(finding),
        },
      ],
      partialFingerprints: this.fingerprints.of([rule, ...who]),
      properties: {
        severity,
        confidence,
        connections,
        packets: finding.packets.map((packet) => run.numberInFile(packet)),
        displayFilter: run.hasSeveral ? filters[0] : finding.displayFilter,
        explanations: finding.explanations.map(({ likelihood, text }) => `${likelihood}: ${text}`),
        causes: finding.causes,
        remedies: finding.remedies,
        faults: connections
          .slice(0, EVIDENCE_LIMIT)
          .flatMap((id) => this.faults.get(id) ?? [])
          .map((fault) => faultObject(fault, run)),
        evidenceOmitted: Math.max(0, evidence.length - EVIDENCE_LIMIT),
      },
    };
  }

  /** The decisive packets, a thread for each connection, in the order in which they came. */
  private threads({ evidence }: Finding): object[] {
    const told = evidence.slice(0, EVIDENCE_LIMIT);
    const lanes = [...new Set(told.map(({ connection }) => connection))];
    return lanes.map((id) => ({
      id: id === 0 ? 'outside of connections' : `connection ${id}`,
      locations: told.flatMap(({ packet, nanos, connection, from, note }, index) => {
        if (connection !== id) return [];
        const sender = from === undefined ? '' : ` from the ${from}`;
        const { run } = this;
        const number = run.numberInFile(packet);
        return {
          executionOrder: index + 1,
          executionTimeUtc: formatDate(run.epochSeconds, nanos),
          location: {
            ...this.place(run.captureOf(packet), number),
            message: { text: messageText(`packet ${number}${sender}: ${note}`) },
          },
        };
      }),
    }));
  }

  private expectationResults(result: ExpectationResult): object[] {
    const { verdict, failures, failureCount, unproven, unprovenCount, note } = result;
    if (verdict === 'met') return [];
    const nothing: ExpectationCase = {
      connection: 0,
      packet: 0,
      text: 'there is nothing in the capture that it could be held against',
    };
    const failed = verdict === 'failed';
    const cases = failed ? failures : unproven;
    const words = expectationText(result);
    const shown = cases.length === 0 ? [nothing] : cases.slice(0, CASES_LIMIT);
    return shown.map(({ connection, packet, text }) => ({
      ruleId: EXPECTATION_RULE.id,
      ruleIndex: this.ruleIndex(EXPECTATION_RULE.id),
      ...(verdict === 'failed'
        ? { kind: 'fail', level: 'error' }
        : { kind: 'open', level: 'none' }),
      message: { text: messageText(`${words}: ${text}`) },
      locations: [
        {
          ...this.place(
            packet === 0 ? 0 : this.run.captureOf(packet),
            this.run.numberInFile(packet),
          ),
          ...(connection > 0 && { logicalLocations: [this.logical(connection)] }),
        },
      ],
      partialFingerprints: this.fingerprints.of([EXPECTATION_RULE.id, words]),
      properties: { verdict, note, places: failed ? failureCount : unprovenCount },
    }));
  }

  /** Server and name of the owner: they stay the same from capture to capture, other than numbers and ports of clients. */
  private parties({ connections, server }: Finding): string[] {
    const row = this.rows.get(connections[0] ?? 0);
    if (row !== undefined) return [row.server, row.serverName ?? ''];
    return server === undefined ? [] : [endpointText(server)];
  }

  /** @param number of the packet in its file; 0 for none */
  private place(capture: number, number: number) {
    return {
      physicalLocation: {
        artifactLocation: { uri: artifactUri(this.run.pathOf(capture)), index: capture },
        region: { startLine: 1 },
      },
      ...(number > 0 && { properties: { packet: number } }),
    };
  }

  private logical(id: number): object {
    const row = this.rows.get(id);
    const name = `connection ${id}`;
    if (row === undefined) return { name, kind: 'connection' };
    const who = `${row.client} to ${row.server}`;
    return {
      name,
      fullyQualifiedName: `${this.run.hasSeveral ? '' : `${row.stream}: `}${who}`,
      kind: 'connection',
    };
  }

  private ruleIndex(id: string): number {
    const known = this.told.indexOf(id);
    return known >= 0 ? known : this.told.push(id) - 1;
  }
}
