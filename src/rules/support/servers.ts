import type {
  CaptureIndex,
  ConnectionSummary,
  Endpoint,
  ServerFacts,
} from '../../model/history.ts';
import type { Nanos } from '../../model/time.ts';

/** What the capture shows about the DTLS server at this endpoint, if there is anything to judge about it. */
export function dtlsServerOf(index: CaptureIndex, endpoint: Endpoint): ServerFacts | undefined {
  return index.server('udp', endpoint);
}

/** A server's connections that began in a span of time, in order. */
export function connectionsBegunIn(
  { connections }: ServerFacts,
  from: Nanos,
  until: Nanos,
): readonly ConnectionSummary[] {
  let low = 0;
  let high = connections.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((connections[middle]?.start.nanos ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while ((connections[end]?.start.nanos ?? Number.POSITIVE_INFINITY) <= until) end++;
  return connections.slice(low, end);
}
