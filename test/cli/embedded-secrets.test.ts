/** Key logs that a pcapng file carries in Decryption Secrets Blocks, wherever they stand. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { analyze } from '../../src/index.ts';
import { runCli } from '../support/run-cli.ts';

const DECRYPTION_SECRETS = 0x0a;
const ENHANCED_PACKET = 6;

interface Block {
  readonly type: number;
  readonly octets: Buffer;
}

function blocksOf(file: Buffer): Block[] {
  const blocks: Block[] = [];
  for (let at = 0; at < file.length; at += file.readUInt32LE(at + 4))
    blocks.push({
      type: file.readUInt32LE(at),
      octets: file.subarray(at, at + file.readUInt32LE(at + 4)),
    });
  return blocks;
}

const all = blocksOf(readFileSync('samples/suites/dtls12-suites.pcapng'));
const secrets = all.filter(({ type }) => type === DECRYPTION_SECRETS);
const packets = all.filter(({ type }) => type === ENHANCED_PACKET);
const head = all.filter((block) => !secrets.includes(block) && !packets.includes(block));
const middle = packets.length >> 1;

const fileOf = (...parts: readonly Block[][]) =>
  Buffer.concat(parts.flat().map(({ octets }) => octets));

const AT_THE_END = fileOf(head, packets, secrets);
const IN_FRONT = fileOf(head, secrets, packets);

const PLACES = {
  'in front': IN_FRONT,
  'in the middle': fileOf(head, packets.slice(0, middle), secrets, packets.slice(middle)),
  'at the end': AT_THE_END,
  'in front and at the end': fileOf(head, secrets.slice(0, 1), packets, secrets.slice(1)),
  'twice the same': fileOf(head, secrets, packets, secrets),
};

const decrypted = (connections: readonly { decryption: { authenticated: number } | null }[]) =>
  connections.map(({ decryption }) => decryption?.authenticated ?? 0);

describe('secrets in a pcapng file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tlsdiag-embedded-'));
  const { connections } = await analyze('samples/suites/dtls12-suites.pcapng');
  const whole = decrypted(connections);

  test('are several blocks, and open every connection', () => {
    expect(secrets.length).toBeGreaterThan(1);
    expect(Math.min(...whole)).toBeGreaterThan(0);
  });

  test.each(Object.entries(PLACES))('%s', async (_place, octets) => {
    expect(decrypted((await analyze(octets)).connections)).toEqual(whole);
    expect(decrypted((await analyze(gzipSync(octets))).connections)).toEqual(whole);
  });

  test('of one file open the packets of another of the set', async () => {
    const files = [fileOf(head, packets.slice(0, middle)), AT_THE_END].map((octets, index) => {
      const path = join(folder, `part-${index}.pcapng`);
      writeFileSync(path, index === 0 ? octets : fileOf(head, packets.slice(middle), secrets));
      return path;
    });
    expect(decrypted((await analyze(files)).connections)).toEqual(whole);
  });

  test('on standard input are used from where they stand', async () => {
    const piped = async (octets: Uint8Array) => {
      const { stdout, status } = await runCli(['analyze', '--json', '-'], octets);
      expect(status).toBe(0);
      return decrypted(JSON.parse(stdout).connections);
    };
    expect(await piped(IN_FRONT)).toEqual(whole);
    expect(await piped(gzipSync(IN_FRONT))).toEqual(whole);
    expect(Math.max(...(await piped(AT_THE_END)))).toBe(0);
  });
});
