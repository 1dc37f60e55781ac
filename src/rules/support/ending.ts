import {
  CLOSE_NOTIFY,
  DECODE_ERROR,
  HANDSHAKE_FAILURE,
  INTERNAL_ERROR,
  UNEXPECTED_MESSAGE,
  USER_CANCELED,
} from '../../model/code-points/alerts.ts';
import { SSL_2_0, TLS_1_3, tlsEquivalent } from '../../model/code-points/versions.ts';
import { lacksNumbers } from '../../model/dtls-facts.ts';
import type { BlindSpot } from '../../model/finding.ts';
import {
  type AlertFact,
  type At,
  type ConnectionHistory,
  ENCRYPTED_MESSAGE,
  peerOf,
  ROLES,
  type Role,
  type Stage,
} from '../../model/history.ts';
import type { TcpFacts } from '../../model/tcp-facts.ts';

/** What ended a handshake, and who did it: the first of possibly many closing events. */
export interface Ending extends At {
  readonly kind: 'alert' | 'close-notify' | 'fin' | 'rst' | 'unreachable';
  readonly by: Role;
  readonly alert: AlertFact | undefined;
}

/**
 * Is this an alert that stacks raise because the other side is gone? OpenSSL answers an end of file in mid-handshake
 * with decode_error, GnuTLS with unexpected_message, the JDK's client with handshake_failure. Such an alert explains nothing
 * and accuses the wrong side.
 */
export const isReplyToClosing = ({ description, from }: AlertFact): boolean =>
  description === DECODE_ERROR ||
  description === INTERNAL_ERROR ||
  description === UNEXPECTED_MESSAGE ||
  (description === HANDSHAKE_FAILURE && from === 'client');

/** From TLS 1.3 on the level no longer decides: all but closing alerts are fatal (RFC 8446 §6.2). */
export function isFatalAlert(
  { level, description }: AlertFact,
  version: number | undefined,
): boolean {
  if (level === 2) return true;
  return (
    description !== undefined &&
    description !== CLOSE_NOTIFY &&
    description !== USER_CANCELED &&
    version !== undefined &&
    tlsEquivalent(version) >= TLS_1_3
  );
}

function transportEnding({ tcp, dtls }: ConnectionHistory): Ending | undefined {
  let first: Ending | undefined;
  if (tcp !== undefined) {
    for (const by of ROLES) {
      for (const kind of ['fin', 'rst'] as const) {
        const at = tcp[kind][by];
        if (at !== undefined && (first === undefined || at.packet < first.packet)) {
          first = { kind, by, packet: at.packet, nanos: at.nanos, alert: undefined };
        }
      }
    }
  }
  const [unreachable] = dtls?.portUnreachable ?? [];
  if (unreachable === undefined) return first;
  const { role: by, packet, nanos } = unreachable;
  return { kind: 'unreachable', by, packet, nanos, alert: undefined };
}

/** What ended the connection first, as far as it can be read without secrets; undefined where nothing did. */
export function endingOf(history: ConnectionHistory): Ending | undefined {
  const closed = transportEnding(history);
  for (const alert of history.alerts) {
    if (alert.description === undefined) continue;
    const { by, packet = Number.POSITIVE_INFINITY } = closed ?? {};
    const isAfterPeersClose = by === peerOf(alert.from) && packet < alert.packet;
    const { packet: at, nanos, from } = alert;
    if (isFatalAlert(alert, history.version)) {
      if (isAfterPeersClose && isReplyToClosing(alert)) continue;
      return { kind: 'alert', by: from, packet: at, nanos, alert };
    }
    if (alert.description === CLOSE_NOTIFY && !isAfterPeersClose) {
      return { kind: 'close-notify', by: from, packet: at, nanos, alert };
    }
  }
  return closed;
}

/** Packets of both sides were captured. A server that closes without a word is silent, not missing. */
function sawBothSides({ tcp, dtls, bothDirections }: ConnectionHistory): boolean {
  if (tcp === undefined) return bothDirections || (dtls?.portUnreachable.length ?? 0) > 0;
  const client = tcp.syn ?? tcp.fin.client ?? tcp.rst.client;
  const server = tcp.synAck ?? tcp.fin.server ?? tcp.rst.server;
  return (
    (client !== undefined || tcp.octets.client > 0) &&
    (server !== undefined || tcp.octets.server > 0)
  );
}

/** Nothing went before the first octets that were captured of either side: its SYN was, or they are messages that open. */
function sawBothBeginnings({ tcp, messages }: ConnectionHistory): boolean {
  if (tcp === undefined || (tcp.syn !== undefined && tcp.synAck !== undefined)) return true;
  return ROLES.every((role) =>
    messages.some(({ from, type }) => from === role && type !== ENCRYPTED_MESSAGE),
  );
}

/** One direction was captured late, and a fatal alert ended it all the same: its sender says so, whoever closed first. */
function hasWord(history: ConnectionHistory): boolean {
  if (history.tcp?.isBehindAnswer !== true || history.tcp.isOrderUnknown) return false;
  const alert = endingOf(history)?.alert;
  return alert !== undefined && alert.description !== CLOSE_NOTIFY && !isReplyToClosing(alert);
}

/**
 * What keeps a rule from judging how a handshake ended. Lost octets could be the very alert that is said to be
 * missing, so they silence rather than weaken.
 */
export function blindToEnding(history: ConnectionHistory): BlindSpot | undefined {
  const { blindSpots } = history;
  // Its messages are not followed, and it knows no close_notify.
  if (history.version === SSL_2_0) return 'cipher-unsupported';
  if (blindSpots.includes('start-not-captured')) return 'start-not-captured';
  if (!sawBothSides(history)) return 'one-direction';
  if (!sawBothBeginnings(history)) return 'start-not-captured';
  if (blindSpots.includes('order-unknown') && !isEndedByReset(history) && !hasWord(history))
    return 'order-unknown';
  for (const missing of ['lost-bytes', 'cut-packets', 'too-many-messages'] as const)
    if (blindSpots.includes(missing)) return missing;
  return lostOctets(history) > 0 || lacksRecords(history) ? 'lost-bytes' : undefined;
}

/** Where merely one direction was captured late it is still plain who ended it: a lone RST is all that did. */
function isEndedByReset({ tcp, alerts }: ConnectionHistory): boolean {
  if (tcp === undefined || tcp.isOrderUnknown || alerts.length > 0) return false;
  const resets = ROLES.filter((role) => tcp.rst[role] !== undefined);
  return resets.length === 1 && ROLES.every((role) => tcp.fin[role] === undefined);
}

/** DTLS: records of either side are not in the capture, as the numbers of the others show. */
export const lacksRecords = ({ dtls }: ConnectionHistory): boolean =>
  ROLES.some((role) => dtls?.epochs[role].some(lacksNumbers));

/** Octets missing from the TCP stream, both directions. */
export const lostOctets = ({ tcp }: ConnectionHistory): number =>
  tcp === undefined
    ? 0
    : tcp.lostOctets.client +
      tcp.lostOctets.server +
      lostBeforeReset(tcp, 'client') +
      lostBeforeReset(tcp, 'server');

/** What only the number of a RST tells of, unless data of its sender that was captured after it may have filled the gap. */
function lostBeforeReset({ rst, lastData }: TcpFacts, role: Role): number {
  const reset = rst[role];
  if (reset === undefined || (lastData[role]?.packet ?? 0) > reset.packet) return 0;
  return reset.missingOctets ?? 0;
}

/** Who owed the next step, and what it was. */
export const DUE: Readonly<
  Record<Stage, { readonly from: Role | undefined; readonly what: string }>
> = {
  none: { from: undefined, what: 'nothing that the capture shows' },
  'server-hello': { from: 'server', what: 'the ServerHello' },
  'server-flight': { from: 'server', what: 'the rest of the server’s first flight' },
  'client-flight': { from: 'client', what: 'the client’s answer to the server’s first flight' },
  'client-finished': { from: 'client', what: 'the client’s Finished' },
  'server-finished': { from: 'server', what: 'the server’s Finished' },
  done: { from: undefined, what: 'nothing: the handshake was complete' },
};
