import { describe, expect, it } from 'vitest';
import type { Fault } from '../../../src/model/fault.ts';
import type { Finding } from '../../../src/model/finding.ts';
import { FaultBook } from '../../../src/rules/fault/fault-book.ts';
import { fakeClientHello } from '../../support/fake-hello.ts';
import { at, type FakeHistory, fakeAlert, fakeHistory } from '../../support/fake-history.ts';
import { fakeFinding } from '../../support/fake-run.ts';
import { reaches } from '../../support/reaches.ts';

type Said = Pick<Finding, 'rule' | 'confidence'> & {
  readonly message: string;
  readonly data?: Readonly<Record<string, string>>;
};

/** A whole connection that the server ended with this alert while its ServerHello was due. */
const alerted = (description: number, from: 'client' | 'server' = 'server'): FakeHistory => ({
  outcome: 'failed',
  stage: 'server-hello',
  alerts: [fakeAlert(description, from, 9)],
});

function judge(given: FakeHistory, ...said: readonly Said[]): Fault {
  const book = new FaultBook();
  book.add(fakeHistory({ id: 1, ...given }));
  for (const { rule, confidence, message, data = {} } of said)
    book.hear(fakeFinding({ rule, confidence, connections: [1], title: `title of ${rule}` }), {
      message,
      data,
    });
  const faults: Fault[] = [];
  book.judge((fault) => faults.push(fault));
  const [only] = faults;
  if (only === undefined || faults.length > 1) throw new Error(`${faults.length} faults, not one`);
  return only;
}

const shortOf = ({ likelier, confidence }: Fault) => [likelier, confidence];

const EXPIRED: Said = {
  rule: 'cert-expired',
  confidence: 'proven',
  message: 'expired',
  data: { owner: 'server' },
};
const DIED: Said = { rule: 'server-process-died', confidence: 'proven', message: 'died' };
const NO_CLIENT_CERT: Said = {
  rule: 'client-cert-required',
  confidence: 'likely',
  message: 'refused',
};
const OFFERS: Said = { rule: 'no-shared-cipher', confidence: 'proven', message: 'refused' };
const WAITED: Said = {
  rule: 'handshake-aborted',
  confidence: 'proven',
  message: 'waited',
  data: { debtor: 'server' },
};
const ALERT: Said = { rule: 'handshake-alert', confidence: 'proven', message: 'alert' };

describe('whose fault a failed connection probably is', () => {
  it('is told of connections that failed or were aborted, and of no other', () => {
    const book = new FaultBook();
    for (const outcome of [
      'established',
      'failed',
      'aborted',
      'incomplete',
      'no-handshake',
    ] as const)
      book.add(fakeHistory({ id: outcome.length, outcome }));
    const told: number[] = [];
    book.judge(({ connection }) => told.push(connection));
    expect(told).toEqual(['failed'.length, 'aborted'.length]);
  });

  it.each<[string, readonly Said[], readonly unknown[]]>([
    [
      'follows a finding that names a side, and is not proven while a rival is left',
      [EXPIRED],
      ['server', 'likely'],
    ],
    ['is as proven as the finding where none is left', [DIED], ['server', 'proven']],
    [
      'follows the one that decides where another leaves it open',
      [OFFERS, DIED],
      ['server', 'proven'],
    ],
    ['is stronger by two that agree', [EXPIRED, DIED], ['server', 'proven']],
    [
      'stays open where two contradict each other',
      [EXPIRED, NO_CLIENT_CERT],
      ['undecided', undefined],
    ],
    ['stays open where the finding leaves it open', [OFFERS], ['undecided', undefined]],
    ['is possible by who owed the next step', [WAITED], ['server', 'possible']],
    [
      'stays open where what is possible meets what is open',
      [WAITED, OFFERS],
      ['undecided', undefined],
    ],
    [
      'is not moved by a finding that says nothing of it',
      [{ ...DIED, rule: 'tls-data-after-close', message: 'after' }],
      ['undecided', undefined],
    ],
  ])('%s', (_, said, want) => {
    expect(shortOf(judge(alerted(40), ...said))).toEqual(want);
  });

  it('is less sure where the finding is', () => {
    expect(shortOf(judge(alerted(45), { ...EXPIRED, confidence: 'possible' }))).toEqual([
      'server',
      'possible',
    ]);
  });

  it.each<[string, number, 'client' | 'server', readonly unknown[]]>([
    ['internal_error of the server', 80, 'server', ['server', 'likely']],
    [
      'internal_error of the client, which says so for the server’s sake too',
      80,
      'client',
      ['undecided', undefined],
    ],
    [
      'unknown_ca, which either trust store or chain may cause',
      48,
      'client',
      ['undecided', undefined],
    ],
    ['certificate_revoked of the client', 44, 'client', ['server', 'possible']],
    ['certificate_revoked of the server', 44, 'server', ['client', 'possible']],
    ['handshake_failure', 40, 'server', ['undecided', undefined]],
    ['bad_record_mac', 20, 'server', ['undecided', undefined]],
    ['an alert that nobody knows', 199, 'server', ['undecided', undefined]],
  ])('goes by what the alert most often means: %s', (_, description, from, want) => {
    expect(shortOf(judge(alerted(description, from), ALERT))).toEqual(want);
  });

  it('does not blame a server that is at a loss without a name', () => {
    const nameless = { ...alerted(80), clientHello: fakeClientHello(), serverName: undefined };
    const fault = judge(nameless, ALERT);
    expect(shortOf(fault)).toEqual(['undecided', undefined]);
    expect(fault.for[0]).toContain('client: it sends no server name');
    for (const other of [
      { ...nameless, serverName: 'a.example.test' },
      { ...nameless, stage: 'client-finished' as const },
    ])
      expect(shortOf(judge(other, ALERT))).toEqual(['server', 'likely']);
  });

  it('never takes the sender of an alert about its peer for the culprit', () => {
    for (let description = 0; description < 256; description++) {
      if (description === 80) continue;
      for (const from of ['client', 'server'] as const)
        expect(judge(alerted(description, from), ALERT).likelier, String(description)).not.toBe(
          from,
        );
    }
  });

  it('is open, and says why, where no rule spoke and the capture is not whole', () => {
    const fault = judge({ ...alerted(44, 'client'), blindSpots: ['lost-bytes'] });
    expect(shortOf(fault)).toEqual(['undecided', undefined]);
    expect(fault.against).toEqual(['the capture lacks some of its octets']);
  });

  it('tells who ended it, and that this one noticed', () => {
    const fault = judge(alerted(45, 'client'), EXPIRED);
    expect(fault.ending).toEqual({
      ...at(9),
      by: 'client',
      how: 'the fatal alert certificate_expired (45)',
    });
    expect(fault.for).toEqual([
      'title of cert-expired',
      'the client ended the connection with the fatal alert certificate_expired (45) in packet 9: it noticed',
    ]);
    expect(fault.rules).toEqual(['cert-expired']);
  });

  it('names processes and packets in what would settle it', () => {
    const { settle } = judge(alerted(40), DIED);
    expect(settle).toEqual([
      'the log of the server process (192.0.2.2:443) at the time of packet 9',
    ]);
  });

  it('gives the sides that the data names their readings', () => {
    const said = {
      rule: 'record-length-impossible',
      confidence: 'proven',
      message: 'impossible',
    } as const;
    const fault = judge(alerted(20), { ...said, data: { from: 'client' } });
    expect(fault.for.map((text) => text.split(':')[0])).toEqual(['client', 'network']);
  });

  it('takes a note for no more than possible', () => {
    const faultBy = (severity: 'info' | 'error') => {
      const book = new FaultBook();
      book.add(fakeHistory({ id: 1, ...alerted(20) }));
      book.hear(
        fakeFinding({ rule: 'etm-disagreement', severity, confidence: 'proven', connections: [1] }),
        { message: 'aead', data: {} },
      );
      const confidences: Fault['confidence'][] = [];
      book.judge(({ confidence }) => confidences.push(confidence));
      return confidences;
    };
    expect(faultBy('error')).toEqual(['likely']);
    expect(faultBy('info')).toEqual(['possible']);
  });

  reaches('faults', 5, 'keeps a bounded number and counts the others', (bound) => {
    const book = new FaultBook();
    for (let id = 1; id <= bound + 3; id++) book.add(fakeHistory({ id, outcome: 'aborted' }));
    let told = 0;
    book.judge(() => told++);
    expect([told, book.omitted]).toEqual([bound, 3]);
  });
});
