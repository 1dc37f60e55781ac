import type { DtlsFacts, IdMisfitFact, PathFact } from '../../../src/model/dtls-facts.ts';
import type { ConnectionHistory } from '../../../src/model/history.ts';
import { association, atMs } from '../support/dtls-history.ts';

export const CLIENT_ID = '0badcafe';
export const SERVER_ID = 'c1d5e2f3a401';

/** An association with ids both ways, in packets 1 to 10. */
export function withIds(dtls: Partial<DtlsFacts>, more: object = {}): ConnectionHistory {
  const connectionIds = { extension: 54, to: { client: CLIENT_ID, server: SERVER_ID } };
  return association({ id: 1, packet: 1, ms: 0, ...more, dtls: { connectionIds, ...dtls } });
}

/** A 5-tuple with records of the client in packets 20 and 22, and perhaps one of the server in packet 21. */
export function path(more: Partial<PathFact> & { readonly answered?: boolean } = {}): PathFact {
  const { answered = true, ...facts } = more;
  return {
    stream: 1,
    endpoints: {
      client: { address: '192.0.2.10', port: 50_001 },
      server: { address: '198.51.100.20', port: 5684 },
    },
    first: atMs(20, 2000),
    last: atMs(22, 2500),
    records: { client: 2, server: answered ? 1 : 0 },
    firstOf: { client: atMs(20, 2000), server: answered ? atMs(21, 2001) : undefined },
    isProven: false,
    isElsewhere: false,
    isCopy: false,
    ...facts,
  };
}

export const misfit = (packet: number, more: Partial<IdMisfitFact> = {}): IdMisfitFact => ({
  ...atMs(packet, packet),
  from: 'client',
  epoch: 1,
  kind: 'length',
  wanted: SERVER_ID,
  found: SERVER_ID.slice(0, 8),
  ...more,
});
