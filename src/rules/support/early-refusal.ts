import type { CaptureIndex, ConnectionSummary, ServerFacts } from '../../model/capture-index.ts';
import { CLIENT_HELLO } from '../../model/code-points/handshake-types.ts';
import type { AlertFact, ConnectionHistory, MessageFact } from '../../model/history.ts';
import { LIMITS } from '../../model/limits.ts';
import type { FindingVerdict } from '../../model/rule.ts';
import { endingOf } from './ending.ts';

/** A fatal alert with which a server answered a ClientHello instead of choosing something from it. */
export interface EarlyRefusal {
  readonly alert: AlertFact;
  readonly hello: MessageFact;
}

/** The refusal, if one of these alerts (codes) ended the connection before a ServerHello. */
export function earlyRefusal(
  history: ConnectionHistory,
  descriptions: readonly number[],
): EarlyRefusal | undefined {
  if (history.stage !== 'server-hello' || history.alerts.length === 0) return undefined;
  const alert = endingOf(history)?.alert;
  if (alert?.from !== 'server' || !descriptions.includes(alert.description ?? -1)) return undefined;
  const hello = history.messages.findLast(
    ({ type, packet }) => type === CLIENT_HELLO && packet <= alert.packet,
  );
  return hello && { alert, hello };
}

/** What the connections with a server that succeeded settled: each value once, those of most connections first. */
export interface Agreed {
  readonly connections: number;
  readonly versions: readonly number[];
  readonly suites: readonly number[];
  readonly groups: readonly number[];
  readonly protocols: readonly string[];
  readonly names: readonly string[];
  /** Some were not asked for any name. */
  readonly isWithoutName: boolean;
  /** Connections were forgotten: nothing is said here of any, for one of them may have been of another kind. */
  readonly isUnknown?: boolean;
}

const NOTHING: Agreed = {
  connections: 0,
  versions: [],
  suites: [],
  groups: [],
  protocols: [],
  names: [],
  isWithoutName: false,
};

const UNKNOWN: Agreed = { ...NOTHING, isUnknown: true };

/** How many connections have each value; undefined where it is not known. */
class Counts<Value> {
  readonly counts = new Map<Value | undefined, number>();
  private sorted: readonly Value[] | undefined;

  add(value: Value | undefined): void {
    const before = this.counts.get(value);
    if (before === undefined && this.counts.size >= LIMITS.agreedValues) return;
    this.counts.set(value, (before ?? 0) + 1);
  }

  /** @param but what one connection has that does not count */
  values(but?: Value): readonly Value[] {
    this.sorted ??= [...this.counts]
      .sort(([, a], [, b]) => b - a)
      .flatMap(([value]) => (value === undefined ? [] : [value]));
    const { sorted } = this;
    return but !== undefined && this.counts.get(but) === 1
      ? sorted.filter((value) => value !== but)
      : sorted;
  }
}

/** Counts of all connections of a server that succeeded. */
class ServerCounts {
  connections = 0;
  readonly versions = new Counts<number>();
  readonly suites = new Counts<number>();
  readonly groups = new Counts<number>();
  readonly protocols = new Counts<string>();
  readonly names = new Counts<string>();

  constructor({ connections }: ServerFacts) {
    for (const row of connections) {
      if (!hasAgreed(row)) continue;
      this.connections++;
      this.versions.add(row.version);
      this.suites.add(row.cipherSuite);
      this.groups.add(row.group);
      this.protocols.add(row.alpn);
      this.names.add(row.serverName);
    }
  }
}

const hasAgreed = ({ outcome, version }: ConnectionSummary): boolean =>
  outcome === 'established' && version !== undefined;

/** A capture may have many failures at one busy server: its rows are counted once. */
const counted = new WeakMap<ServerFacts, ServerCounts>();

/** What the server of a finding can be got to agree to, as the other connections with it show. */
export function agreedWith(verdict: FindingVerdict, index: CaptureIndex): Agreed {
  if ((index.connectionsForgotten ?? 0) > 0) return UNKNOWN;
  const [id] = verdict.connections;
  const row = id === undefined ? undefined : index.summary(id);
  const server = row && index.server(row.protocol === 'TLS' ? 'tcp' : 'udp', row.server);
  if (row === undefined || server === undefined) return NOTHING;
  let counts = counted.get(server);
  if (counts === undefined) {
    counts = new ServerCounts(server);
    counted.set(server, counts);
  }
  const own = hasAgreed(row) ? row : undefined;
  const unnamed = counts.names.counts.get(undefined) ?? 0;
  return {
    connections: counts.connections - (own === undefined ? 0 : 1),
    versions: counts.versions.values(own?.version),
    suites: counts.suites.values(own?.cipherSuite),
    groups: counts.groups.values(own?.group),
    protocols: counts.protocols.values(own?.alpn),
    names: counts.names.values(own?.serverName),
    isWithoutName: unnamed > (own !== undefined && own.serverName === undefined ? 1 : 0),
  };
}

/** A list that ends after a few. */
export function listed(names: readonly string[], most = 6): string {
  const more = names.length - most;
  return more > 0 ? `${names.slice(0, most).join(', ')} and ${more} more` : names.join(', ');
}
