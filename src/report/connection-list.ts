import { alertDescriptionName } from '../model/code-points/alerts.ts';
import { suiteName } from '../model/code-points/suites.ts';
import { versionName } from '../model/code-points/versions.ts';
import type { ConnectionHistory } from '../model/history.ts';
import { formatDate, formatDuration } from '../model/time.ts';
import { endpointText, idsText, openedText } from './connection-rows.ts';
import type { OctetSink } from './octet-writer.ts';
import { printable } from './printable.ts';
import type { Reporter } from './reporter.ts';
import type { RunContext } from './run-context.ts';
import type { Style } from './style.ts';
import { alignRow, columnWidths } from './table.ts';

type Cell = (history: ConnectionHistory, run: RunContext) => string | undefined;

/** The columns of `tlsdiag connections` by name, each with what it shows. */
export const COLUMNS: Readonly<Record<string, readonly [string, Cell]>> = {
  id: ['number of the connection', ({ id }) => String(id)],
  capture: [
    'index of the capture its first packet is in',
    ({ firstPacket }, run) => String(run.captureOf(firstPacket)),
  ],
  stream: ["Wireshark's stream", ({ transport, stream }) => `${transport}:${stream}`],
  protocol: ['TLS or DTLS', ({ protocol }) => protocol],
  client: ['who sends the ClientHello', ({ client }) => endpointText(client)],
  server: ['its peer', ({ server }) => endpointText(server)],
  'client-name': [
    'name that the capture gives for its address',
    ({ client }, run) => run.hostName(client.address),
  ],
  'server-name': ['the same of its peer', ({ server }, run) => run.hostName(server.address)],
  version: ['negotiated version', ({ version }) => named(version, versionName)],
  suite: ['negotiated suite', ({ cipherSuite }) => named(cipherSuite, suiteName)],
  sni: ['server name', ({ serverName }) => serverName],
  ech: ['what became of an encrypted ClientHello, or GREASE', ({ ech }) => ech],
  alpn: ['application protocol', ({ alpn }) => alpn],
  upgrade: ['what TLS began behind, like smtp', ({ upgrade }) => upgrade?.protocol],
  target: [
    'whom a proxy was asked to connect to',
    ({ upgrade }) => upgrade?.target && `${upgrade.target.host}:${upgrade.target.port}`,
  ],
  proxied: [
    'the client that a PROXY header names',
    ({ upgrade }) => upgrade?.proxied && endpointText(upgrade.proxied.source),
  ],
  inner: [
    'server name of TLS inside this connection, where secrets show it',
    ({ innerTls }) => innerTls && (innerTls.serverName ?? 'TLS'),
  ],
  ids: [
    'connection ids to the server and to the client',
    ({ dtls }) => dtls?.connectionIds && idsText(dtls.connectionIds),
  ],
  resumed: [
    'yes or no',
    ({ resumed }) => (resumed === undefined ? undefined : resumed ? 'yes' : 'no'),
  ],
  outcome: ['how it ended', ({ outcome }) => outcome],
  stage: ['what was due when the handshake stopped', ({ stage }) => stage],
  alert: [
    'last readable alert and its sender',
    ({ alerts }) => {
      const alert = alerts.findLast(({ description }) => description !== undefined);
      return alert && `${alertDescriptionName(alert.description ?? 0)} (${alert.from})`;
    },
  ],
  first: ['its first packet', ({ firstPacket }, run) => String(run.numberInFile(firstPacket))],
  last: ['its last packet', ({ lastPacket }, run) => String(run.numberInFile(lastPacket))],
  start: ['time of the first', ({ startNanos }, run) => formatDate(run.epochSeconds, startNanos)],
  end: ['time of the last', ({ endNanos }, run) => formatDate(run.epochSeconds, endNanos)],
  duration: [
    'from first to last',
    ({ startNanos, endNanos }) =>
      endNanos > startNanos ? formatDuration(endNanos - startNanos) : '0 s',
  ],
  decryption: [
    'protected records that secrets opened, or why none did',
    ({ decryption }) =>
      decryption?.authenticated === 0 && decryption.obstacle !== undefined
        ? decryption.obstacle
        : openedText(decryption),
  ],
  ja3: ['fingerprint of the ClientHello', ({ fingerprints }) => fingerprints?.ja3],
  ja3s: ['fingerprint of the ServerHello', ({ fingerprints }) => fingerprints?.ja3s],
  ja4: ['fingerprint of the ClientHello, in order', ({ fingerprints }) => fingerprints?.ja4],
  'client-stack': [
    'TLS stack that the client seems to have, a guess',
    ({ fingerprints }) => fingerprints?.stacks?.client?.stack,
  ],
  'server-stack': [
    'TLS stack that the server seems to have, a guess',
    ({ fingerprints }) => fingerprints?.stacks?.server?.stack,
  ],
  blind: ['what could not be seen', ({ blindSpots }) => blindSpots.join(',') || undefined],
};

/** What `connections` shows unless it is asked for other columns: who, with what, how it ended, and where to look. */
export const DEFAULT_COLUMNS = [
  'id',
  'stream',
  'client',
  'server',
  'version',
  'suite',
  'sni',
  'outcome',
  'first',
  'last',
] as const;

/** Connections from which the widths of a table are taken before it is begun. */
const MEASURED = 500;

/**
 * Connections one a line as they end: a table for people, tabs and a heading line for programs. A value that is not known
 * is `-`; no cell holds a tab or a line break, since everything unprintable is escaped.
 */
export class ConnectionList implements Reporter {
  private readonly sink: OctetSink;
  private readonly run: RunContext;
  private readonly cells: readonly Cell[];
  private readonly style: Style | undefined;
  private pending: string[][];
  private widths: readonly number[] | undefined;
  private readonly encoder = new TextEncoder();

  /** @param style for a table; undefined for tabs */
  constructor(
    sink: OctetSink,
    run: RunContext,
    columns: readonly string[],
    style: Style | undefined,
  ) {
    this.sink = sink;
    this.run = run;
    this.cells = columns.map((name) => COLUMNS[name]?.[1] ?? (() => undefined));
    this.style = style;
    this.pending = [[...columns]];
  }

  connection(history: ConnectionHistory): void {
    const harmless = this.style?.fit ?? printable;
    this.pending.push(this.cells.map((cell) => harmless(cell(history, this.run) || '-')));
    if (this.pending.length > MEASURED) this.write();
  }

  finding(): void {}

  flush(): void {
    // A table waits until its widths are known; whoever follows a live capture pipes the output.
    if (this.style === undefined) this.write();
  }

  end(): void {
    this.write();
  }

  private write(): void {
    if (this.pending.length === 0) return;
    const rows = this.pending;
    this.pending = [];
    const lineOf = this.style === undefined ? joinByTabs : this.aligner(rows);
    this.sink(this.encoder.encode(rows.map((row) => `${lineOf(row)}\n`).join('')));
  }

  private aligner(rows: readonly string[][]): (row: readonly string[]) => string {
    const widths = this.widths ?? columnWidths(rows);
    this.widths = widths;
    return (row) => alignRow(row, widths);
  }
}

function named(code: number | undefined, nameOf: (code: number) => string): string | undefined {
  return code === undefined ? undefined : nameOf(code);
}

const joinByTabs = (row: readonly string[]): string => row.join('\t');
