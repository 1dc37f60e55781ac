import type { AnalysisResult } from '../model/analysis.ts';
import type { Checks, ExpectationCase } from '../model/check.ts';
import { linkTypeName } from '../model/code-points/link-types.ts';
import { quicVersionName } from '../model/code-points/quic-versions.ts';
import { suiteName } from '../model/code-points/suites.ts';
import { versionName } from '../model/code-points/versions.ts';
import type { Fault } from '../model/fault.ts';
import type { Finding } from '../model/finding.ts';
import type { CaptureNotice } from '../model/notice.ts';
import type { CaptureFacts } from '../model/packet.ts';
import type { QuicConnection } from '../model/quic.ts';
import { formatDate } from '../model/time.ts';
import { noticeText } from './notice-text.ts';
import { byFile, filterIn, inFiles, withFiles } from './places-in-files.ts';
import { busiest, type Repeated, type Repeats } from './repeats.ts';
import type { Ending } from './reporter.ts';
import type { RunContext } from './run-context.ts';
import type {
  ReportCapture,
  ReportChecks,
  ReportExpectationCase,
  ReportFault,
  ReportFinding,
  ReportQuic,
  ReportSummary,
} from './schema.ts';

/*
 * Everything of the report that is not a connection, as objects of the published schema. There are few of these, so they
 * are built plainly and the compiler holds them to the schema.
 */

/** @param index of the capture in `result.captures` */
export function captureObject(result: AnalysisResult, index: number): ReportCapture {
  const facts = result.captures[index] as CaptureFacts;
  return {
    path: facts.path,
    format: facts.format === 'unknown' ? null : facts.format,
    compression: facts.compression,
    bytes: facts.octets,
    packets: facts.packets,
    firstTime: date(facts.firstTime),
    lastTime: date(facts.lastTime),
    interfaces: facts.interfaces.map((face) => ({
      linkType: linkTypeName(face.linkType),
      snapLength: face.snapLength,
      name: face.name ?? null,
      dropped: face.dropped ?? null,
    })),
    notices: (result.notices[index] ?? []).map(noticeObject),
    noticesOmitted: { ...result.noticesOmitted[index] },
    comments: facts.comments.map(({ packet, text }) => ({
      packet: packet === 0 ? null : packet,
      text,
    })),
    commentsOmitted: facts.commentsOmitted,
    hostNames: [...facts.hostNames].map(([address, names]) => ({ address, names })),
    hostNamesOmitted: facts.hostNamesOmitted,
    passedOver: (facts.passedOver ?? []).map((one) => ({ ...one })),
  };
}

function noticeObject(notice: CaptureNotice): ReportCapture['notices'][number] {
  return {
    code: notice.code,
    packet: notice.packetNumber === 0 ? null : notice.packetNumber,
    message: noticeText(notice),
  };
}

function date(time: { seconds: number; nanos: number } | null): string | null {
  return time === null ? null : formatDate(time.seconds, time.nanos);
}

/** A finding as the schema has it; packet numbers are those of the file that each packet lies in. */
export function findingObject(given: Finding, id: number, run: RunContext): ReportFinding {
  const finding = inFiles(given, run, 'each');
  const files = run.hasSeveral ? byFile(finding, run) : [];
  const [first] = files;
  return {
    id,
    rule: finding.rule,
    severity: finding.severity,
    confidence: finding.confidence,
    title: finding.title,
    summary: finding.summary,
    connections: [...finding.connections],
    packets: finding.packets.map((packet) => run.numberInFile(packet)),
    ...(run.hasSeveral && {
      packetCaptures: finding.packets.map((packet) => run.captureOf(packet)),
    }),
    time: formatDate(run.epochSeconds, finding.nanos),
    evidence: finding.evidence.map((evidence) => ({
      capture: run.captureOf(evidence.packet),
      packet: run.numberInFile(evidence.packet),
      time: formatDate(run.epochSeconds, evidence.nanos),
      connection: evidence.connection === 0 ? null : evidence.connection,
      from: evidence.from ?? null,
      note: evidence.note,
    })),
    explanations: finding.explanations.map((explanation) => ({
      likelihood: explanation.likelihood,
      text: explanation.text,
      for: [...explanation.for],
      against: [...explanation.against],
    })),
    causes: [...finding.causes],
    remedies: [...finding.remedies],
    commands: [...finding.commands],
    references: finding.references.map(({ title, url }) => ({ title, url })),
    displayFilter: first === undefined ? finding.displayFilter : filterIn(first),
    ...(first !== undefined && {
      displayFilters: files.map((file) => ({ capture: file.capture, filter: filterIn(file) })),
    }),
    table: finding.table?.map((row) => [...row]) ?? null,
  };
}

/** Whose fault a failed handshake was, as the schema has it. */
export function faultObject(fault: Fault, run: RunContext): ReportFault {
  const { ending } = fault;
  const say = (text: string): string => withFiles(text, run);
  return {
    connection: fault.connection,
    endedBy: ending?.by ?? null,
    ending:
      ending === undefined
        ? null
        : {
            how: ending.how,
            capture: run.captureOf(ending.packet),
            packet: run.numberInFile(ending.packet),
            time: formatDate(run.epochSeconds, ending.nanos),
          },
    likelier: fault.likelier,
    confidence: fault.confidence ?? null,
    rules: [...fault.rules],
    for: fault.for.map(say),
    against: fault.against.map(say),
    settle: fault.settle.map(say),
  };
}

/** A QUIC connection as the schema has it; null for what only its Initial packets would have told. */
export function quicObject(one: QuicConnection, run: RunContext): ReportQuic {
  const { clientHello: hello, tlsVersion, cipherSuite } = one;
  const capture = run.captureOf(one.firstPacket);
  const lastCapture = run.captureOf(one.lastPacket);
  return {
    capture,
    stream: one.stream,
    client: { ...one.client },
    server: { ...one.server },
    rolesKnown: one.rolesKnown,
    firstPacket: run.numberInFile(one.firstPacket),
    startTime: formatDate(run.epochSeconds, one.startNanos),
    lastPacket: run.numberInFile(one.lastPacket),
    ...(lastCapture !== capture && { lastCapture }),
    endTime: formatDate(run.epochSeconds, one.endNanos),
    quicVersion: quicVersionName(one.version),
    version: tlsVersion === undefined ? null : versionName(tlsVersion),
    cipherSuite:
      cipherSuite === undefined ? null : { code: cipherSuite, name: suiteName(cipherSuite) },
    serverName: hello?.serverName ?? null,
    alpn: [...(hello?.alpn ?? [])],
    fingerprints: {
      ja3: one.fingerprints.ja3 ?? null,
      ja3s: one.fingerprints.ja3s ?? null,
      ja4: one.fingerprints.ja4 ?? null,
    },
    ech: hello?.offersEncryptedHello ? 'offered' : null,
    versionsOffered: (hello?.versions ?? []).map(versionName),
    clientRandom: hello === undefined ? null : hexOf(hello.random),
    clientHello:
      hello === undefined
        ? null
        : {
            cipherSuites: [...hello.cipherSuites],
            extensions: [...hello.extensions],
            supportedGroups: [...hello.supportedGroups],
            signatureAlgorithms: [...hello.signatureAlgorithms],
          },
  };
}

const hexOf = (octets: Uint8Array): string =>
  Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('');

/** The totals of a run, in JSON and in SARIF alike. */
export function summaryObject(ending: Ending, repeats: Repeats, run: RunContext): ReportSummary {
  const { result, tally, selection, interrupted } = ending;
  return {
    packets: result.packets,
    flows: result.flows,
    connections: tally.connections,
    outcomes: { ...tally.outcomes },
    findings: { ...tally.findings },
    findingsOmitted: { ...result.findingsOmitted },
    ...(result.faultsOmitted > 0 && { faultsOmitted: result.faultsOmitted }),
    repeated: repeats.list().flatMap((one) => repeatedObjects(one, run)),
    coverage: result.coverage.map(({ rule, assessed, notAssessable }) => ({
      rule,
      assessed,
      notAssessable: { ...notAssessable },
    })),
    quic: { connections: result.quic.connections.length, omitted: result.quic.omitted },
    oddities: result.oddities.map(({ kind, connections }) => ({ kind, connections })),
    ...(selection !== '' && { filteredOut: result.connections - tally.connections }),
    ...(interrupted && { interrupted }),
  };
}

/** What a run was held against: members of the report, or of the summary line. */
export function checkObjects(checks: Checks | undefined, run: RunContext): ReportChecks {
  const { expectations, baseline } = checks ?? {};
  return {
    ...(expectations && {
      expectations: {
        path: expectations.path,
        results: expectations.results.map((one) => ({
          expectation: one.expectation,
          scope: one.scope,
          note: one.note,
          verdict: one.verdict,
          assessed: one.assessed,
          failures: one.failures.map((item) => caseObject(item, run)),
          failureCount: one.failureCount,
          unproven: one.unproven.map((item) => caseObject(item, run)),
          unprovenCount: one.unprovenCount,
        })),
      },
    }),
    ...(baseline && {
      baseline: {
        path: baseline.path,
        entries: baseline.entries.map((entry) => ({
          ...entry,
          severity: entry.severity ?? null,
          until: entry.until ?? null,
        })),
        suppressed: baseline.suppressed.map(({ finding: given, entry }) => {
          const { rule, severity, title, connections, packets } = inFiles(given, run, 'each');
          return {
            entry,
            rule,
            severity,
            title,
            connections: [...connections],
            packets: packets.map((packet) => run.numberInFile(packet)),
            ...(run.hasSeveral && {
              packetCaptures: packets.map((packet) => run.captureOf(packet)),
            }),
          };
        }),
        suppressedCount: baseline.suppressedCount,
      },
    }),
  };
}

function caseObject(
  { connection, packet, text }: ExpectationCase,
  run: RunContext,
): ReportExpectationCase {
  return {
    connection: connection === 0 ? null : connection,
    capture: packet === 0 ? null : run.captureOf(packet),
    packet: packet === 0 ? null : run.numberInFile(packet),
    text,
  };
}

function repeatedObjects(repeated: Repeated, run: RunContext): ReportSummary['repeated'] {
  const { rule, title, severity, confidence } = repeated;
  return busiest(repeated).map(({ server, occurrences, omitted, ids }) => ({
    ...{ rule, title, severity, confidence },
    server: server ?? null,
    occurrences,
    omitted,
    findings: [...ids],
    firstTime: formatDate(run.epochSeconds, repeated.firstNanos),
    lastTime: formatDate(run.epochSeconds, repeated.lastNanos),
  }));
}
