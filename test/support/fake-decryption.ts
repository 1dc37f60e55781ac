import type {
  DecryptionFacts,
  Explanation,
  FailedRecord,
  FinishedCheck,
} from '../../src/model/decryption.ts';
import type { ConnectionHistory } from '../../src/model/history.ts';
import { at, type FakeHistory, fakeAlert, fakeHistory, fakeRecord } from './fake-history.ts';

/** What secrets told of a connection: every record opened, except for what is given. */
export function fakeDecryption(given: Partial<DecryptionFacts> = {}): DecryptionFacts {
  const failures = given.failures ?? [];
  const failed = (role: 'client' | 'server') => failures.filter(({ from }) => from === role).length;
  return {
    source: 'key-log',
    authenticated: 6,
    failed: failures.length,
    skipped: 0,
    perRole: {
      client: { authenticated: 3, failed: failed('client') },
      server: { authenticated: 3, failed: failed('server') },
    },
    obstacle: undefined,
    detail: undefined,
    failures,
    finished: { client: undefined, server: undefined },
    binder: undefined,
    masterExplanation: undefined,
    ...given,
  };
}

/** A mistake that reproduces a MAC, a Finished or a master secret. */
export function fakeMistake(hypothesis: string, details: Explanation['details'] = {}): Explanation {
  return {
    hypothesis,
    meaning: `the sender made the mistake called ${hypothesis}`,
    source: 'RFC 5246 §6.2.3.1',
    details,
    trials: 40,
    oddsLog2: -154,
  };
}

/** A record of the client in packet 30 that did not open: number 3 of its direction, and no mistake explains it. */
export function fakeFailure(given: Partial<FailedRecord> = {}): FailedRecord {
  return {
    ...fakeRecord(23, 'client', 30, { length: 90, sequence: 3 }),
    why: 'mac',
    expected: 3,
    explanation: undefined,
    excluded: ['as-specified', 'other-version'],
    openedBefore: 3,
    isExtra: false,
    ...given,
  };
}

export function fakeFinished(given: Partial<FinishedCheck> = {}): FinishedCheck {
  return {
    ...at(8),
    from: 'client',
    verified: false,
    explanation: undefined,
    excluded: ['message-left-out'],
    isTranscriptWhole: true,
    ...given,
  };
}

/** The server's bad_record_mac in packet 31, opened with the secrets. */
export const refusal = fakeAlert(20, 'server', 31, { encrypted: true });

/** A connection on which that record of the client failed by this mistake, and which the server ended over it. */
export function failing(
  explanation: Explanation | undefined,
  given: FakeHistory & { readonly failure?: Partial<FailedRecord> } = {},
): ConnectionHistory {
  const { failure, ...history } = given;
  const failures = [fakeFailure({ explanation, ...failure })];
  return fakeHistory({
    alerts: [refusal],
    decryption: fakeDecryption({ failures }),
    ...history,
  });
}

/** The same, and the server goes on with data five seconds later. */
export const untroubled: FakeHistory = {
  alerts: [],
  protectedRecords: {
    server: { count: 9, last: fakeRecord(23, 'server', 90, { nanos: 5e9 }) },
  },
};
