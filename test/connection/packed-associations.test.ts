/** DTLS associations that were silent for long take few octets, and come back as they were. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { RowBlocks } from '../../src/connection/row-blocks.ts';
import { createAnalysis } from '../../src/pipeline/analysis.ts';
import { analyse } from '../support/analyse.ts';
import { Association } from '../support/conversation.ts';
import type { Octets } from '../support/hello-builder.ts';
import { captureFile, inTime, MS, UdpFlow } from '../support/network.ts';
import { type Bound, reaches, withBounds } from '../support/reaches.ts';

const SECOND = 1000 * MS;
/** Two seconds without a record are long. */
const SOON: Partial<Record<Bound, number>> = { closedNanos: 1 };
const AT_ONCE: Partial<Record<Bound, number>> = { ...SOON, unpackedAssociations: 0 };

const NAMES = readdirSync('samples').filter(
  (name) => /dtls|webrtc|turn/.test(name) && existsSync(`samples/${name}/capture.pcap`),
);

/** The packets of a sample, one every two seconds. */
function slowly(name: string): Octets {
  const octets = Uint8Array.from(readFileSync(`samples/${name}/capture.pcap`));
  const view = new DataView(octets.buffer);
  for (let at = 24, n = 0; at < octets.length; at += 16 + view.getUint32(at + 8, true), n++) {
    view.setUint32(at, 1_700_000_000 + 2 * n, true);
    view.setUint32(at + 4, 0, true);
  }
  return octets;
}

describe('a report on a sample told slowly', () => {
  let packed = 0;
  test.each(NAMES)('is the same where associations are packed: %s', async (name) => {
    const capture = slowly(name);
    const plain = await withBounds(SOON, () => analyse(capture).lines);
    const pack = vi.spyOn(RowBlocks.prototype, 'pack');
    const unpack = vi.spyOn(RowBlocks.prototype, 'unpack');
    try {
      await withBounds(AT_ONCE, () => expect(analyse(capture).lines).toEqual(plain));
      packed += pack.mock.calls.length;
      expect(unpack).toHaveBeenCalledTimes(pack.mock.calls.length);
    } finally {
      vi.restoreAllMocks();
    }
  });

  test('and nearly all of them are', () => {
    expect(packed).toBeGreaterThan(NAMES.length);
  });
});

/** Associations from as many ports, each with a record of data from both sides, then one of them again after some seconds. */
function several(count: number): Octets {
  const flows = Array.from({ length: count }, (_, n) => {
    const hosts = {
      client: { address: '192.0.2.1', port: 40_000 + n },
      server: { address: '198.51.100.1', port: 5684 },
    };
    const flow = new UdpFlow({ hosts });
    flow.nanos = n * MS;
    const a = new Association(flow, { seed: n + 1 }).handshake().data('client').data('server');
    return { flow, a };
  });
  for (let n = 0; n < 5; n++) {
    const [first] = flows;
    if (first === undefined) break;
    first.flow.nanos = (n + 3) * SECOND;
    first.a.data('client').data('client');
  }
  return captureFile(inTime(flows.flatMap(({ flow }) => flow.frames)));
}

reaches('unpackedAssociations', 3, 'so many associations keep their rows', async (bound) => {
  const pack = vi.spyOn(RowBlocks.prototype, 'pack');
  const unpack = vi.spyOn(RowBlocks.prototype, 'unpack');
  let left = 0;
  vi.spyOn(RowBlocks.prototype, 'drain').mockImplementation(() => {
    left = pack.mock.calls.length - unpack.mock.calls.length;
  });
  try {
    await withBounds(SOON, () => analyse(several(8)));
    // The one that spoke last came on top.
    expect(left).toBe(8 - 1 - bound);
  } finally {
    vi.restoreAllMocks();
  }
});

test('none is packed where secrets may open what it sends', async () => {
  const capture = several(3);
  const pack = vi.spyOn(RowBlocks.prototype, 'pack');
  try {
    const secrets = { keyLogs: [], rsaKeys: [], psks: [] };
    await withBounds(AT_ONCE, () => {
      const analysis = createAnalysis({ connection() {}, finding() {} }, { secrets });
      const intake = analysis.beginCapture('-', null);
      intake.push(capture);
      intake.end(capture.length);
      analysis.end();
    });
    expect(pack).not.toHaveBeenCalled();
    await withBounds(AT_ONCE, () => analyse(capture));
    expect(pack).toHaveBeenCalled();
  } finally {
    vi.restoreAllMocks();
  }
});
