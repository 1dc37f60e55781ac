import type { FlightFacts, FlightRepeat, FragmentedMessage } from '../../../src/model/flights.ts';
import type { ConnectionHistory, Role } from '../../../src/model/history.ts';
import { association, atMs, hello } from './dtls-history.ts';

export const repeatAt = (from: Role, packet: number, ms: number): FlightRepeat => ({
  from,
  first: atMs(packet, ms),
  last: atMs(packet, ms),
});

/** The server’s certificate in five fragments, whole with its first transmission in packet 8 unless given otherwise. */
export function fragmented(more: Partial<FragmentedMessage> = {}): FragmentedMessage {
  return {
    from: 'server',
    type: 11,
    messageSequence: 2,
    length: 906,
    fragments: 5,
    largest: 200,
    first: atMs(4, 4),
    last: atMs(8, 8),
    transmissions: 1,
    passedOver: 0,
    missing: [],
    completed: atMs(8, 8),
    wholeAtOnce: true,
    recut: false,
    ...more,
  };
}

export function flights(
  repeats: readonly FlightRepeat[],
  messages: readonly FragmentedMessage[] = [],
): FlightFacts {
  const of = (role: Role) => repeats.filter(({ from }) => from === role);
  return {
    repeats,
    repeated: { client: of('client').length, server: of('server').length },
    lastRepeat: { client: of('client').at(-1)?.first, server: of('server').at(-1)?.first },
    fragmented: messages,
  };
}

/**
 * A handshake that stopped while the client waited for the server’s flight: ClientHello, cookie, ClientHello in packets
 * 1 to 3, ServerHello in packet 4.
 */
export function stuck(
  facts: FlightFacts,
  more: Partial<ConnectionHistory> = {},
): ConnectionHistory {
  const message = (type: number, from: Role, packet: number) => ({
    ...atMs(packet, packet),
    type,
    from,
    length: 64,
  });
  return {
    ...association({
      id: 1,
      packet: 1,
      ms: 0,
      outcome: 'incomplete',
      stage: 'server-flight',
      messages: [
        message(1, 'client', 1),
        message(3, 'server', 2),
        message(1, 'client', 3),
        message(2, 'server', 4),
      ],
      changeCipherSpec: { client: undefined, server: undefined },
      dtls: {
        flights: facts,
        clientHellos: [hello(atMs(1, 1), 0), hello(atMs(3, 3), 1)],
        finishedTransmissions: { client: [], server: [] },
        probableClose: { client: undefined, server: undefined },
      },
    }),
    protectedRecords: {
      client: { count: 0, first: undefined, last: undefined, lastData: undefined },
      server: { count: 0, first: undefined, last: undefined, lastData: undefined },
    },
    ...more,
  };
}
