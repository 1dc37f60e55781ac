import type { AnalysisOptions, AnalysisResult } from '../../src/model/analysis.ts';
import type { Fault } from '../../src/model/fault.ts';
import type { Finding } from '../../src/model/finding.ts';
import type { ConnectionHistory } from '../../src/model/history.ts';
import { createAnalysis } from '../../src/pipeline/analysis.ts';
import { NdjsonReporter } from '../../src/report/json.ts';
import { Tally } from '../../src/report/reporter.ts';
import { RunContext } from '../../src/report/run-context.ts';
import type { Octets } from './hello-builder.ts';

/** All that a history can be asked, so that it outlives the call. */
export type KeptHistory = Omit<ConnectionHistory, 'ordinary'>;

export interface Analysed {
  readonly connections: readonly KeptHistory[];
  readonly findings: readonly Finding[];
  readonly faults: readonly Fault[];
  readonly result: AnalysisResult;
  /** The report, a line for each connection and finding, then the captures and the summary. */
  readonly lines: readonly string[];
}

interface HowToRead extends AnalysisOptions {
  /** Sizes of the chunks in which the file is read, over and over; the whole file unless given. */
  readonly chunks?: readonly number[];
}

/** Runs the whole pipeline over capture files. */
export function analyse(files: Octets | readonly Octets[], how: HowToRead = {}): Analysed {
  const { chunks, ...options } = how;
  const connections: KeptHistory[] = [];
  const findings: Finding[] = [];
  const faults: Fault[] = [];
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  const list = files instanceof Uint8Array ? [files] : files;
  const run = new RunContext(() => analysis);
  const reporter = new NdjsonReporter(
    (octets) => {
      text += decoder.decode(octets, { stream: true });
    },
    run,
    '0',
  );
  const tally = new Tally();
  const analysis = createAnalysis(
    {
      connection(history) {
        tally.connection(history);
        reporter.connection(history);
        connections.push(keep(history));
      },
      finding(finding) {
        tally.finding(finding);
        reporter.finding(finding);
        findings.push(finding);
      },
      fault(fault) {
        reporter.fault(fault);
        faults.push(fault);
      },
    },
    { ...options, ...(list.length > 1 && { several: true }) },
  );
  for (const file of list) {
    const intake = analysis.beginCapture('test.pcap', null);
    for (let at = 0, n = 0; at < file.length; n++) {
      const size = chunks?.[n % chunks.length] ?? file.length;
      // A chunk may be reused after the call: what was kept of it must have been copied.
      const chunk = file.slice(at, at + size);
      intake.push(chunk);
      chunk.fill(0xee);
      at += size;
    }
    intake.end(file.length);
  }
  const result = analysis.end();
  reporter.end({ result, tally, selection: '', interrupted: false });
  const lines = (text + decoder.decode()).trimEnd().split('\n');
  return { connections, findings, faults, result, lines };
}

/** The only connection of a capture. */
export function onlyConnection(file: Octets): KeptHistory {
  const { connections } = analyse(file);
  const [only] = connections;
  if (only === undefined || connections.length > 1)
    throw new Error(`${connections.length} connections, not one`);
  return only;
}

function keep(h: ConnectionHistory): KeptHistory {
  const { dtls } = h;
  return {
    id: h.id,
    protocol: h.protocol,
    transport: h.transport,
    stream: h.stream,
    client: h.client,
    server: h.server,
    rolesFrom: h.rolesFrom,
    firstPacket: h.firstPacket,
    lastPacket: h.lastPacket,
    startNanos: h.startNanos,
    endNanos: h.endNanos,
    versionsOffered: [...h.versionsOffered],
    version: h.version,
    cipherSuite: h.cipherSuite,
    serverName: h.serverName,
    alpn: h.alpn,
    clientRandom: h.clientRandom?.slice(),
    serverRandom: h.serverRandom?.slice(),
    resumed: h.resumed,
    extendedMasterSecret: h.extendedMasterSecret,
    encryptThenMac: h.encryptThenMac,
    ech: h.ech,
    resumption: structuredClone(h.resumption),
    foreignCookie: structuredClone(h.foreignCookie),
    clientHello: h.clientHello && structuredClone(h.clientHello),
    serverHello: h.serverHello && structuredClone(h.serverHello),
    curve: h.curve,
    outcome: h.outcome,
    stage: h.stage,
    bothDirections: h.bothDirections,
    messages: structuredClone(h.messages),
    alerts: structuredClone(h.alerts),
    records: structuredClone(h.records),
    changeCipherSpec: structuredClone(h.changeCipherSpec),
    protectedRecords: structuredClone(h.protectedRecords),
    strays: h.strays.map((one) => ({ ...one })),
    clientFlight: structuredClone(h.clientFlight),
    oddities: structuredClone(h.oddities),
    heartbeats: structuredClone(h.heartbeats),
    missingRecords: structuredClone(h.missingRecords),
    blindSpots: [...h.blindSpots],
    decryption: structuredClone(h.decryption),
    signatures: structuredClone(h.signatures),
    upgrade: structuredClone(h.upgrade),
    innerTls: structuredClone(h.innerTls),
    tcp: h.tcp && structuredClone(h.tcp),
    dtls: dtls && {
      isOrderUnknown: dtls.isOrderUnknown,
      ordinal: dtls.ordinal,
      siblings: [...dtls.siblings],
      connectionIds: structuredClone(dtls.connectionIds),
      paths: structuredClone(dtls.paths),
      pathsOmitted: dtls.pathsOmitted,
      idMisfits: structuredClone(dtls.idMisfits),
      continues: structuredClone(dtls.continues),
      epochs: structuredClone(dtls.epochs),
      clientHellos: structuredClone(dtls.clientHellos),
      verifyRequests: structuredClone(dtls.verifyRequests),
      answered: structuredClone(dtls.answered),
      probableClose: structuredClone(dtls.probableClose),
      finishedTransmissions: structuredClone(dtls.finishedTransmissions),
      anomalies: structuredClone(dtls.anomalies),
      anomaliesOmitted: dtls.anomaliesOmitted,
      acks: structuredClone(dtls.acks ?? []),
      flights: structuredClone(dtls.flights),
      portUnreachable: structuredClone(dtls.portUnreachable),
      company: structuredClone(dtls.company),
      replacesOpen: dtls.replacesOpen,
    },
  };
}
