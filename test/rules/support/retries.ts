import type { ConnectionSummary, OfferFacts } from '../../../src/model/capture-index.ts';
import { fakeClientHello } from '../../support/fake-hello.ts';
import { at, type FakeHistory, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';

const client = { address: '192.0.2.1', port: 40_000 };

export const offer = (given: Partial<OfferFacts> = {}): OfferFacts => ({
  highestVersion: 0x0304,
  extensions: [0, 10, 43, 51],
  postQuantum: false,
  ...given,
});

/** A ClientHello in packet 4, acknowledged, that the server answers with FIN in packet 10. */
export const unanswered = (given: FakeHistory = {}) =>
  fakeHistory({
    outcome: 'aborted',
    stage: 'server-hello',
    version: undefined,
    clientHello: fakeClientHello(),
    messages: [fakeMessage(1, 'client', 4, { length: 1691 })],
    ...given,
    tcp: {
      octets: { client: 1700, server: 0 },
      lastDataAcknowledged: { client: at(5), server: undefined },
      fin: { client: undefined, server: at(10) },
      ...given.tcp,
    },
  });

/** The row of that connection, or of another failure with that offer. */
export const failure = (of: OfferFacts, given: Partial<ConnectionSummary> = {}) =>
  fakeSummary({
    id: 1,
    client,
    outcome: 'aborted',
    stage: 'server-hello',
    answered: undefined,
    offer: of,
    start: at(1),
    ...given,
  });

/** One that the same server answered to the same client, packets 1000 on unless given. */
export const success = (of: OfferFacts, given: Partial<ConnectionSummary> = {}) =>
  fakeSummary({ id: 9, client, offer: of, start: at(1000), ...given });

export const among = (...connections: readonly ConnectionSummary[]) =>
  fakeIndex([fakeServer({ connections })]);
