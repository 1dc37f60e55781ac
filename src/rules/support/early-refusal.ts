import { CLIENT_HELLO } from '../../model/code-points/handshake-types.ts';
import type {
  AlertFact,
  CaptureIndex,
  ConnectionHistory,
  ConnectionSummary,
  MessageFact,
} from '../../model/history.ts';
import type { FindingVerdict } from '../../model/rule.ts';
import { endingOf } from './ending.ts';

/** A fatal alert with which a server answered a ClientHello instead of choosing something from it. */
export interface EarlyRefusal {
  readonly alert: AlertFact;
  readonly hello: MessageFact;
}

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

/** Connections with the server of a finding in which it chose something: what it can be got to agree to. */
export function agreedWith(verdict: FindingVerdict, index: CaptureIndex): ConnectionSummary[] {
  const [id] = verdict.connections;
  const row = id === undefined ? undefined : index.summary(id);
  const server = row && index.server(row.protocol === 'TLS' ? 'tcp' : 'udp', row.server);
  return (
    server?.connections.filter(
      (other) => other.id !== id && other.outcome === 'established' && other.version !== undefined,
    ) ?? []
  );
}

/** Values that occur, each once, those of most connections first. */
export function commonest<Value>(values: readonly Value[]): Value[] {
  const counts = new Map<Value, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a).map(([value]) => value);
}

/** A list that ends after a few. */
export function listed(names: readonly string[], most = 6): string {
  const more = names.length - most;
  return more > 0 ? `${names.slice(0, most).join(', ')} and ${more} more` : names.join(', ');
}
