/** What is kept of connection ids, paths and clients that may come back has a bound. */
import { describe, expect, it } from 'vitest';
import { AssociationPaths } from '../../src/connection/association-paths.ts';
import { ConnectionIds } from '../../src/connection/connection-ids.ts';
import { AssociationPool } from '../../src/connection/dtls-association.ts';
import { Rebinding } from '../../src/connection/rebinding.ts';
import type { FlowDirectory } from '../../src/model/stream.ts';
import { analyse } from '../support/analyse.ts';
import { Association } from '../support/conversation.ts';
import { hex, uint } from '../support/hello-builder.ts';
import { captureFile, MS, UDP_HOSTS, UdpFlow } from '../support/network.ts';
import { reaches } from '../support/reaches.ts';

/** Clients at ports of one address, all of one server; side 0 is the client. */
const FLOWS = {
  address: (flow: number, side: number) => (side === 0 ? `10.0.${flow >> 8}.${flow & 255}` : '::1'),
  endpointKey: (flow: number, side: number) => (side === 0 ? flow * 0x10000 : 7),
} as unknown as FlowDirectory;

const pool = new AssociationPool();
function associationOn(flow: number) {
  const a = pool.take();
  a.flow = flow;
  return a;
}

describe('connection ids', () => {
  const ownerOf = (ids: ConnectionIds, id: Uint8Array) =>
    ids.ownerOf(undefined, 1_000_000, 0, id, 0, id.length, 1, 1).association;

  reaches('connectionIds', 10, 'the oldest gives way to the newest', (bound) => {
    const ids = new ConnectionIds(FLOWS);
    const a = associationOn(1);
    const first = uint(0xabcdef01, 8);
    ids.settle(a, 54, [undefined, first]);
    expect(ownerOf(ids, first)).toBe(a);
    for (let n = 1; n < bound; n++) ids.add(a, 1, uint(n, 8));
    expect(ownerOf(ids, first)).toBe(a);
    ids.add(a, 1, uint(bound, 8));
    expect(ownerOf(ids, first)).toBeUndefined();
    expect(ownerOf(ids, uint(bound, 8))).toBe(a);
  });

  reaches('sameConnectionIds', 4, 'the same id of too many: the oldest gives way', (bound) => {
    const ids = new ConnectionIds(FLOWS);
    const id = hex('c1d5e2f3');
    const all = Array.from({ length: bound + 1 }, (_, n) => associationOn(n));
    for (const a of all) ids.settle(a, 54, [undefined, id]);
    // All but the last are let go: if the first were still there, it would be the only other one.
    for (const a of all.slice(1, -1)) ids.forget(a);
    expect(ownerOf(ids, id)).toBe(all.at(-1));
  });

  it('what is forgotten is nobody’s, and its length is none', () => {
    const ids = new ConnectionIds(FLOWS);
    const a = associationOn(1);
    const id = hex('c1d5e2f3');
    ids.settle(a, 54, [undefined, id]);
    expect(ids.lengthOf(undefined, 9, 0, id, 0, 4)).toBe(4);
    ids.forget(a);
    expect(ids.lengthOf(undefined, 9, 0, id, 0, 4)).toBe(-1);
    expect(ownerOf(ids, id)).toBeUndefined();
  });
});

describe('paths', () => {
  reaches('pathsPerAssociation', 3, 'an association is followed so far', (bound) => {
    const a = new Association(undefined, { ids: { client: hex(''), server: hex('c1d5e2f3') } });
    a.handshake();
    const flows = [a.flow];
    for (let n = 0; n < bound + 2; n++) {
      const hosts = { ...UDP_HOSTS, client: { address: '192.0.2.10', port: 50_000 + n } };
      flows.push(a.moveTo(new UdpFlow({ hosts })).data('client').flow);
    }
    const frames = flows.flatMap((flow) => flow.frames).sort((x, y) => x.nanos - y.nanos);
    const { connections } = analyse(captureFile(frames));
    expect(connections).toHaveLength(1);
    expect(connections[0]?.dtls?.paths).toHaveLength(bound);
    expect(connections[0]?.dtls?.pathsOmitted).toBe(true);
    expect(connections[0]?.protectedRecords.client.count).toBe(bound + 3);
  });
});

describe('associations that come to one 5-tuple', () => {
  reaches(
    'pathsPerFlow',
    4,
    'are followed so far; beyond, nothing there is anybody’s for certain until one is forgotten',
    (bound) => {
      const paths = new AssociationPaths();
      const all = Array.from({ length: bound + 1 }, (_, n) => associationOn(n));
      const taken = all.map((a) => paths.take(a, 999, 0, 0, true, 1, 1));
      expect(taken.map((path) => path?.association)).toEqual([...all.slice(0, -1), undefined]);
      expect(all.at(-1)?.pathsOmitted).toBe(true);
      expect(paths.at(999)).toHaveLength(bound);
      expect(paths.isFull(999)).toBe(true);
      for (const [n, a] of all.entries()) expect(paths.on(999, a)).toBe(taken[n]);
      const [first] = all;
      if (first !== undefined) paths.forget(first);
      expect(paths.isFull(999)).toBe(false);
      expect(paths.at(999)[0]).toBe(taken[1]);
    },
  );
});

describe('clients that may come back', () => {
  it('of one address and server the newest four are remembered', () => {
    const flows = {
      address: (_: number, side: number) => (side === 0 ? '192.0.2.1' : '198.51.100.1'),
      endpointKey: (flow: number, side: number) => (side === 0 ? 0xc0000201_0000 + flow : 7),
    } as unknown as FlowDirectory;
    const rebinding = new Rebinding(flows, () => true);
    const all = Array.from({ length: 5 }, (_, n) => associationOn(n));
    for (const a of all) rebinding.note(a, 0);
    const found = (wanted: unknown) => rebinding.find(99, 0, (a) => a === wanted);
    expect(all.map((a) => found(a) === a)).toEqual([false, true, true, true, true]);
  });

  reaches('rebindingCandidates', 16, 'and no more than there are places for', (bound) => {
    const rebinding = new Rebinding(FLOWS, () => true);
    const first = associationOn(0);
    rebinding.note(first, 0);
    const found = () => rebinding.find(0, 0, (a) => a === first);
    // Its own 5-tuple is no other port: nobody comes back there.
    expect(found()).toBeUndefined();
    for (let n = 1; n < 4 * bound; n++) rebinding.note(associationOn(n), 0);
    expect(Object.values(rebinding).filter(Array.isArray)[0]).toHaveLength(bound);
  });
});

describe('lengths that are worked out', () => {
  reaches('guessedIdLengths', 20, 'the direction seen first gives way', (bound) => {
    const strangers = bound;
    const frames = [];
    const begin = new Association(undefined, { ids: { client: hex(''), server: hex('c1d5e2f3') } });
    const record = (n: number) => begin.sealed('client', 23, 40 + n);
    const first = new UdpFlow().datagram('client', record(0)).datagram('client', record(1));
    frames.push(...first.frames);
    for (let n = 0; n < strangers; n++) {
      const client = { address: `10.1.${n >> 8}.${n & 255}`, port: 4000 };
      const flow = new UdpFlow({ hosts: { ...UDP_HOSTS, client }, startNanos: MS });
      frames.push(...flow.datagram('client', record(n % 9)).frames);
    }
    // The third of the first direction would have settled it.
    frames.push(...new UdpFlow({ startNanos: 2 * MS }).datagram('client', record(5)).frames);
    expect(analyse(captureFile(frames)).connections).toEqual([]);
    const three = [...first.frames, ...frames.slice(-1)];
    expect(analyse(captureFile(three)).connections).toHaveLength(1);
  });

  reaches('guessedIdOctets', 3, 'are no longer than the limit', () => {
    const ids = { client: hex(''), server: hex('c1d5e2f3') };
    const a = new Association(undefined, { ids });
    const flow = new UdpFlow();
    for (const length of [40, 41, 45, 47]) flow.datagram('client', a.sealed('client', 23, length));
    const { connections, result } = analyse(captureFile(flow.frames));
    expect(connections).toEqual([]);
    expect(result.notices.flat().map(({ code }) => code)).toEqual(['connection-id-length-unknown']);
  });
});
