import type { ConnectionHistory, Role, StrayFact } from '../../../src/model/history.ts';
import {
  at,
  type FakeHistory,
  fakeAlert,
  fakeHistory,
  fakeRecord,
} from '../../support/fake-history.ts';

/** A record of application data that stands out, in packet 30 unless given. */
export function stray(kind: StrayFact['kind'], more: Partial<StrayFact> = {}): StrayFact {
  return {
    ...fakeRecord(23, 'client', 30, { length: 90 }),
    kind,
    nonce: kind.startsWith('nonce-')
      ? { got: '5e11000100000058', due: '5e11000100000003' }
      : undefined,
    after: undefined,
    other: undefined,
    peerRecords: 4,
    ...more,
  };
}

/** The server's encrypted alert in packet 31, behind data of both. */
export const refused: FakeHistory = {
  alerts: [fakeAlert(undefined, 'server', 31)],
  protectedRecords: sent(28),
};

/** The server sent data in packet 900 and ended nothing. */
export const accepted: FakeHistory = { protectedRecords: sent(900, 9e9) };

function sent(answer: number, nanos = answer * 1e6) {
  const of = (role: Role, packet: number, when: number) => {
    const data = fakeRecord(23, role, packet, { nanos: when, length: 300 });
    return { count: 5, first: fakeRecord(22, role, 8), last: data, lastData: data };
  };
  return { client: of('client', 30, 30e6), server: of('server', answer, nanos) };
}

export const withStrays = (how: FakeHistory, ...strays: readonly StrayFact[]): ConnectionHistory =>
  fakeHistory({ ...how, strays });

export const EARLIER = { ...at(20), connection: 7 };
