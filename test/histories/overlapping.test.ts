/** Captures of the same time are put together packet by packet, as mergecap does. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { CaptureReader } from '../../src/capture/capture-reader.ts';
import { analyze } from '../../src/index.ts';
import { block, pcapngFile } from '../support/capture-builder.ts';
import { at, fileOf, type PcapRecord, partsOf } from '../support/pcap-packets.ts';
import { reaches } from '../support/reaches.ts';
import { runCli } from '../support/run-cli.ts';

const sample = (name: string) =>
  partsOf(readFileSync(new URL(`../../samples/${name}/capture.pcap`, import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), 'tlsdiag-overlap-'));

const tls = sample('tls-ticket-key-changed');
const dtls = sample('dtls-late-close-notify-after-handshake-fatal');
/** As if both had begun in the same second. */
const begin = Math.min(...tls.records.map(({ micros }) => micros));
const shift = begin - Math.min(...dtls.records.map(({ micros }) => micros)) + 3;
const dtlsRecords = dtls.records.map((record) => at(record, record.micros + shift));

function write(name: string, records: readonly PcapRecord[]): string {
  const path = join(folder, name);
  writeFileSync(path, fileOf(tls, records));
  return path;
}

const a = write('client-side.pcap', tls.records);
const b = write('other-host.pcap', dtlsRecords);
const [byTime, order] = (() => {
  const files = [tls.records, dtlsRecords];
  const all = files.flatMap((records, file) =>
    records.map((record, index) => ({ record, file, number: index + 1 })),
  );
  all.sort((x, y) => x.record.micros - y.record.micros || x.file - y.file);
  return [all.map(({ record }) => record), all] as const;
})();

describe('two captures of the same time', () => {
  it('are one history, and packets are told by file and number', async () => {
    const merged = await analyze(write('merged.pcap', byTime));
    for (const files of [
      [a, b],
      [b, a],
    ]) {
      const report = await analyze(files);
      expect(report.captures.map(({ path }) => path)).toEqual([a, b]);
      expect(report.summary).toEqual(merged.summary);
      expect(report.findings.length).toBeGreaterThan(1);
      report.findings.forEach((finding, index) => {
        const same = merged.findings[index];
        expect([finding.rule, finding.connections]).toEqual([same?.rule, same?.connections]);
        const places = finding.packets.map((packet, i) => [finding.packetCaptures?.[i], packet]);
        expect(places).toEqual(
          same?.packets.map((packet) => [order[packet - 1]?.file, order[packet - 1]?.number]),
        );
        expect(finding.displayFilters?.flatMap(({ filter }) => filter.match(/\d+/g))).toEqual(
          finding.packets.map(String),
        );
      });
      report.connections.forEach((connection, index) => {
        const same = merged.connections[index];
        const first = order[(same?.firstPacket ?? 0) - 1];
        const last = order[(same?.lastPacket ?? 0) - 1];
        expect([connection.capture, connection.firstPacket, connection.lastPacket]).toEqual([
          first?.file,
          first?.number,
          last?.number,
        ]);
        expect(connection.handshake).toEqual(
          same?.handshake.map(({ packet, ...message }) => ({
            ...message,
            packet: order[packet - 1]?.number,
          })),
        );
      });
    }
  });

  it('as mergecap puts them together', async ({ skip }) => {
    if (spawnSync('mergecap', ['-h']).error) skip('mergecap is missing');
    const merged = join(folder, 'by-mergecap.pcap');
    execFileSync('mergecap', ['-F', 'pcap', '-w', merged, a, b]);
    expect((await analyze([a, b])).summary).toEqual((await analyze(merged)).summary);
  });

  it('name file and frame in the text', async () => {
    const { output, status } = await runCli(['analyze', '--no-color', a, b]);
    expect(status).toBe(1);
    expect(output).toContain('/client-side.pcap: ');
    expect(output).toMatch(/packets of\s+other-host\.pcap/);
    expect(output).toMatch(/wireshark {2}other-host\.pcap: frame\.number in \{[\d,]+\}/);
    expect(output).not.toMatch(/udp\.stream|tcp\.stream/);
    expect(output).toMatch(/tshark -r \S*other-host\.pcap/);
  });
});

describe('a directory', () => {
  it('is the captures in it, by content', async () => {
    const inside = join(folder, 'inside');
    mkdirSync(join(inside, 'below'), { recursive: true });
    writeFileSync(join(inside, 'one'), fileOf(tls, tls.records));
    writeFileSync(join(inside, 'two.dat'), gzipSync(fileOf(tls, dtlsRecords)));
    writeFileSync(join(inside, 'three.pcap'), 'no capture at all');
    writeFileSync(join(inside, 'README.md'), 'neither');
    writeFileSync(join(inside, 'below', 'four.pcap'), fileOf(tls, tls.records));
    const report = await analyze(inside);
    expect(report.captures.map(({ path }) => path)).toEqual([
      join(inside, 'one'),
      join(inside, 'two.dat'),
    ]);
    const { said } = await runCli(['analyze', inside, '--fail-on', 'never']);
    expect(said).toMatch(
      /notice: 2 files left out that are no captures: '.*README\.md', '.*three\.pcap'/,
    );
    const same = await runCli(['analyze', inside, join(inside, 'one'), '--json']);
    expect(JSON.parse(same.stdout).captures).toHaveLength(2);
  });

  it('without captures is a mistake', async () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    expect(await runCli(['analyze', empty])).toMatchObject({
      status: 2,
      said: expect.stringContaining('is a directory without files'),
    });
    writeFileSync(join(empty, 'notes.txt'), 'nothing');
    expect(await runCli(['analyze', empty])).toMatchObject({
      status: 2,
      said: expect.stringContaining('there is no capture in the directory'),
    });
  });
});

describe('files in no good order', () => {
  it('without packets come last', async () => {
    const none = write('aa-none.pcap', []);
    const { captures } = await analyze([none, b, a]);
    expect(captures.map(({ path }) => path)).toEqual([a, b, none]);
    expect(captures[2]?.notices.map(({ code }) => code)).toEqual(['capture-empty']);
  });

  it('of a set whose clock was set back are told', async () => {
    const half = Math.floor(tls.records.length / 2);
    const first = write('ring_00001_20240501120000.pcap', tls.records.slice(0, half));
    const back = tls.records.slice(half).map((record) => at(record, record.micros - 5e6));
    const second = write('ring_00002_20240501120000.pcap', back);
    const report = await analyze([second, first]);
    expect(report.captures.map(({ path }) => path)).toEqual([first, second]);
    expect(report.captures[1]?.notices).toEqual([
      {
        code: 'clock-backwards',
        packet: null,
        message: expect.stringMatching(/the clock was set back.*\(by [45]\.\d\d s at least\)/),
      },
    ]);
    const whole = await analyze(write('whole.pcap', [...tls.records.slice(0, half), ...back]));
    expect(report.summary).toEqual(whole.summary);
  });

  it('whose clock was set back make what was likely possible', async () => {
    const cut = 20;
    const confidence = async (step: number) => {
      const first = write(`c${step}_00001_20240501120000.pcap`, dtlsRecords.slice(0, cut));
      const rest = dtlsRecords.slice(cut).map((record) => at(record, record.micros - step));
      const report = await analyze([first, write(`c${step}_00002_20240501120000.pcap`, rest)]);
      return report.findings
        .filter(({ rule }) => rule === 'dtls-late-close-notify')
        .map((finding) => [finding.confidence, new Set(finding.packetCaptures).size]);
    };
    expect(await confidence(0)).toEqual([['likely', 2]]);
    expect(await confidence(3_000_000)).toEqual([['possible', 2]]);
  });

  reaches('clockStepNanos', 100e6, 'a clock set back by little is told as well', async (bound) => {
    const half = Math.floor(tls.records.length / 2);
    const first = write('step_00001_20240501120000.pcap', tls.records.slice(0, half));
    const end = tls.records[half - 1]?.micros ?? 0;
    const codes = async (micros: number) => {
      const back = tls.records.slice(half);
      const shift = end - micros - Math.min(...back.map((record) => record.micros));
      const moved = back.map((record) => at(record, record.micros + shift));
      const second = write('step_00002_20240501120000.pcap', moved);
      const { captures } = await analyze([first, second]);
      return captures[1]?.notices.map(({ code }) => code);
    };
    expect(await codes(bound / 1000)).toEqual([]);
    expect(await codes(bound / 1000 + 1)).toEqual(['clock-backwards']);
  });

  reaches('waitingOctets', 500, 'are taken in pieces while they wait for others', async (bound) => {
    const push = vi.spyOn(CaptureReader.prototype, 'push');
    try {
      expect((await analyze([a, b])).summary.connections).toBe(6);
      const lengths = push.mock.calls.map(([chunk]) => chunk.length);
      expect(lengths.filter((length) => length === bound).length).toBeGreaterThan(10);
    } finally {
      push.mockRestore();
    }
  });

  reaches('firstPacketOctets', 1, 'are read last, and told, where no packet is found', async () => {
    const section = Buffer.from(pcapngFile({ blocks: [block(0x777, new Uint8Array(1 << 20))] }));
    const late = join(folder, 'late.pcapng');
    writeFileSync(late, section);
    const { said } = await runCli(['analyze', late, a, '--fail-on', 'never']);
    expect(said).toMatch(/no packet in the first \d+ octets of 1 capture, read last.*late\.pcapng/);
  });

  reaches('openCaptures', 3, 'are too many at once', async (bound) => {
    const many = Array.from({ length: bound + 1 }, (_, index) =>
      write(
        `point-${index}.pcap`,
        dtlsRecords.map((record) => at(record, record.micros + index)),
      ),
    );
    await expect(analyze(many)).rejects.toThrow(
      'more than 3 captures overlap in time; merge them first',
    );
  });
});
