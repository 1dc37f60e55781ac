import { complainsOfPlainText, plainProtocolOf } from '../model/plain-protocols.ts';
import { otherSide, type TcpConnectionView } from '../model/stream.ts';
import { isTlsPort } from '../model/tls-ports.ts';
import type { PlainParts } from './tcp-placement.ts';

/**
 * Did a client speak in the clear where TLS was expected of it? Its connection has no octet of TLS: a server that says so
 * in plain text, or says nothing and closes a port that is known for TLS, is all that shows it.
 */
export function missedTls(view: TcpConnectionView, plain: PlainParts): boolean {
  const { initiator: client, row } = view;
  if (client === undefined || view.isHoled || plain.upgrade(row) !== undefined) return false;
  const asked = plain.plaintextStart(row, client);
  if (asked === undefined || plainProtocolOf(asked, 'client') === undefined) return false;
  const server = otherSide(client);
  const answer = plain.plaintextStart(row, server);
  if (answer !== undefined) return complainsOfPlainText(answer, view.port(server));
  const isClosed = view.fin(server) !== undefined || view.rst(server) !== undefined;
  return isClosed && view.octets(server) === 0 && isTlsPort(view.port(server));
}
