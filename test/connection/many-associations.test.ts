/** Thousands of associations on one 5-tuple are not looked at for every packet. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Association as Kept } from '../../src/connection/dtls-association.ts';
import { RecentRandoms } from '../../src/connection/recent-randoms.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { analyse } from '../support/analyse.ts';
import { Association } from '../support/conversation.ts';
import { hex } from '../support/hello-builder.ts';
import { captureFile, MS, UdpFlow } from '../support/network.ts';
import { reaches } from '../support/reaches.ts';

const WITH_IDS = { ids: { client: hex('a1a2'), server: hex('b1b2') } };

function looksAt(count: number): number {
  const flow = new UdpFlow();
  for (let seed = 1; seed <= count; seed++) {
    new Association(flow, { seed }).handshake().data('client').data('server');
    flow.wait(2000 * MS);
  }
  const looks = vi.spyOn(Kept.prototype, 'last', 'get');
  try {
    expect(analyse(captureFile(flow.frames)).connections).toHaveLength(count);
    return looks.mock.calls.length;
  } finally {
    looks.mockRestore();
  }
}

describe('associations of one 5-tuple', () => {
  it('are looked at in proportion to their number', () => {
    const few = looksAt(40);
    expect(few).toBeGreaterThan(40);
    expect(looksAt(80)).toBeLessThan(2.2 * few);
  });

  const WHOSE = 'before one without ids: behind so many, a record without is nobody’s';
  reaches('associationsCompared', 6, WHOSE, (bound) => {
    for (const [count, isNobodys] of [
      [bound - 1, false],
      [bound, true],
    ] as const) {
      const flow = new UdpFlow();
      const first = new Association(flow).handshake().data('client');
      for (let seed = 2; seed <= 1 + count; seed++)
        new Association(flow, { ...WITH_IDS, seed }).handshake();
      first.data('client');
      const { connections } = analyse(captureFile(flow.frames));
      const sealed = connections.map(({ protectedRecords }) => protectedRecords.client.count);
      const all = count + 2;
      expect(sealed.reduce((sum, one) => sum + one, 0)).toBe(isNobodys ? all : all + 1);
    }
  });
});

describe('handshakes whose randoms a server may have signed by mistake', () => {
  it('are those that began nearest', () => {
    const ids = fc.uniqueArray(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(ids, fc.integer({ min: 1, max: 5000 }), (all, own) => {
        const recent = new RecentRandoms();
        const octets = new Uint8Array(32);
        for (const id of all) recent.add(id, octets, 0, octets, 0);
        const distances = all
          .filter((id) => id !== own)
          .map((id) => Math.abs(id - own))
          .sort((a, b) => a - b);
        const found = (recent.around(own) ?? []).map(({ name }) =>
          Math.abs(Number(name.replace('connection ', '')) - own),
        );
        expect(found).toEqual(distances.slice(0, LIMITS.signatureCandidates));
      }),
    );
  });

  it('of the newest, older ones give way', () => {
    const recent = new RecentRandoms();
    const octets = new Uint8Array(32);
    for (let id = 1; id <= LIMITS.recentHandshakes + 20; id++) recent.add(id, octets, 0, octets, 0);
    const [nearest] = recent.around(1) ?? [];
    expect(nearest?.name).toBe('connection 21');
  });

  reaches('signaturesExplained', 8, 'are looked for so many times in a run', (bound) => {
    const recent = new RecentRandoms();
    for (let n = 0; n < bound; n++) expect(recent.around(1)).toEqual([]);
    expect(recent.around(1)).toBeUndefined();
  });
});
