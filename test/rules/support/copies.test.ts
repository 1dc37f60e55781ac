import { describe, expect, it } from 'vitest';
import type { CaptureIndex, ConnectionSummary } from '../../../src/model/capture-index.ts';
import { tlsForeignRecordSuspected } from '../../../src/rules/misdelivery/tls-foreign-record-suspected.ts';
import { mayBeOtherView } from '../../../src/rules/support/copies.ts';
import { at } from '../../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import { EARLIER, refused, stray, withStrays } from './strays.ts';

const ALONE = { previous: undefined, next: undefined };
const INSIDE = { address: '192.0.2.8', port: 4711 };
const OUTSIDE = { address: '203.0.113.77', port: 52_000 };
const SERVER = { address: '198.51.100.9', port: 443 };

/** Connections 1 and 2 of a client behind a translator, and 7, which is what the other side of it has. */
const rows = (outside: Partial<ConnectionSummary> = {}): ConnectionSummary[] => [
  ...[1, 2].map((id) => fakeSummary({ id, client: INSIDE, server: SERVER, hello: at(2) })),
  fakeSummary({ id: 7, client: OUTSIDE, server: SERVER, hello: at(3), ...outside }),
];
const index = (connections: readonly ConnectionSummary[], ...shared: number[][]): CaptureIndex =>
  fakeIndex([fakeServer({ connections })], {
    sharedRandoms: shared.map((ids) => ({
      role: 'client',
      connections: ids,
      packets: ids,
      keyShares: ids.map(() => 0),
    })),
  });

describe('octets of one connection in another', () => {
  it.each<[string, ConnectionSummary[], number[][], boolean]>([
    ['of another client whose hellos are its own', rows(), [], false],
    ['that shares its hello with a third one', rows(), [[2, 7]], true],
    ['whose hello is missing', rows({ hello: undefined }), [], true],
    ['of another server', rows({ server: { ...SERVER, port: 8443 }, hello: undefined }), [], false],
    ['of the same client', rows({ client: { ...INSIDE, port: 9 }, hello: undefined }), [], false],
  ])('%s', (_, [one, , other], shared, isView) => {
    if (one === undefined || other === undefined) throw new Error('no rows');
    expect(mayBeOtherView(one, other, index([one, other], ...shared))).toBe(isView);
  });

  it('are no foreign record where a translator shows the connection twice', () => {
    const copied = stray('copy', { other: { ...EARLIER, connection: 7 } });
    const [verdict] = [tlsForeignRecordSuspected.check(withStrays(refused, copied), ALONE)].flat();
    if (verdict?.kind !== 'finding') throw new Error('no finding');
    const { complete } = tlsForeignRecordSuspected;
    expect(complete?.(verdict, index(rows()))).toBe(verdict);
    expect(complete?.(verdict, index(rows(), [2, 7]))).toBeUndefined();
  });
});
