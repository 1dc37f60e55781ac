import type { AnalysisSink } from '../model/analysis.ts';
import type { Fault } from '../model/fault.ts';
import { CONFIDENCES, type Confidence, type Finding } from '../model/finding.ts';
import type { ConnectionHistory } from '../model/history.ts';
import type { QuicResult } from '../model/quic.ts';
import { SECOND } from '../model/time.ts';
import { UsageError } from './usage-error.ts';

/** Which part of the capture is reported. The analysis reads all of it: rules need the neighbours. */
export interface SelectionOptions {
  readonly host?: string;
  readonly port?: number;
  readonly stream?: StreamName;
  readonly from?: Moment;
  readonly to?: Moment;
  readonly minConfidence?: Confidence;
}

/** A stream as Wireshark numbers it, `tcp.stream` or `udp.stream`, from 0 in each capture. */
export interface StreamName {
  readonly transport: 'tcp' | 'udp';
  readonly index: number;
}

/** What decides whether a connection was asked for. */
type Wanted = Pick<
  ConnectionHistory,
  'client' | 'server' | 'transport' | 'stream' | 'startNanos' | 'endNanos'
>;

/** Whole seconds since 1970, and nanoseconds within; `text` as the user wrote it. */
export interface Moment {
  readonly text: string;
  readonly seconds: number;
  readonly nanos: number;
}

/**
 * Lets through what was asked for. A finding is asked for when one of its connections is; one without connections (a
 * refused TCP connection) is judged by its server, filter and time.
 */
export class Selection implements AnalysisSink {
  private readonly options: SelectionOptions;
  private readonly next: AnalysisSink;
  private readonly epochSeconds: () => number;
  private readonly selected = new Set<number>();
  private readonly limitsConnections: boolean;

  /** @param epochSeconds seconds since 1970 that `nanos` are relative to, as known by now */
  constructor(options: SelectionOptions, next: AnalysisSink, epochSeconds: () => number) {
    this.options = options;
    this.next = next;
    this.epochSeconds = epochSeconds;
    const { host, port, stream, from, to } = options;
    this.limitsConnections = [host, port, stream, from, to].some((given) => given !== undefined);
  }

  connection(history: ConnectionHistory): void {
    if (this.limitsConnections) {
      if (!this.wants(history)) return;
      this.selected.add(history.id);
    }
    this.next.connection(history);
  }

  finding(finding: Finding): void {
    const { minConfidence } = this.options;
    if (
      minConfidence !== undefined &&
      CONFIDENCES.indexOf(finding.confidence) > CONFIDENCES.indexOf(minConfidence)
    )
      return;
    if (this.limitsConnections && !this.wantsFinding(finding)) return;
    this.next.finding(finding);
  }

  fault(fault: Fault): void {
    if (!this.limitsConnections || this.selected.has(fault.connection)) this.next.fault?.(fault);
  }

  /** The QUIC connections that were asked for. */
  quic({ connections, omitted }: QuicResult): QuicResult {
    if (!this.limitsConnections) return { connections, omitted };
    return {
      connections: connections.filter((one) => this.wants({ ...one, transport: 'udp' })),
      omitted,
    };
  }

  private wants({ client, server, ...history }: Wanted): boolean {
    const { host, port, stream } = this.options;
    if (host !== undefined && client.address !== host && server.address !== host) return false;
    if (port !== undefined && client.port !== port && server.port !== port) return false;
    if (
      stream !== undefined &&
      (history.transport !== stream.transport || history.stream !== stream.index)
    )
      return false;
    return this.inTime(history.startNanos, history.endNanos);
  }

  private wantsFinding({ connections, server, nanos, displayFilter }: Finding): boolean {
    if (connections.length > 0) return connections.some((id) => this.selected.has(id));
    const { host, port, stream } = this.options;
    const words = displayFilter.split(/[\s(){},]+/);
    if (server !== undefined) words.push(server.address, String(server.port));
    if (host !== undefined && !words.includes(host)) return false;
    if (port !== undefined && !words.includes(String(port))) return false;
    if (stream !== undefined && !displayFilter.includes(`${stream.transport}.stream`)) return false;
    if (stream !== undefined && !words.includes(String(stream.index))) return false;
    return this.inTime(nanos, nanos);
  }

  private inTime(start: number, end: number): boolean {
    const { from, to } = this.options;
    return (
      (from === undefined || end >= this.nanosOf(from)) &&
      (to === undefined || start <= this.nanosOf(to))
    );
  }

  private nanosOf({ seconds, nanos }: Moment): number {
    return (seconds - this.epochSeconds()) * SECOND + nanos;
  }
}

/** @throws UsageError where the options contradict each other */
export function checkSelection({ from, to }: SelectionOptions): void {
  if (from === undefined || to === undefined) return;
  if (from.seconds > to.seconds || (from.seconds === to.seconds && from.nanos > to.nanos))
    throw new UsageError(
      `--from ${from.text} is later than --to ${to.text}; give the earlier time with --from`,
    );
}

/** The options in the words of the command line, `--host 192.0.2.1 --port 443`; empty when nothing is left out. */
export function selectionText({ host, port, stream, from, to }: SelectionOptions): string {
  const words = [
    host && `--host ${host}`,
    port !== undefined && `--port ${port}`,
    stream && `--stream ${stream.transport}:${stream.index}`,
    from && `--from ${from.text}`,
    to && `--to ${to.text}`,
  ];
  return words.filter(Boolean).join(' ');
}

/** @throws UsageError unless it reads `tcp:N` or `udp:N` */
export function parseStream(text: string): StreamName {
  const match = /^(tcp|udp):(\d{1,9})$/.exec(text);
  if (match === null) {
    throw new UsageError(`--stream takes tcp:N or udp:N as Wireshark numbers them, not '${text}'`);
  }
  return { transport: match[1] as 'tcp' | 'udp', index: Number(match[2]) };
}

/** @throws UsageError unless it is a number from 0 to 65535 */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new UsageError(`--port takes a number up to 65535, not '${text}'`);
  return port;
}

/** The textual form that histories use: IPv6 compressed and in lower case (RFC 5952), brackets left out. */
export function parseHost(text: string): string {
  const bare = text.replace(/^\[(.*)\]$/, '$1');
  if (!bare.includes(':')) {
    if (/^\d{1,3}(\.\d{1,3}){3}$/.test(bare)) return bare;
    throw new UsageError(`--host takes an IP address, not '${text}'; captures hold no names`);
  }
  try {
    const canonical = new URL(`http://[${bare}]/`).hostname.slice(1, -1);
    // URLs write the IPv4-mapped range in hexadecimal, RFC 5952 §5 in decimal.
    const mapped = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(canonical);
    if (mapped === null) return canonical;
    const [high, low] = [
      Number.parseInt(mapped[1] ?? '', 16),
      Number.parseInt(mapped[2] ?? '', 16),
    ];
    return `::ffff:${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  } catch {
    throw new UsageError(`--host takes an IP address, not '${text}'`);
  }
}

/** `2024-05-01T12:00:00.5Z` (UTC unless it says otherwise), or seconds since 1970. */
export function parseMoment(option: string, text: string): Moment {
  const number = /^(\d{1,12})(?:\.(\d{1,9}))?$/.exec(text);
  if (number !== null) {
    return { text, seconds: Number(number[1]), nanos: Number((number[2] ?? '').padEnd(9, '0')) };
  }
  const date =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?)?$/i.exec(
      text,
    );
  const [, day, time = '00:00:00', fraction = '', zone = 'Z'] = date ?? [];
  const millis = Date.parse(`${day}T${time}${zone.toUpperCase()}`);
  if (date === null || Number.isNaN(millis)) {
    throw new UsageError(
      `${option} takes a date like 2024-05-01T12:00:00Z or seconds since 1970, not '${text}'`,
    );
  }
  return { text, seconds: millis / 1000, nanos: Number(fraction.padEnd(9, '0')) };
}
