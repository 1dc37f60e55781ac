import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { compressionOf } from '../../src/io/compression.ts';
import { type CaptureSource, openCapture } from '../../src/io/open-capture.ts';
import { someOctets } from '../support/octets.ts';
import { haveAll, runProgram } from '../support/programs.ts';
import { reaches } from '../support/reaches.ts';
import { runCli } from '../support/run-cli.ts';

const SAMPLE = fileURLToPath(
  new URL('../../samples/dtls-cookie-loop/capture.pcap', import.meta.url),
);
const KINDS = (['gzip', 'zstd', 'lz4', 'xz'] as const).filter((kind) => haveAll(kind));
/** Those for which this runtime needs a program. */
const BY_PROGRAM = KINDS.filter(
  (kind) => kind === 'lz4' || kind === 'xz' || (kind === 'zstd' && !('zstd' in process.versions)),
);

const searchPath = process.env['PATH'];
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tlsdiag-unpack-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => {
  process.env['PATH'] = searchPath;
});

const pack = (kind: string, octets: Uint8Array): Buffer => runProgram(kind, ['-c'], octets);

function store(name: string, octets: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, octets);
  return path;
}

async function readAll(source: CaptureSource): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** Reads as a file, or from a pipe in chunks of a size. */
async function read(octets: Uint8Array, chunkOctets?: number) {
  const source =
    chunkOctets === undefined
      ? await openCapture(store('packed', octets), Readable.from([]))
      : await openCapture('-', Readable.from(pieces(octets, chunkOctets)));
  return { content: await readAll(source), source };
}

function pieces(octets: Uint8Array, size: number): Buffer[] {
  const list: Buffer[] = [];
  for (let at = 0; at < octets.length; at += size)
    list.push(Buffer.from(octets.subarray(at, at + size)));
  return list;
}

describe('what a file is packed with', () => {
  const skippable = (length: number): number[] => [0x5a, 0x2a, 0x4d, 0x18, length, 0, 0, 0];

  it.each([
    ['gzip', [0x1f, 0x8b, 8, 0, 0, 0]],
    ['zstd', [0x28, 0xb5, 0x2f, 0xfd, 0, 0]],
    ['lz4', [0x04, 0x22, 0x4d, 0x18, 0, 0]],
    ['lz4', [0x02, 0x21, 0x4c, 0x18, 0, 0]],
    ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]],
    ['zstd', [...skippable(2), 1, 2, 0x28, 0xb5, 0x2f, 0xfd]],
    ['lz4', [...skippable(0), ...skippable(1), 9, 0x04, 0x22, 0x4d, 0x18]],
    ['zstd', skippable(4)],
    [null, [0xd4, 0xc3, 0xb2, 0xa1, 2, 0]],
    [null, []],
    [null, [0x1f]],
  ] as const)('is told: %s', (kind, octets) => {
    expect(compressionOf(Uint8Array.from(octets), true)).toBe(kind);
  });

  it('waits for more only while that can change the answer', () => {
    const zstd = Uint8Array.from([...skippable(3), 1, 2, 3, 0x28, 0xb5, 0x2f, 0xfd]);
    for (let length = 0; length < zstd.length; length += 1) {
      expect(compressionOf(zstd.subarray(0, length), false)).toBeUndefined();
    }
    expect(compressionOf(zstd, false)).toBe('zstd');
    expect(compressionOf(Uint8Array.of(0xd4), false)).toBeNull();
    expect(compressionOf(Uint8Array.of(0x1f, 0x8c), false)).toBeNull();
  });

  reaches('sniffedOctets', 1024, 'does not wait for a frame beyond the limit', (bound) => {
    const head = new Uint8Array(8);
    head.set([0x50, 0x2a, 0x4d, 0x18]);
    new DataView(head.buffer).setUint32(4, bound, true);
    expect(compressionOf(head, false)).toBe('zstd');
  });
});

describe.each(KINDS)('a file packed with %s', (kind) => {
  const octets = someOctets(400_000, 3);
  const packed = pack(kind, octets);
  const MODES = [undefined, 1000, 1_000_000];

  it('is unpacked from a file and from pipes', async () => {
    for (const size of MODES) {
      const { content, source } = await read(packed, size);
      expect(content.equals(octets)).toBe(true);
      expect(source).toMatchObject({ compression: kind, octetsRead: packed.length });
      expect(source.damaged).toBeUndefined();
    }
  });

  it('may have several members', async () => {
    const small = pack(kind, octets.subarray(0, 1000));
    const empty = pack(kind, new Uint8Array(0));
    for (const size of MODES) {
      const { content, source } = await read(Buffer.concat([packed, small, empty, packed]), size);
      expect(content.equals(Buffer.concat([octets, octets.subarray(0, 1000), octets]))).toBe(true);
      expect(source.damaged).toBeUndefined();
    }
  });

  it('gives what can be unpacked of one that breaks off, and says where', async () => {
    const whole = Buffer.concat([packed, packed]);
    const length = whole.length - 20;
    for (const size of MODES) {
      const { content, source } = await read(whole.subarray(0, length), size);
      expect(content.length).toBeGreaterThanOrEqual(octets.length);
      const expected = Buffer.concat([octets, octets]).subarray(0, content.length);
      expect(content.equals(expected)).toBe(true);
      expect(source.damaged).toMatch(new RegExp(`^the ${kind} data breaks off .*${length} octets`));
    }
  });

  it('gives what can be unpacked of a damaged one, and says so', async () => {
    const damaged = Buffer.concat([packed, packed]);
    damaged.fill(0xff, packed.length, packed.length + 60);
    for (const size of MODES) {
      const { content, source } = await read(damaged, size);
      // What a pipe brought in the same piece as the damage is lost.
      if (size !== 1_000_000) expect(content.length).toBeGreaterThanOrEqual(octets.length * 0.5);
      expect(content.subarray(0, octets.length).equals(octets.subarray(0, content.length))).toBe(
        true,
      );
      expect(source.damaged).toContain(`the ${kind} data`);
      expect(source.damaged).toContain('damaged');
    }
  });

  it('can be left early', async () => {
    const source = await openCapture(store('early', packed), Readable.from([]));
    for await (const _ of source) break;
    const pipe = new PassThrough();
    pipe.end(packed);
    for await (const _ of await openCapture('-', pipe)) break;
    expect(pipe.destroyed).toBe(true);
  });

  it('gives the same report as the plain file, whatever its name', async () => {
    const plain = await runCli(['analyze', '--json', SAMPLE]);
    const path = store('-rf $(touch x); case.pcap', pack(kind, readFileSync(SAMPLE)));
    const from = await runCli(['analyze', '--json', path]);
    expect(from.status).toBe(plain.status);
    const [one, other] = [from, plain].map(({ stdout }) => JSON.parse(stdout));
    expect(one.captures[0].compression).toBe(kind);
    expect({ ...one, captures: [] }).toEqual({ ...other, captures: [] });
  });

  it('within itself is named', async () => {
    const twice = pack(kind, pack(kind, readFileSync(SAMPLE)));
    const { status, said } = await runCli(['analyze', '-'], twice);
    expect(status).toBe(2);
    expect(said).toContain(
      `${kind} file inside another one; unpack it on the way: ${kind} -dc FILE`,
    );
  });

  it('that holds nothing readable is named', async () => {
    const { status, said } = await runCli(['analyze', '-'], packed.subarray(0, 9));
    expect(status).toBe(2);
    expect(said).toContain('before there was a capture to read');
  });

  it('takes bounded memory, however much comes out', async () => {
    const block = pack(kind, Buffer.alloc(16 * 1024 * 1024));
    const before = process.memoryUsage().rss;
    let [total, peak] = [0, 0];
    const source = await openCapture(
      store('bomb', Buffer.concat(Array(64).fill(block))),
      Readable.from([]),
    );
    for await (const chunk of source) {
      total += chunk.length;
      peak = Math.max(peak, process.memoryUsage.rss());
    }
    expect(total).toBe(2 ** 30);
    expect(peak - before).toBeLessThan(400 * 1024 * 1024);
  }, 120_000);

  it('is not unpacked further once nothing of it will be read', async () => {
    const block = pack(kind, Buffer.alloc(16 * 1024 * 1024));
    const zeros = Buffer.concat(Array(64).fill(block));
    const head = pack(kind, readFileSync(SAMPLE));
    const began = performance.now();
    const foreign = await runCli(['analyze', store('zeros', zeros)]);
    expect(foreign.said).toContain('it begins with 00 00 00 00');
    const { said, stdout } = await runCli([
      'analyze',
      '--json',
      '--reader',
      'native',
      store('tail', Buffer.concat([head, zeros])),
    ]);
    expect(said).not.toContain('fault');
    const report = JSON.parse(stdout);
    expect(JSON.stringify(report.captures[0].notices)).toContain('capture-damaged');
    expect(report.captures[0].bytes).toBe(head.length + zeros.length);
    expect(report.connections).toHaveLength(1);
    expect(performance.now() - began).toBeLessThan(10_000);
  }, 120_000);
});

it('unpacks frames of the old kind of lz4', async ({ skip }) => {
  if (!KINDS.includes('lz4')) skip();
  const { content, source } = await read(runProgram('lz4', ['-l', '-c'], someOctets(5000, 1)));
  expect(source.compression).toBe('lz4');
  expect(content.equals(someOctets(5000, 1))).toBe(true);
});

it('unpacks zstd behind a frame to be skipped', async ({ skip }) => {
  if (!KINDS.includes('zstd')) skip();
  const skippable = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4);
  const file = Buffer.concat([skippable, pack('zstd', someOctets(5000, 1)), skippable]);
  for (const size of [undefined, 1, 1000]) {
    const { content, source } = await read(file, size);
    expect(source).toMatchObject({ compression: 'zstd', damaged: undefined });
    expect(content.equals(someOctets(5000, 1))).toBe(true);
  }
});

describe.skipIf(!KINDS.includes('zstd'))('what asks for much memory', () => {
  reaches('unpackWindowOctets', 1 << 27, 'is refused beyond what is allowed', async (bound) => {
    for (const beyond of [0, 1]) {
      // A frame header that asks for a window of a power of two (RFC 8878 §3.1.1.1.2), and one raw block of an octet.
      const window = (Math.log2(bound) - 10 + beyond) << 3;
      const frame = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, window, 9, 0, 0, 0x41);
      const { content, source } = await read(Buffer.from(frame));
      expect(content.length).toBe(1 - beyond);
      if (beyond === 0) expect(source.damaged).toBeUndefined();
      else expect(source.damaged).toContain('memory');
    }
  });
});

describe.each(BY_PROGRAM)('the program %s', (kind) => {
  /** Puts a program of this name first in the search path. */
  function pretend(script: string): void {
    const path = store(kind, Buffer.from(`#!/bin/sh\n${script}\n`));
    chmodSync(path, 0o755);
    process.env['PATH'] = [folder, searchPath].join(delimiter);
  }
  const packed = store.bind(undefined, `case.${kind}`);

  it('may be missing: one line says what to do', async () => {
    const path = packed(pack(kind, readFileSync(SAMPLE)));
    process.env['PATH'] = '/nowhere';
    const { status, said, stdout } = await runCli(['analyze', path]);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(said).toContain(
      `program ${kind} that would unpack it is not installed; install it (package`,
    );
    expect(said.trim()).not.toContain('\n');
  });

  it('may die: what it gave is read, and its end is told', async () => {
    const path = packed(pack(kind, readFileSync(SAMPLE)));
    pretend(`head -c 300 '${SAMPLE}'; kill -9 $$`);
    const { said, stdout } = await runCli(['analyze', '--json', path]);
    const [capture] = JSON.parse(stdout).captures;
    expect(said).not.toContain('fault');
    expect(capture.packets).toBe(1);
    const codes = capture.notices.map(({ code }: { code: string }) => code);
    expect(codes).toContain('compressed-data-damaged');
    expect(JSON.stringify(capture.notices)).toContain('ended by SIGKILL');
  });

  it('is ended when the reading is left, and when it is called off', async () => {
    const pidFile = join(folder, 'pid');
    const path = packed(pack(kind, readFileSync(SAMPLE)));
    pretend(`echo $$ > '${pidFile}'; head -c 300 '${SAMPLE}'; exec sleep 60`);
    for await (const _ of await openCapture(path, Readable.from([]))) break;
    await expect.poll(() => isRunning(pidFile)).toBe(false);

    const stop = new AbortController();
    const source = await openCapture(path, Readable.from([]), stop.signal);
    let octets = 0;
    for await (const chunk of source) {
      octets += chunk.length;
      // While the reader waits for more.
      setTimeout(() => stop.abort(), 20);
    }
    expect(octets).toBe(300);
    await expect.poll(() => isRunning(pidFile)).toBe(false);
  });
});

function isRunning(pidFile: string): boolean {
  try {
    process.kill(Number(readFileSync(pidFile, 'utf8')), 0);
    return true;
  } catch {
    return false;
  }
}

it.skipIf(process.platform !== 'linux')(
  'ends at an interrupt while nobody writes to a named pipe',
  async () => {
    const pipe = join(folder, 'pipe');
    runProgram('mkfifo', [pipe]);
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    await expect(openCapture(pipe, Readable.from([]), stop.signal)).rejects.toThrow();
  },
);

it.skipIf(process.platform !== 'linux')('reads a named pipe as it is written', async () => {
  const pipe = join(folder, 'written');
  runProgram('mkfifo', [pipe]);
  const writer = spawn('sh', ['-c', `sleep 0.1; cat '${SAMPLE}' > '${pipe}'`]);
  const content = await readAll(await openCapture(pipe, Readable.from([])));
  expect(content.equals(readFileSync(SAMPLE))).toBe(true);
  writer.kill();
});
