/** A conversation that two captures show, taken at two points of its way, is told once, and nobody is accused. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { analyze, type Report } from '../../src/index.ts';
import { at, fileOf, type PcapRecord, partsOf } from '../support/pcap-packets.ts';

const SAMPLES = fileURLToPath(new URL('../../samples/', import.meta.url));
const names = readdirSync(SAMPLES).filter((name) => existsSync(`${SAMPLES}${name}/capture.pcap`));
const folder = mkdtempSync(join(tmpdir(), 'tlsdiag-points-'));

const ETHERNET = 16;
const TTL = ETHERNET + 14 + 8;

/** The packet behind one more router, where it is IPv4 over Ethernet. */
function onceMore(record: PcapRecord, micros: number): PcapRecord {
  const { octets } = at(record, micros);
  if (new DataView(octets.buffer).getUint32(ETHERNET + 12) >>> 8 !== 0x080045) {
    return { octets, micros };
  }
  octets.set([6, 5, 4, 3, 2, 1, 9, 8, 7, 6, 5, 4], ETHERNET);
  octets[TTL] = (octets[TTL] as number) - 1;
  return { octets, micros };
}

/** @returns paths of the sample and of the same seen elsewhere */
function points(name: string, later: (record: PcapRecord) => number): [string, string] {
  const whole = partsOf(readFileSync(`${SAMPLES}${name}/capture.pcap`));
  const there = whole.records
    .map((record) => onceMore(record, record.micros + later(record)))
    .sort((a, b) => a.micros - b.micros);
  const paths: [string, string] = [
    join(folder, `${name}.here.pcap`),
    join(folder, `${name}.there.pcap`),
  ];
  writeFileSync(paths[0], fileOf(whole, whole.records));
  writeFileSync(paths[1], fileOf(whole, there));
  return paths;
}

const told = ({ connections, findings }: Report) => ({
  connections: connections.map(
    ({ protocol, stream, outcome, stage, client, records, alerts, handshake, blindSpots }) => ({
      ...{ protocol, stream, outcome, stage, client, records, blindSpots },
      alerts: alerts.length,
      handshake: handshake.length,
    }),
  ),
  findings: findings.map(({ rule, severity, confidence, connections }) => ({
    ...{ rule, severity, confidence, connections },
  })),
});

/** What two points saw of one packet differs in TTL and fragments: rules that go by those are silent about it. */
const OF_ONE_POINT = ['dtls-ip-fragmentation', 'middlebox-reset'];

/** The same is told of two points as of one, and nothing is surer about connections of which less can be told. */
function expectAlike(both: Report, one: Report): void {
  const silent = new Set(
    one.findings.filter(({ rule }) => OF_ONE_POINT.includes(rule)).flatMap((f) => f.connections),
  );
  const isSpared = ({ connections }: { readonly connections: readonly number[] }) =>
    connections.some((id) => silent.has(id));
  for (const { confidence } of both.findings.filter(isSpared)) expect(confidence).toBe('possible');
  const [here, there] = [told(one), told(both)];
  expect(there.connections).toEqual(here.connections);
  expect(there.findings.filter((f) => !isSpared(f))).toEqual(
    here.findings.filter((f) => !isSpared(f)),
  );
}

const noticesOf = ({ captures }: Report): string[] =>
  captures.flatMap(({ notices }) => notices.map(({ code, message }) => `${code}: ${message}`));

describe('a second point 20 ms behind', { timeout: 120_000 }, () => {
  it.each(names)('%s', async (name) => {
    const paths = points(name, () => 20_000);
    const report = await analyze(paths);
    expectAlike(report, await analyze(paths[0]));
    expect(noticesOf(report)).toContainEqual(
      expect.stringMatching(/^captured-at-two-points: .*its clock is (20\.0|19\.\d) ms ahead/),
    );
  });
});

const dtls = names.filter((name) => name.startsWith('dtls-'));

describe('a second point whose clock', { timeout: 120_000 }, () => {
  it.each([
    ['agrees, near the server', 5, 0, undefined],
    ['is 1.5 s ahead', 5, 1_500_000, 'its clock is 1.50 s ahead'],
    // Told of the capture that begins later.
    ['is 1.5 s behind', 5, -1_500_000, 'its clock is 1.50 s ahead'],
  ])('%s', async (_, delay, offset, clock) => {
    for (const name of dtls) {
      const serverPort = (record: PcapRecord) =>
        new DataView(record.octets.buffer).getUint16(ETHERNET + 14 + 20 + 2);
      const paths = points(
        name,
        (record) => offset + (serverPort(record) < 10_000 ? delay : -delay),
      );
      const report = await analyze(paths);
      expectAlike(report, await analyze(paths[0]));
      const notices = noticesOf(report).filter((text) => text.startsWith('captured-at-two-points'));
      expect(notices).toHaveLength(1);
      if (clock === undefined) expect(notices[0]).not.toContain('clock');
      else expect(notices[0]).toContain(clock);
    }
  });
});

it('what was really sent twice stays', async () => {
  const whole = partsOf(readFileSync(`${SAMPLES}dtls-mutual-close/capture.pcap`));
  const data = whole.records.findIndex(({ octets }) => octets[ETHERNET + 14 + 20 + 8] === 23);
  const replayed = whole.records[data];
  if (replayed === undefined) throw new Error('no data');
  const again = at(replayed, replayed.micros + 100_000);
  const records = [...whole.records, again].sort((a, b) => a.micros - b.micros);
  const here = join(folder, 'replay.here.pcap');
  const there = join(folder, 'replay.there.pcap');
  writeFileSync(here, fileOf(whole, records));
  writeFileSync(
    there,
    fileOf(
      whole,
      records.map((record) => onceMore(record, record.micros + 150_000)),
    ),
  );
  const alone = await analyze(here);
  expect(alone.findings.map(({ rule }) => rule)).toContain('dtls-replay');
  expect(told(await analyze([there, here]))).toEqual(told(alone));
});
