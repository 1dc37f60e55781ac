import { at, fakeHistory, fakeMessage, fakeRecord } from '../../support/fake-history.ts';
import type { ConnectionCase } from './rule-tester.ts';

/** For every rule that would otherwise speak of how a handshake ended. */
export const PASSES_CLIENT_THAT_WENT_ON: ConnectionCase = {
  name: 'passes a TLS 1.3 client that has gone on, though the capture is out of order',
  history: fakeHistory({
    outcome: 'aborted',
    stage: 'client-flight',
    version: 0x0304,
    cipherSuite: 0x1301,
    messages: [fakeMessage(1, 'client', 4), fakeMessage(2, 'server', 6)],
    protectedRecords: { client: { count: 3, last: fakeRecord(23, 'client', 8, { length: 19 }) } },
    tcp: {
      fin: { client: at(9), server: undefined },
      lastData: { client: at(8), server: at(6) },
    },
  }),
  want: 'pass',
};
