import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { constants, gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../src/io/input-error.ts';
import { type CaptureSource, type InputStream, openCapture } from '../../src/io/open-capture.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { reaches } from '../support/reaches.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tlsdiag-io-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NO_STDIN: InputStream = Readable.from([]);

/** Octets that gzip shrinks to about two thirds: neither noise nor emptiness. */
function sampleOctets(length: number): Buffer {
  const octets = Buffer.alloc(length);
  let state = 1;
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    octets[index] = (state >> 16) & 0x1f;
  }
  return octets;
}

function store(octets: Uint8Array): string {
  const path = join(folder, 'capture');
  writeFileSync(path, octets);
  return path;
}

async function readAll(source: CaptureSource): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

async function readFile(octets: Uint8Array) {
  const source = await openCapture(store(octets), NO_STDIN);
  return { content: await readAll(source), source };
}

/** Opens `-` with a stream that brings these chunks. */
async function readStream(chunks: readonly Uint8Array[]) {
  const source = await openCapture('-', Readable.from(chunks));
  return { content: await readAll(source), source };
}

describe('a plain file', () => {
  it.each([0, 1, 2, 1000, LIMITS.readBlockOctets, LIMITS.readBlockOctets + 1])(
    'of %i octets is read whole',
    async (length) => {
      const octets = sampleOctets(length);
      const { content, source } = await readFile(octets);
      expect(content.equals(octets)).toBe(true);
      expect(source).toMatchObject({ compression: null, size: length, octetsRead: length });
      expect(source.damaged).toBeUndefined();
    },
  );

  it('lets timers have their turn', async () => {
    const source = await openCapture(store(Buffer.alloc(LIMITS.readBlockOctets * 10)), NO_STDIN);
    let turns = 0;
    const timer = setImmediate(function again() {
      turns += 1;
      if (turns < 100) setImmediate(again);
    });
    await readAll(source);
    clearImmediate(timer);
    expect(turns).toBeGreaterThan(0);
  });

  reaches('readBlockOctets', 1000, 'is read so many octets at once', async (bound) => {
    const source = await openCapture(store(Buffer.alloc(bound * 2 + 1)), NO_STDIN);
    const lengths = [];
    for await (const chunk of source) lengths.push(chunk.length);
    expect(lengths).toEqual([bound, bound, 1]);
  });

  it('can be left early', async () => {
    const source = await openCapture(store(Buffer.alloc(LIMITS.readBlockOctets * 3)), NO_STDIN);
    for await (const chunk of source) {
      expect(chunk.length).toBe(LIMITS.readBlockOctets);
      break;
    }
    expect(source.octetsRead).toBe(LIMITS.readBlockOctets);
  });
});

describe('a gzip file', () => {
  const octets = sampleOctets(3_000_000);
  const packed = gzipSync(octets);

  it('is unpacked whatever its name', async () => {
    const { content, source } = await readFile(packed);
    expect(content.equals(octets)).toBe(true);
    expect(source).toMatchObject({
      compression: 'gzip',
      size: packed.length,
      octetsRead: packed.length,
    });
    expect(source.damaged).toBeUndefined();
  });

  it('may have several members and zeros behind them', async () => {
    const small = gzipSync(octets.subarray(0, 1000));
    const { content, source } = await readFile(
      Buffer.concat([packed, small, gzipSync(Buffer.alloc(0)), packed, Buffer.alloc(200_000)]),
    );
    expect(content.equals(Buffer.concat([octets, octets.subarray(0, 1000), octets]))).toBe(true);
    expect(source.damaged).toBeUndefined();
  });

  it('delivers all there is of a file that breaks off', async () => {
    for (const length of [
      10,
      20,
      100,
      65_535,
      65_536,
      65_537,
      packed.length - 8,
      packed.length - 1,
    ]) {
      const { content, source } = await readFile(packed.subarray(0, length));
      expect(source.damaged).toBe(`the gzip data breaks off after ${length} octets`);
      expect(content.equals(octets.subarray(0, content.length))).toBe(true);
      expect(content.length).toBe(unpackable(packed.subarray(0, length)));
    }
    const { content } = await readFile(packed.subarray(0, packed.length - 8));
    expect(content.length).toBe(octets.length);
  });

  it('delivers everything before damage', async () => {
    const altered = Buffer.from(packed);
    altered.fill(0xff, 1_000_000, 1_000_200);
    const { content, source } = await readFile(altered);
    expect(source.damaged).toMatch(/^the gzip data is damaged, which shows at octet \d{7} \(.+\)$/);
    const sound = unpackable(altered.subarray(0, 1_000_000));
    expect(content.length).toBeGreaterThanOrEqual(sound);
    expect(content.subarray(0, sound).equals(octets.subarray(0, sound))).toBe(true);
  });

  it('delivers everything when only the checksum is wrong', async () => {
    const altered = Buffer.from(gzipSync(octets.subarray(0, 5000)));
    altered[altered.length - 8] = (altered[altered.length - 8] as number) ^ 1;
    const { content, source } = await readFile(altered);
    expect(content.equals(octets.subarray(0, 5000))).toBe(true);
    expect(source.damaged).toContain('incorrect data check');
  });

  it('delivers everything before octets that are no gzip', async () => {
    const { content, source } = await readFile(
      Buffer.concat([gzipSync(octets.subarray(0, 5000)), Buffer.from('trailing words')]),
    );
    expect(content.equals(octets.subarray(0, 5000))).toBe(true);
    expect(source.damaged).toContain('damaged');
  });

  reaches('readBlockOctets', 1000, 'is read so many octets at once', async (bound) => {
    const source = await openCapture(store(Buffer.alloc(bound * 2 + 1)), NO_STDIN);
    const lengths = [];
    for await (const chunk of source) lengths.push(chunk.length);
    expect(lengths).toEqual([bound, bound, 1]);
  });

  it('can be left early', async () => {
    const source = await openCapture(store(packed), NO_STDIN);
    for await (const _ of source) break;
    expect(source.octetsRead).toBeLessThan(packed.length);
  });

  /** Octets that zlib makes of the beginning of a gzip stream. */
  function unpackable(beginning: Uint8Array): number {
    return gunzipSync(beginning, { finishFlush: constants.Z_SYNC_FLUSH }).length;
  }
});

describe('standard input', () => {
  const octets = sampleOctets(200_000);

  it('is read as it arrives', async () => {
    const pipe = new PassThrough();
    pipe.write(octets.subarray(0, 1));
    pipe.write(octets.subarray(1, 100));
    const source = await openCapture('-', pipe);
    expect(source).toMatchObject({ compression: null, size: undefined });
    const chunks = source[Symbol.asyncIterator]();
    let received = 0;
    while (received < 100) received += ((await chunks.next()).value as Uint8Array).length;
    expect(source.octetsRead).toBe(100);
    pipe.end(octets.subarray(100));
    while (!(await chunks.next()).done);
    expect(source.octetsRead).toBe(octets.length);
  });

  it.each([1, 7, 1000, 1_000_000])('is unpacked from chunks of %i octets', async (size) => {
    const plain = octets.subarray(0, size === 1 ? 2000 : octets.length);
    const packed = Buffer.concat([gzipSync(plain), gzipSync(plain)]);
    const chunks: Buffer[] = [];
    for (let at = 0; at < packed.length; at += size) chunks.push(packed.subarray(at, at + size));
    const { content, source } = await readStream(chunks);
    expect(content.equals(Buffer.concat([plain, plain]))).toBe(true);
    expect(source).toMatchObject({ compression: 'gzip', octetsRead: packed.length });
    expect(source.damaged).toBeUndefined();
  });

  it('delivers what a packed pipe brought before the next chunk comes', async () => {
    const packed = gzipSync(octets);
    const pipe = new PassThrough();
    pipe.write(packed.subarray(0, 50_000));
    const chunks = (await openCapture('-', pipe))[Symbol.asyncIterator]();
    expect(((await chunks.next()).value as Uint8Array).length).toBeGreaterThan(1000);
    pipe.end(packed.subarray(50_000));
    while (!(await chunks.next()).done);
  });

  it('says when packed data breaks off or is damaged', async () => {
    const packed = gzipSync(octets);
    const cut = await readStream([packed.subarray(0, 1000), packed.subarray(1000, 60_000)]);
    expect(cut.source.damaged).toBe('the gzip data breaks off after 60000 octets');
    expect(cut.content.equals(octets.subarray(0, cut.content.length))).toBe(true);
    const followed = await readStream([packed, Buffer.from('trailing words'), packed]);
    expect(followed.source.damaged).toContain('is damaged');
    expect(followed.content.equals(octets)).toBe(true);
  });

  it('may be empty', async () => {
    const { content, source } = await readStream([]);
    expect(content.length).toBe(0);
    expect(source.compression).toBeNull();
  });

  it('must not be a terminal', async () => {
    const terminal: InputStream = Object.assign(new PassThrough(), { isTTY: true });
    await expect(openCapture('-', terminal)).rejects.toThrow(/terminal; pipe a capture into it/);
  });
});

describe('an input that cannot be read', () => {
  it('is missing', async () => {
    const path = join(folder, 'missing.pcap');
    await expect(openCapture(path, NO_STDIN)).rejects.toThrow(InputError);
    await expect(openCapture(path, NO_STDIN)).rejects.toThrow(
      `'${path}' does not exist; check the path`,
    );
  });

  it('is a directory', async () => {
    const path = join(folder, 'captures');
    mkdirSync(path, { recursive: true });
    await expect(openCapture(path, NO_STDIN)).rejects.toThrow(
      `'${path}' is a directory; name the files in it`,
    );
  });

  it.skipIf(process.getuid?.() === 0)('is forbidden', async () => {
    const path = store(Buffer.alloc(10));
    chmodSync(path, 0);
    await expect(openCapture(path, NO_STDIN)).rejects.toThrow('may not be read by this user');
  });

  it('fails while it is read', async () => {
    const failure = Object.assign(new Error('EIO: i/o error, read'), {
      code: 'EIO',
      syscall: 'read',
    });
    const stream = Readable.from(
      (function* () {
        yield Buffer.alloc(10);
        throw failure;
      })(),
    );
    const source = await openCapture('-', stream);
    await expect(readAll(source)).rejects.toThrow(
      'standard input cannot be read: EIO: i/o error, read',
    );
  });

  it('leaves faults that are not the operating system’s alone', async () => {
    const stream = Readable.from(
      (function* () {
        yield Buffer.alloc(10);
        throw new RangeError('a fault of the program');
      })(),
    );
    await expect(readAll(await openCapture('-', stream))).rejects.toThrow(RangeError);
  });
});
