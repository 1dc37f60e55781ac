import type { SharedRandomFact } from '../model/capture-index.ts';
import { LIMITS } from '../model/limits.ts';
import type { CaptureFacts } from '../model/packet.ts';

/* What is said of the captures as a whole, once there are no more packets. */

/** Notice of what rules over the whole capture went without. */
export const NOT_ALL_COMPARED = {
  code: 'limit-reached',
  packetNumber: 0,
  offset: -1,
  needed: 0,
  available: 0,
  detail: `of servers that nothing had happened to by then, rules over the whole capture compared the last ${LIMITS.connectionsKept} connections`,
} as const;

/** Notice of what was not kept for telling whether a server died. */
export const NOT_ALL_EVENTS = {
  code: 'limit-reached',
  packetNumber: 0,
  offset: -1,
  needed: 0,
  available: 0,
  detail: `of each server the first ${LIMITS.eventsPerServer} closes are kept, and of all servers ${LIMITS.serverEvents} such events; whether a process died is not looked for behind them`,
} as const;

/** Packets that the capturing hosts dropped, by the counts of all interfaces that have one; undefined if none has. */
export function droppedPackets(captures: readonly CaptureFacts[]): number | undefined {
  const counts = captures.flatMap(({ interfaces }) =>
    interfaces.flatMap((one) => one.dropped ?? []),
  );
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0);
}

/** Handshakes of which more than one connection has both randoms: they were captured on both sides of something. */
export function handshakesIn(shared: readonly SharedRandomFact[]): number {
  const ofClient = new Map<number, SharedRandomFact>();
  for (const fact of shared)
    if (fact.role === 'client') for (const id of fact.connections) ofClient.set(id, fact);
  return shared.filter(({ role, connections }) => {
    const known = connections.flatMap((id) => ofClient.get(id) ?? []);
    return role === 'server' && new Set(known).size < known.length;
  }).length;
}
