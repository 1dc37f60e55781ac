import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { analyze } from '../../src/index.ts';
import { reportSchema } from '../../src/report/schema.ts';

const path = 'samples/dtls-late-close-notify-in-handshake-fatal/capture.pcap';

describe('analyze', () => {
  test('gives the report of a file', async () => {
    const report = await analyze(path);
    expect(reportSchema.parse(report)).toEqual(report);
    expect(report.captures).toMatchObject([{ path, format: 'pcap', compression: null }]);
    expect(report.connections).toHaveLength(2);
  });

  test('takes octets, gzipped or not, for the same report', async () => {
    const octets = readFileSync(path);
    const [file, plain, packed] = await Promise.all([
      analyze(path),
      analyze(octets),
      analyze(gzipSync(octets)),
    ]);
    expect(plain.captures).toMatchObject([{ path: 'memory', bytes: octets.length }]);
    expect(packed.captures).toMatchObject([{ compression: 'gzip', format: 'pcap' }]);
    expect(plain.connections).toEqual(file.connections);
    expect(packed.connections).toEqual(file.connections);
    expect(packed.findings).toEqual(file.findings);
  });

  test('leaves the octets that it is given alone, also where it looks for damage in them', async () => {
    const sample = 'samples/tls-finished-corrupted-gcm';
    const octets = readFileSync(`${sample}/capture.pcap`);
    const before = Uint8Array.from(octets);
    const secrets = { keyLogs: [readFileSync(`${sample}/keys.log`)] };
    const [plain, other, file] = await Promise.all([
      analyze(octets, { secrets }),
      analyze(octets, { secrets, reader: 'pcap-parser' }),
      analyze(`${sample}/capture.pcap`, { secrets }),
    ]);
    expect(Uint8Array.from(octets)).toEqual(before);
    expect(plain.findings).toEqual(file.findings);
    expect(other.findings).toEqual(file.findings);
  });

  test('runs the rules that are named, and no others that do not exist', async () => {
    const report = await analyze(path, { rules: [] });
    expect(report.findings).toEqual([]);
    await expect(analyze(path, { rules: ['no-such-rule'] })).rejects.toThrow(RangeError);
  });

  test('ends early when told to', async () => {
    const report = await analyze(path, { signal: AbortSignal.abort() });
    expect(report.summary.interrupted).toBe(true);
  });

  test('says what is no capture, and throws for what cannot be read', async () => {
    const report = await analyze([path, new Uint8Array(100)]);
    expect(report.captures.map(({ format }) => format)).toEqual(
      expect.arrayContaining(['pcap', null]),
    );
    await expect(analyze('nowhere.pcap')).rejects.toThrow('does not exist');
  });
});
