import { suiteName } from '../model/code-points/suites.ts';
import { versionText } from '../model/code-points/versions.ts';
import type { DecryptionFacts, Obstacle, SecretSource } from '../model/decryption.ts';
import type { ConnectionIdFacts } from '../model/dtls-facts.ts';
import type { BlindSpot } from '../model/finding.ts';
import type {
  ConnectionHistory,
  EchOutcome,
  Endpoint,
  FingerprintFacts,
  Outcome,
} from '../model/history.ts';
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
  /** Their addresses alone, for which the capture may have names. */
  readonly addresses: readonly [client: string, server: string];
  readonly serverName: string | undefined;
  /** What TLS began behind. */
  readonly upgrade: string | undefined;
  readonly version: string | undefined;
  readonly suite: string | undefined;
  readonly outcome: Outcome;
  /** Of those that failed, what TLS stacks the sides seem to have. */
  readonly stacks: FingerprintFacts['stacks'];
  /** Protected records that opened, of all; undefined without secrets. */
  readonly opened: string | undefined;
  /** Secrets fitted, or nearly: some records were recomputed. */
  readonly isRecomputed: boolean;
  readonly firstPacket: number;
  readonly lastPacket: number;
  readonly startNanos: Nanos;
  readonly endNanos: Nanos;
}

/** What secrets came to over all connections. */
export interface OpenedTotals {
  /** Connections of which at least one record opened. */
  connections: number;
  authenticated: number;
  failed: number;
  skipped: number;
  /** Of these connections, by the kind of secret that opened them. */
  readonly by: Record<SecretSource, number>;
}

/** Connections that one obstacle kept from being opened: how many, the first of them, and more about those. */
export interface Hindered {
  count: number;
  readonly first: { readonly id: number; readonly detail: string | undefined }[];
}

/** Connections with connection ids: how many, how many of them moved, and the ids of the first. */
export interface IdTotals {
  count: number;
  moved: number;
  readonly first: { readonly id: number; readonly ids: string }[];
}

/** Connections named beside an obstacle. */
const NAMED = 5;

/** Longest SNI that makes sense, RFC 1035 §2.3.4; a hostile one may be 64 KiB long. */
const NAME_LIMIT = 255;

/** Remembers connections in short, since findings about several of them come at the end. */
export class ConnectionRows {
  private readonly rows = new Map<number, ConnectionRow>();
  private readonly blind = new Map<BlindSpot, number>();
  private readonly kinds = new Map<string, number>();
  private readonly hindered = new Map<Obstacle, Hindered>();
  readonly opened: OpenedTotals = {
    connections: 0,
    authenticated: 0,
    failed: 0,
    skipped: 0,
    by: { 'key-log': 0, 'rsa-key': 0, psk: 0 },
  };
  /** Connections whose ClientHello carries one that was not opened, or GREASE, by what became of it. */
  readonly ech: Record<EchOutcome, number> = { offered: 0, accepted: 0, rejected: 0 };
  readonly ids: IdTotals = { count: 0, moved: 0, first: [] };
  private last: ConnectionRow | undefined;

  /** Connections per blind spot. */
  get blindSpots(): ReadonlyMap<BlindSpot, number> {
    return this.blind;
  }

  /** What kept connections from being opened, the most frequent first. */
  get obstacles(): readonly (readonly [Obstacle, Hindered])[] {
    return [...this.hindered].sort(([, a], [, b]) => b.count - a.count);
  }

  /** Connections per protocol. */
  get protocols(): ReadonlyMap<string, number> {
    return this.kinds;
  }

  add(history: ConnectionHistory): void {
    for (const spot of history.blindSpots) increment(this.blind, spot);
    increment(this.kinds, history.protocol);
    const { ech, decryption } = history;
    if (ech !== undefined && decryption?.innerServerName === undefined) this.ech[ech]++;
    if (history.decryption !== undefined) this.count(history.id, history.decryption);
    if (history.protocol === 'DTLS') this.countIds(history);
    const room =
      this.rows.size < LIMITS.reportRows ||
      (this.rows.size < LIMITS.reportRowsInAll && history.outcome !== 'established');
    // The history may not be asked any more after this call.
    const row = rowOf(history);
    if (room) this.rows.set(row.id, row);
    this.last = row;
  }

  private count(id: number, facts: DecryptionFacts): void {
    const { opened } = this;
    const { authenticated, failed, skipped, obstacle, detail } = facts;
    if (authenticated > 0) {
      opened.connections++;
      if (facts.source !== undefined) opened.by[facts.source]++;
    }
    opened.authenticated += authenticated;
    opened.failed += failed;
    opened.skipped += skipped;
    // Where nothing was protected, nothing was in the way.
    if (obstacle === undefined || failed + skipped === 0) return;
    const known = this.hindered.get(obstacle) ?? { count: 0, first: [] };
    known.count++;
    if (known.first.length < NAMED) known.first.push({ id, detail });
    this.hindered.set(obstacle, known);
  }

  private countIds({ id, dtls }: ConnectionHistory): void {
    if (dtls?.connectionIds === undefined) return;
    const { ids } = this;
    ids.count++;
    if (dtls.paths.length > 0) ids.moved++;
    if (ids.first.length < NAMED) ids.first.push({ id, ids: idsText(dtls.connectionIds) });
  }

  /** The finding about to be told names these. A connection that just ended is kept for it whatever the room. */
  keep(ids: readonly number[]): void {
    const { last } = this;
    if (last !== undefined && ids.includes(last.id)) this.rows.set(last.id, last);
  }

  get(id: number): ConnectionRow | undefined {
    return this.rows.get(id);
  }

  /** By id: as they began, where they come in as they end. */
  all(): readonly ConnectionRow[] {
    return [...this.rows.values()].sort((a, b) => a.id - b.id);
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
    addresses: [history.client.address, history.server.address],
    serverName: nameText(history),
    upgrade: history.upgrade?.protocol,
    version: version === undefined ? undefined : versionText(version),
    suite: cipherSuite === undefined ? undefined : suiteName(cipherSuite),
    outcome: history.outcome,
    stacks: hasFailed(history.outcome) ? history.fingerprints?.stacks : undefined,
    opened: openedText(history.decryption),
    isRecomputed: (history.decryption?.authenticated ?? 0) + (history.decryption?.failed ?? 0) > 0,
    firstPacket: history.firstPacket,
    lastPacket: history.lastPacket,
    startNanos: history.startNanos,
    endNanos: history.endNanos,
  };
}

const hasFailed = (outcome: Outcome): boolean => outcome === 'failed' || outcome === 'aborted';

/** The SNI; where another one was encrypted, nobody shall read this one as the name that was asked for. */
function nameText({ serverName, ech, decryption }: ConnectionHistory): string | undefined {
  const name = (decryption?.innerServerName ?? serverName)?.slice(0, NAME_LIMIT);
  return name !== undefined && ech === 'accepted' ? `${name} (ECH)` : name;
}

/** `6 of 7`; undefined where there was nothing to open. */
export function openedText(facts: DecryptionFacts | undefined): string | undefined {
  if (facts === undefined) return undefined;
  const { authenticated, failed, skipped } = facts;
  const all = authenticated + failed + skipped;
  return all === 0 ? undefined : `${authenticated} of ${all}`;
}

/** `c1d5e2f3a401/0badcafe`: what records to the server carry, then what those to the client do; `-` for no id. */
export function idsText({ to }: ConnectionIdFacts): string {
  return `${nameOf(to.server)}/${nameOf(to.client)}`;
}

const nameOf = (id: string | undefined): string => (id === undefined ? '?' : id || '-');

/** `192.0.2.1:443`, `[2001:db8::1]:443`. */
export function endpointText({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function increment<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
