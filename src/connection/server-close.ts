import type { ServerCloseFact } from '../model/capture-index.ts';
import { isTls13 } from '../model/code-points/versions.ts';
import type { ConnectionHistory } from '../model/history.ts';
import { otherSide, type Side, type TcpConnectionView } from '../model/stream.ts';
import { mayBeAlert13 } from './record-sizes.ts';

/** The server's end of a connection that it closed or reset first, without having said so in TLS. */
export function serverClose(
  view: TcpConnectionView,
  serverSide: Side,
  history: ConnectionHistory | undefined,
): ServerCloseFact | undefined {
  const clientSide = otherSide(serverSide);
  const fin = view.fin(serverSide);
  const rst = view.rst(serverSide);
  const end = fin !== undefined && (rst === undefined || fin.packet < rst.packet) ? fin : rst;
  if (end === undefined) return undefined;
  const clientEnd = [view.fin(clientSide), view.rst(clientSide)].some(
    (e) => e !== undefined && e.packet < end.packet,
  );
  if (clientEnd) return undefined;
  const saidSo =
    history?.alerts.some((a) => a.from === 'server' && a.packet <= end.packet) ||
    // TLS 1.3 alerts look like data: a last record of alert size counts as one.
    (isTls13(history?.version) && mayBeAlert13(history?.protectedRecords.server.last?.length ?? 0));
  if (saidSo) return undefined;
  const facts = view.isHoled || end === rst ? view.facts(clientSide) : undefined;
  const missing = (facts?.lostOctets.server ?? 0) + (facts?.rst.server?.missingOctets ?? 0);
  // What is missing may be its close_notify.
  if (missing > 0) return undefined;
  const lastFromClient = view.lastData(clientSide);
  const lastFromServer = view.lastData(serverSide);
  return {
    packet: end.packet,
    nanos: end.nanos,
    kind: end === fin ? 'fin' : 'rst',
    connection: history?.id ?? 0,
    stream: view.stream,
    // How far it was is not known where octets of the client are missing.
    stage: (facts?.lostOctets.client ?? 0) > 0 ? 'none' : (history?.stage ?? 'none'),
    lastFromClient,
    acknowledged: view.lastDataAcknowledged(clientSide) !== undefined,
    answeredSince:
      lastFromClient !== undefined &&
      lastFromServer !== undefined &&
      lastFromServer.packet > lastFromClient.packet,
  };
}
