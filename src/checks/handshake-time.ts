import { EARLY_DATA } from '../model/code-points/extensions.ts';
import { CLIENT_HELLO, FINISHED } from '../model/code-points/handshake-types.ts';
import { isTls13 } from '../model/code-points/versions.ts';
import { type At, type ConnectionHistory, ROLES } from '../model/history.ts';
import type { Nanos } from '../model/time.ts';

/** How long a handshake took, and the packet with which it was complete. */
export interface HandshakeTime {
  readonly nanos: Nanos;
  readonly packet: number;
}

/**
 * From the first ClientHello to the last Finished of an established connection. Up to TLS 1.2 the first protected record of
 * a side is its Finished (RFC 5246 §7.4.9); in TLS 1.3 the client's Finished follows the server's (RFC 8446 §4.4.4), and
 * without secrets it is in the first protected record of the client. Undefined where the capture does not show that: there
 * may be early data in front of it.
 */
export function handshakeTime(history: ConnectionHistory): HandshakeTime | undefined {
  const { messages, version, clientHello, protectedRecords } = history;
  const hello = messages.find(({ type }) => type === CLIENT_HELLO);
  if (hello === undefined || version === undefined) return undefined;
  const finished = ROLES.map((role) =>
    messages.find(({ type, from }) => type === FINISHED && from === role),
  );
  const ends: (At | undefined)[] = finished.map((message, index) => {
    if (message !== undefined) return message;
    const role = ROLES[index] as (typeof ROLES)[number];
    return protectedRecords[role].first;
  });
  const isRead = finished.every((message) => message !== undefined);
  if (!isRead && isTls13(version)) {
    if (clientHello === undefined || clientHello.extensions.some(({ type }) => type === EARLY_DATA))
      return undefined;
  }
  let last: At | undefined;
  for (const end of ends) {
    if (end === undefined) return undefined;
    if (last === undefined || end.nanos > last.nanos) last = end;
  }
  // Captures whose clocks differ may tell the end before the beginning.
  if (last === undefined || last.nanos < hello.nanos) return undefined;
  return { nanos: last.nanos - hello.nanos, packet: last.packet };
}
