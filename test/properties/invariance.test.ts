/** What is found does not depend on how the packets were stored, cut into segments, addressed or mixed with others. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/model/finding.ts';
import { type Analysed, analyse, type KeptHistory } from '../support/analyse.ts';
import {
  captureFile,
  type FileForm,
  type Frame,
  HOSTS,
  type Host,
  type Hosts,
  inTime,
  MS,
  noise,
  UDP_HOSTS,
} from '../support/network.ts';
import { troubled } from './dishonest.ts';
import { type Honest, honest, honestTls, play } from './honest.ts';

const SEED = 20_261_121;

/** Connections and findings as the report has them, without the captures and the totals. */
const told = ({ lines }: Analysed): string[] =>
  lines.filter((line) => /^\{"kind":"(connection|finding)"/.test(line));

/** Conversations, some of them troubled, and their packets. */
const played: fc.Arbitrary<Frame[]> = fc.oneof(
  honest.map((c) => inTime(play(c))),
  troubled.map(inTime),
);

describe('the same packets give the same report', { timeout: 120_000 }, () => {
  it('however the file is cut into chunks, and every time', () => {
    fc.assert(
      fc.property(
        played,
        fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 4 }),
        fc.constantFrom<('pcap' | 'pcapng')[]>('pcap', 'pcapng'),
        (frames, chunks, format) => {
          const file = captureFile(frames, { format });
          const whole = analyse(file);
          expect(analyse(file, { chunks }).lines).toEqual(whole.lines);
          expect(analyse(file).lines).toEqual(whole.lines);
        },
      ),
      { numRuns: 100, seed: SEED },
    );
  });

  it('in every file format', () => {
    const forms: FileForm[] = [];
    for (const format of ['pcap', 'pcapng'] as const)
      for (const order of ['little', 'big'] as const)
        for (const nanoseconds of [false, true]) forms.push({ format, order, nanoseconds });
    fc.assert(
      fc.property(played, (frames) => {
        const [first, ...others] = forms.map((form) => told(analyse(captureFile(frames, form))));
        for (const other of others) expect(other).toEqual(first);
      }),
      { numRuns: 60, seed: SEED },
    );
  });

  it('through both packet readers', () => {
    fc.assert(
      fc.property(played, (frames) => {
        const file = captureFile(frames);
        expect(told(analyse(file, { reader: 'pcap-parser' }))).toEqual(told(analyse(file)));
      }),
      { numRuns: 60, seed: SEED },
    );
  });

  it('in one capture or in two', () => {
    fc.assert(
      fc.property(played, fc.double({ min: 0, max: 1, noNaN: true }), (frames, share) => {
        const cut = Math.floor(frames.length * share);
        const whole = analyse(captureFile(frames));
        const parts = [frames.slice(0, cut), frames.slice(cut)].filter((part) => part.length > 0);
        const rotated = analyse(parts.map((part) => captureFile(part)));
        expect(rotated.connections).toEqual(whole.connections);
        // Commands and filters for several files name endpoints where those for one name its streams.
        const words = ({ commands: _, ...finding }: Finding) => finding;
        expect(rotated.findings.map(words)).toEqual(whole.findings.map(words));
      }),
      { numRuns: 60, seed: SEED },
    );
  });
});

/** What a history says apart from packets and moments. */
function meaning({ tcp, dtls, ...h }: KeptHistory) {
  return {
    outcome: h.outcome,
    stage: h.stage,
    version: h.version,
    cipherSuite: h.cipherSuite,
    resumed: h.resumed,
    rolesFrom: h.rolesFrom,
    client: h.client,
    flags: [h.extendedMasterSecret, h.encryptThenMac, h.bothDirections, ...h.blindSpots],
    messages: h.messages.map(({ type, from, length }) => [type, from, length]),
    alerts: h.alerts.map(({ level, description, from, length }) => [
      level,
      description,
      from,
      length,
    ]),
    oddities: h.oddities.map(({ kind, from, length }) => [kind, from, length]),
    records: h.records,
    protected: (['client', 'server'] as const).map((role) => {
      const { count, first, last, lastData } = h.protectedRecords[role];
      return [count, first?.length, last?.length, lastData?.length];
    }),
    octets: tcp?.octets,
    closes: tcp && [tcp.fin.client, tcp.fin.server, tcp.rst.client, tcp.rst.server].map(Boolean),
    epochs: dtls && [...dtls.epochs.client, ...dtls.epochs.server].map(({ count }) => count),
  };
}

const segmentSizes = fc.array(fc.integer({ min: 1, max: 1460 }), { minLength: 1, maxLength: 4 });

describe('the same octets mean the same', { timeout: 120_000 }, () => {
  it('however TCP splits them into segments', () => {
    fc.assert(
      fc.property(honestTls, segmentSizes, (c, segments) => {
        const whole = analyse(captureFile(play({ ...c, segments: undefined })));
        const split = analyse(captureFile(play(c, { segments })));
        expect(split.connections.map(meaning)).toEqual(whole.connections.map(meaning));
        expect(split.findings.map(({ rule }) => rule)).toEqual(
          whole.findings.map(({ rule }) => rule),
        );
      }),
      { numRuns: 60, seed: SEED },
    );
  });

  it('whatever the addresses are', () => {
    const hosts = fc.constantFrom(
      ['203.0.113.9', '10.0.0.1'],
      ['10.0.0.1', '203.0.113.9'],
      ['2001:db8::9', '2001:db8:0:1::1'],
      ['fd00::2', '2001:db8::1'],
    );
    fc.assert(
      fc.property(honest, hosts, (c, [client, server]) => {
        const { client: a, server: b } = c.kind === 'tls' ? HOSTS : UDP_HOSTS;
        const renamed: Hosts = {
          client: { ...a, address: client as string },
          server: { ...b, address: server as string },
        };
        const one = analyse(captureFile(play(c)));
        const other = analyse(captureFile(play(c, { hosts: renamed })));
        const rename = ({ address, port }: Host) => ({
          address: address === a.address ? client : server,
          port,
        });
        expect(other.connections).toEqual(
          one.connections.map((h) => ({
            ...h,
            client: rename(h.client),
            server: rename(h.server),
            dtls: h.dtls && {
              ...h.dtls,
              paths: h.dtls.paths.map((path) => ({
                ...path,
                endpoints: {
                  client: rename(path.endpoints.client),
                  server: rename(path.endpoints.server),
                },
              })),
            },
          })),
        );
        expect(other.findings.map(({ rule, packets }) => [rule, packets])).toEqual(
          one.findings.map(({ rule, packets }) => [rule, packets]),
        );
      }),
      { numRuns: 100, seed: SEED },
    );
  });
});

describe('what does not belong together', { timeout: 120_000 }, () => {
  /** The ids of a connection and of its siblings are counted over the capture; so are streams. */
  const alone = (h: KeptHistory, ids: readonly number[]): unknown => ({
    ...h,
    id: ids.indexOf(h.id),
    stream: 0,
    dtls: h.dtls && {
      ...h.dtls,
      siblings: h.dtls.siblings.map((id) => ids.indexOf(id)),
      replacesOpen: ids.indexOf(h.dtls.replacesOpen),
      // As are the streams that it moved to.
      paths: h.dtls.paths.map((path) => ({ ...path, stream: 0 })),
      anomalies: h.dtls.anomalies.map((anomaly) => ({
        ...anomaly,
        owner: ids.indexOf(anomaly.owner),
        during: ids.indexOf(anomaly.during),
      })),
    },
  });
  const hostsOf = (n: number, c: Honest): Hosts => ({
    client: { address: `10.1.${n}.1`, port: 40_001 },
    server: { address: `10.1.${n}.2`, port: c.kind === 'tls' ? 443 : 5684 },
  });

  it('is told as if it were alone, however packets are mixed', () => {
    fc.assert(
      fc.property(
        fc.array(honest, { minLength: 2, maxLength: 4 }),
        fc.array(fc.integer({ min: 0, max: 4000 }), { minLength: 4, maxLength: 4 }),
        (conversations, starts) => {
          const each = conversations.map((c, i) =>
            // Odd tenths of a microsecond keep the order of packets the same in every mixture.
            play(c, {
              hosts: hostsOf(i, c),
              startNanos: (starts[i] as number) * 0.1 * MS + i * 1000,
            }),
          );
          const mixed = analyse(captureFile(each.flat()));
          each.forEach((frames, i) => {
            // The others' packets are there, and say nothing.
            const others = each.filter((_, j) => j !== i).flat();
            const single = analyse(
              captureFile([...frames, ...others.map(({ nanos }) => noise(nanos))]),
            );
            const address = hostsOf(i, conversations[i] as Honest).client.address;
            const mine = mixed.connections.filter((h) => h.client.address === address);
            const ids = mine.map(({ id }) => id).sort((a, b) => a - b);
            const only = single.connections.map(({ id }) => id).sort((a, b) => a - b);
            expect(mine.map((h) => alone(h, ids))).toEqual(
              single.connections.map((h) => alone(h, only)),
            );
          });
          expect(mixed.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
        },
      ),
      { numRuns: 60, seed: SEED },
    );
  });
});
