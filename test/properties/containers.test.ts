import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Block,
  type ByteOrder,
  enhancedPacket,
  interfaceBlock,
  obsoletePacket,
  type PacketSpec,
  pcapFile,
  pcapngFile,
  simplePacket,
} from '../support/capture-builder.ts';
import { haveAll, runProgram } from '../support/programs.ts';
import { readCapture } from '../support/read-capture.ts';
import { runCli } from '../support/run-cli.ts';

/** One with times that matter, one with many connections, one of TLS. */
const SAMPLES = ['dtls-late-close-notify-in-handshake', 'dtls-cookie-loop', 'tls-port-reuse'];
const PACKERS = ['zstd', 'lz4', 'xz'].filter((program) => haveAll(program));
const HAVE_EDITCAP = haveAll('editcap', 'mergecap');
const SECOND = 10n ** 9n;

interface Report {
  readonly connections: readonly { readonly outcome: string }[];
  readonly findings: readonly { readonly rule: string }[];
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tlsdiag-containers-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function packetsOf(sample: string): { packets: PacketSpec[]; linkType: number } {
  const path = new URL(`../../samples/${sample}/capture.pcap`, import.meta.url);
  const { packets } = readCapture(readFileSync(fileURLToPath(path)));
  return { packets: [...packets], linkType: packets[0]?.linkType ?? 1 };
}

/** Everything that is reported but the file itself. */
async function told(octets: Uint8Array): Promise<unknown> {
  const path = join(folder, 'capture');
  writeFileSync(path, octets);
  const { stdout } = await runCli(['analyze', '--json', path]);
  const { connections, findings, summary } = JSON.parse(stdout);
  expect(summary.packets).toBeGreaterThan(0);
  return { connections, findings, summary };
}

/** Units of a clock that makes the nearest moment at or after a time: read back and rounded down, it is that time again. */
function unitsOf({ seconds = 0, nanos = 0 }: PacketSpec, resolution: number): bigint {
  const perSecond = resolution & 0x80 ? 2n ** BigInt(resolution & 0x7f) : 10n ** BigInt(resolution);
  const time = BigInt(seconds) * SECOND + BigInt(nanos);
  return (time * perSecond + SECOND - 1n) / SECOND;
}

/** Resolutions that hold microseconds; those of powers of two hold them when rounded up. */
const RESOLUTIONS = [6, 7, 9, 10, 0x80 | 31, 0x80 | 32];
const ORDERS: readonly ByteOrder[] = ['little', 'big'];

describe.each(SAMPLES)('the packets of %s tell the same', (sample) => {
  const { packets, linkType } = packetsOf(sample);
  const plain = pcapFile({ packets, linkType });
  let expected: unknown;
  beforeAll(async () => {
    expected = await told(plain);
  });

  it('in every kind of pcap', async () => {
    for (const order of ORDERS) {
      for (const variant of [{}, { nanos: true }, { modified: true }]) {
        expect(await told(pcapFile({ order, packets, linkType, ...variant }))).toEqual(expected);
      }
    }
  });

  it('in pcapng of any byte order, clocks, interfaces, sections and kinds of blocks', async () => {
    const described = fc.record({
      resolution: fc.constantFrom(...RESOLUTIONS),
      offset: fc.constantFrom(0, 3600, -7200),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(described, { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat(5), { minLength: packets.length, maxLength: packets.length }),
        fc.constantFrom(...ORDERS),
        fc.nat(packets.length),
        async (faces, choices, order, cut) => {
          const interfaces = faces.map(({ resolution, offset: offsetSeconds }) =>
            interfaceBlock({ linkType, resolution, offsetSeconds }),
          );
          const blocks = packets.map((packet, index): Block => {
            const choice = choices[index] as number;
            const interfaceId = choice % faces.length;
            const { resolution, offset } = faces[interfaceId] as (typeof faces)[number];
            const seconds = (packet.seconds ?? 0) - offset;
            const units = unitsOf({ ...packet, seconds }, resolution);
            const { octets, originalLength = octets.length } = packet;
            const spec = { octets, originalLength, interfaceId, units };
            return choice > 3 ? obsoletePacket(spec) : enhancedPacket(spec);
          });
          const other = order === 'little' ? 'big' : 'little';
          const file = pcapngFile(
            { order, blocks: [...interfaces, ...blocks.slice(0, cut)] },
            { order: other, blocks: [...interfaces, ...blocks.slice(cut)] },
          );
          expect(await told(file)).toEqual(expected);
        },
      ),
      { numRuns: 5, seed: 20_261_122 },
    );
  });

  it('in gzip, zstd, lz4 and xz', async () => {
    expect(await told(gzipSync(plain))).toEqual(expected);
    for (const program of PACKERS) {
      expect(await told(runProgram(program, ['-c'], plain))).toEqual(expected);
    }
  });

  it.skipIf(!HAVE_EDITCAP)('as editcap and mergecap write them', async () => {
    const from = join(folder, `${sample}.pcap`);
    const to = join(folder, `${sample}.out`);
    writeFileSync(from, plain);
    for (const format of ['pcap', 'nsecpcap', 'modpcap', 'pcapng']) {
      runProgram('editcap', ['-F', format, from, to]);
      expect(await told(readFileSync(to))).toEqual(expected);
    }
    const half = Math.floor(packets.length / 2);
    const [one, other] = [join(folder, 'one.pcap'), join(folder, 'other.pcap')];
    runProgram('editcap', ['-r', from, one, `1-${half}`]);
    runProgram('editcap', ['-r', from, other, `${half + 1}-${packets.length}`]);
    runProgram('mergecap', ['-w', to, one, other]);
    expect(await told(readFileSync(to))).toEqual(expected);
    const joined = Buffer.concat([readFileSync(one), readFileSync(other)]);
    expect(await told(joined)).toEqual(expected);
  });
});

it.each([0x80 | 20, 0x80 | 16, 4])(
  'a coarser clock, of resolution %i, moves times by its step',
  async (resolution) => {
    const { packets, linkType } = packetsOf('tls-port-reuse');
    const file = pcapngFile({
      blocks: [
        interfaceBlock({ linkType, resolution }),
        ...packets.map((packet) =>
          enhancedPacket({ octets: packet.octets, units: unitsOf(packet, resolution) }),
        ),
      ],
    });
    const step = resolution & 0x80 ? 1e9 / 2 ** (resolution & 0x7f) : 1e9 / 10 ** resolution;
    for (const [index, { seconds, nanos }] of readCapture(file).packets.entries()) {
      const packet = packets[index] as Required<PacketSpec>;
      const moved = (seconds - packet.seconds) * 1e9 + nanos - packet.nanos;
      expect(moved).toBeGreaterThanOrEqual(-1);
      expect(moved).toBeLessThanOrEqual(step + 1);
    }
    const verdicts = async (octets: Uint8Array): Promise<unknown> => {
      const { connections, findings } = (await told(octets)) as Report;
      return [connections.map(({ outcome }) => outcome), findings.map(({ rule }) => rule)];
    };
    expect(await verdicts(file)).toEqual(await verdicts(pcapFile({ packets, linkType })));
  },
);

it('simple packet blocks have no times, and the same connections', async () => {
  const { packets, linkType } = packetsOf('tls-port-reuse');
  const simple = pcapngFile({
    blocks: [interfaceBlock({ linkType }), ...packets.map(({ octets }) => simplePacket(octets))],
  });
  const at = { seconds: 0, nanos: 0 };
  const still = pcapFile({ linkType, packets: packets.map(({ octets }) => ({ octets, ...at })) });
  expect(await told(simple)).toEqual(await told(still));
});
