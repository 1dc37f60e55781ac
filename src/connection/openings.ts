import type { OpeningFact, ResetFact } from '../model/incarnation.ts';
import { otherSide, type Side, type TcpConnectionView } from '../model/stream.ts';

/** What is out of the ordinary about the beginning of a TCP connection; undefined for nearly all of them. */
export function openingOf(
  view: TcpConnectionView,
  client: Side,
  connection: number,
): OpeningFact | undefined {
  // Then an answer may be one to another SYN.
  if (view.isOrderUnknown) return undefined;
  const turnedAway = turnedAwayBy(view, otherSide(client));
  if (view.former === undefined && view.challenge === undefined && turnedAway === undefined)
    return undefined;
  const { syn } = view;
  if (syn === undefined) return undefined;
  const { former, challenge } = view.facts(client);
  return {
    client: view.endpoint(client),
    connection,
    stream: view.stream,
    syn,
    transmissions: view.synTransmissions,
    synAck: view.synAck,
    former,
    challenge,
    turnedAway,
    lastFromClient: view.lastData(client),
    acknowledged: view.lastDataAcknowledged(client) !== undefined,
  };
}

/** The server accepted, and reset without having sent anything, before the client ended it. */
function turnedAwayBy(view: TcpConnectionView, server: Side): ResetFact | undefined {
  const client = otherSide(server);
  const reset = view.rst(server);
  if (reset === undefined || view.synAck === undefined || view.octets(server) > 0) return undefined;
  // Nobody sends a FIN behind a RST: one that was captured behind it was sent before.
  if (view.fin(server) !== undefined) return undefined;
  const ends = [view.fin(client), view.rst(client)];
  if (ends.some((end) => end !== undefined && end.packet < reset.packet)) return undefined;
  const { rst, lostOctets } = view.facts(client);
  const missing = lostOctets.client + lostOctets.server + (rst.server?.missingOctets ?? 0);
  return missing > 0 ? undefined : rst.server;
}
