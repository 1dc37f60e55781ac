import type { CaptureIndex, ConnectionSummary, ServerFacts } from '../../model/capture-index.ts';
import type { Endpoint } from '../../model/history.ts';
import type { Nanos } from '../../model/time.ts';
import { firstPlace } from './first-place.ts';

/** What the capture shows about the DTLS server at this endpoint, if there is anything to judge about it. */
export function dtlsServerOf(index: CaptureIndex, endpoint: Endpoint): ServerFacts | undefined {
  return index.server('udp', endpoint);
}

/** Moments of one server's connections, ascending, each with the id of its connection. */
interface Moments {
  readonly nanos: Float64Array;
  readonly ids: Int32Array;
}

/**
 * A capture may have many findings about one busy server: when its connections began and were answered is put in order
 * once.
 */
const begun = new WeakMap<ServerFacts, Moments>();
const answered = new WeakMap<ServerFacts, Moments>();

function momentsOf(
  known: WeakMap<ServerFacts, Moments>,
  server: ServerFacts,
  of: (row: ConnectionSummary) => Nanos | undefined,
): Moments {
  let moments = known.get(server);
  if (moments !== undefined) return moments;
  const all = server.connections
    .flatMap((row) => {
      const nanos = of(row);
      return nanos === undefined ? [] : [{ nanos, id: row.id }];
    })
    .sort((a, b) => a.nanos - b.nanos || a.id - b.id);
  moments = {
    nanos: Float64Array.from(all, ({ nanos }) => nanos),
    ids: Int32Array.from(all, ({ id }) => id),
  };
  known.set(server, moments);
  return moments;
}

function* within(
  { nanos, ids }: Moments,
  index: CaptureIndex,
  from: Nanos,
  until: Nanos,
): Iterable<ConnectionSummary> {
  let at = firstPlace(nanos.length, (place) => (nanos[place] as number) >= from);
  for (; (nanos[at] ?? Number.POSITIVE_INFINITY) <= until; at++) {
    const row = index.summary(ids[at] as number);
    if (row !== undefined) yield row;
  }
}

/**
 * A server's connections with a ClientHello that began in a span of time, in order; built one by one as they are asked
 * for.
 */
export function connectionsBegunIn(
  server: ServerFacts,
  index: CaptureIndex,
  from: Nanos,
  until: Nanos,
): Iterable<ConnectionSummary> {
  const moments = momentsOf(begun, server, ({ hello, start }) => hello && start.nanos);
  return within(moments, index, from, until);
}

/** A server's connections that it answered for the first time in a span of time, in order; built as they are asked for. */
export function connectionsAnsweredIn(
  server: ServerFacts,
  index: CaptureIndex,
  from: Nanos,
  until: Nanos,
): Iterable<ConnectionSummary> {
  return within(
    momentsOf(answered, server, (row) => row.answered?.nanos),
    index,
    from,
    until,
  );
}

/** Did the server answer anybody at all? */
export const hasAnswered = (server: ServerFacts): boolean =>
  momentsOf(answered, server, (row) => row.answered?.nanos).ids.length > 0;

const byStream = new WeakMap<ServerFacts, ReadonlyMap<number, number>>();

/** The first connection of a server on one stream; undefined if there was no TLS. */
export function connectionOn(server: ServerFacts, stream: number): number | undefined {
  let ids = byStream.get(server);
  if (ids === undefined) {
    const first = new Map<number, number>();
    for (const row of server.connections) if (!first.has(row.stream)) first.set(row.stream, row.id);
    ids = first;
    byStream.set(server, ids);
  }
  return ids.get(stream);
}
