import { suiteName } from '../model/code-points/suites.ts';
import { versionName } from '../model/code-points/versions.ts';
import type { BlindSpot } from '../model/finding.ts';
import type { ConnectionHistory, Endpoint, Outcome } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import type { Nanos } from '../model/time.ts';

/** What the text report says about a connection. Everything but the SNI is of our own making. */
export interface ConnectionRow {
  readonly id: number;
  readonly protocol: 'TLS' | 'DTLS';
  /** `tcp.stream 3`, as Wireshark calls it. */
  readonly stream: string;
  readonly client: string;
  readonly server: string;
  readonly serverName: string | undefined;
  readonly version: string | undefined;
  readonly suite: string | undefined;
  readonly outcome: Outcome;
  readonly firstPacket: number;
  readonly lastPacket: number;
  readonly startNanos: Nanos;
  readonly endNanos: Nanos;
}

/** Longest SNI that makes sense, RFC 1035 §2.3.4; a hostile one may be 64 KiB long. */
const NAME_LIMIT = 255;

/** Remembers connections in short, since findings about several of them come at the end. */
export class ConnectionRows {
  private readonly rows = new Map<number, ConnectionRow>();
  private readonly blind = new Map<BlindSpot, number>();
  private readonly kinds = new Map<string, number>();
  private last: ConnectionRow | undefined;

  /** Connections per blind spot. */
  get blindSpots(): ReadonlyMap<BlindSpot, number> {
    return this.blind;
  }

  /** Connections per protocol. */
  get protocols(): ReadonlyMap<string, number> {
    return this.kinds;
  }

  add(history: ConnectionHistory): void {
    for (const spot of history.blindSpots) increment(this.blind, spot);
    increment(this.kinds, history.protocol);
    const room =
      this.rows.size < LIMITS.reportRows ||
      (this.rows.size < LIMITS.reportRowsInAll && history.outcome !== 'established');
    // The history may not be asked any more after this call.
    const row = rowOf(history);
    if (room) this.rows.set(row.id, row);
    this.last = row;
  }

  /** The finding about to be told names these. A connection that just ended is kept for it whatever the room. */
  keep(ids: readonly number[]): void {
    const { last } = this;
    if (last !== undefined && ids.includes(last.id)) this.rows.set(last.id, last);
  }

  get(id: number): ConnectionRow | undefined {
    return this.rows.get(id);
  }

  all(): IterableIterator<ConnectionRow> {
    return this.rows.values();
  }
}

function rowOf(history: ConnectionHistory): ConnectionRow {
  const { version, cipherSuite } = history;
  return {
    id: history.id,
    protocol: history.protocol,
    stream: `${history.transport}.stream ${history.stream}`,
    client: endpointText(history.client),
    server: endpointText(history.server),
    serverName: history.serverName?.slice(0, NAME_LIMIT),
    version: version === undefined ? undefined : versionName(version),
    suite: cipherSuite === undefined ? undefined : suiteName(cipherSuite),
    outcome: history.outcome,
    firstPacket: history.firstPacket,
    lastPacket: history.lastPacket,
    startNanos: history.startNanos,
    endNanos: history.endNanos,
  };
}

/** `192.0.2.1:443`, `[2001:db8::1]:443`. */
export function endpointText({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function increment<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
