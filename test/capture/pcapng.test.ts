import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/model/limits.ts';
import {
  type Block,
  type ByteOrder,
  block,
  DEFAULT_UNITS,
  decryptionSecrets,
  enhancedPacket,
  interfaceBlock,
  interfaceStatistics,
  obsoletePacket,
  payload,
  pcapFile,
  pcapngFile,
  simplePacket,
} from '../support/capture-builder.ts';
import { concat } from '../support/hello-builder.ts';
import { reaches } from '../support/reaches.ts';
import { readCapture } from '../support/read-capture.ts';

const ORDERS: readonly ByteOrder[] = ['little', 'big'];

/** One of everything, two sections of different byte order. */
function fullFile(order: ByteOrder): Uint8Array {
  return pcapngFile(
    {
      order,
      blocks: [
        interfaceBlock({ linkType: 1, snapLength: 96, name: 'eth0' }),
        interfaceBlock({ linkType: 113, resolution: 9, name: 'any' }),
        decryptionSecrets(0x544c534b, payload(33, 8)),
        enhancedPacket({ octets: payload(60, 1), comment: 'first' }),
        enhancedPacket({
          octets: payload(61, 2),
          interfaceId: 1,
          units: 1_700_000_001_000_000_007n,
          originalLength: 1500,
        }),
        block(4, payload(20)),
        simplePacket(payload(96, 3), 500),
        block(0x0bad, payload(12)),
        obsoletePacket({
          octets: payload(3, 4),
          interfaceId: 1,
          units: 1_700_000_002_000_000_000n,
        }),
        interfaceStatistics(0, { interface: 5, system: 2 }),
        interfaceStatistics(0, { interface: 9, system: 2, received: 40 }),
      ],
    },
    {
      order: order === 'little' ? 'big' : 'little',
      blocks: [
        interfaceBlock({ linkType: 101 }),
        decryptionSecrets(0x544c534b, payload(2, 9)),
        enhancedPacket({ octets: payload(0, 5), units: DEFAULT_UNITS + 3_000_000n }),
      ],
    },
  );
}

describe.each(ORDERS)('pcapng, first section in %s endian', (order) => {
  const file = fullFile(order);
  const whole = readCapture(file);

  it('reads every kind of packet block of every section', () => {
    const summary = whole.packets.map(({ octets, ...fields }) => ({ ...fields, octets }));
    expect(summary).toEqual([
      fields(1, 0, 1, 1_700_000_000, 0, payload(60, 1)),
      { ...fields(2, 1, 113, 1_700_000_001, 7, payload(61, 2)), originalLength: 1500 },
      // Without a time of its own; cut by the snap length.
      { ...fields(3, 0, 1, 1_700_000_001, 7, payload(96, 3)), originalLength: 500 },
      fields(5, 1, 113, 1_700_000_002, 0, payload(3, 4)),
      fields(6, 2, 101, 1_700_000_003, 0, payload(0, 5)),
    ]);
    expect(whole.notices).toMatchObject([
      { code: 'capture-dropped-packets', packetNumber: 0, needed: 11, available: 40 },
    ]);
    expect(whole.notices[0]?.detail).toContain(
      'interface eth0 of 40 received; 9 by the interface, 2 by the system',
    );
  });

  it('keeps the facts of the file', () => {
    expect(whole.facts).toMatchObject({
      format: 'pcapng',
      // The custom block is a frame to Wireshark.
      packets: 5,
      frames: 6,
      cutPackets: 2,
      firstTime: { seconds: 1_700_000_000, nanos: 0 },
      lastTime: { seconds: 1_700_000_003, nanos: 0 },
    });
    expect(whole.facts.interfaces).toEqual([
      { linkType: 1, snapLength: 96, name: 'eth0', dropped: 11, droppedBySystem: 2, received: 40 },
      { linkType: 113, snapLength: 0, name: 'any' },
      { linkType: 101, snapLength: 0 },
    ]);
  });

  it('keeps embedded secrets in file order', () => {
    expect(whole.embeddedSecrets).toEqual([
      { type: 0x544c534b, octets: payload(33, 8) },
      { type: 0x544c534b, octets: payload(2, 9) },
    ]);
  });

  it('does not depend on the chunks', () => {
    for (let size = 1; size <= 64; size += 1) expect(readCapture(file, size)).toEqual(whole);
  });

  it('tells where it breaks off', () => {
    for (let length = 28; length < file.length; length += 1) {
      const { packets, notices } = readCapture(file.subarray(0, length), 11);
      expect(packets).toEqual(whole.packets.slice(0, packets.length));
      for (const { code, offset, available, needed, packetNumber } of notices) {
        if (code === 'capture-empty' || code === 'capture-dropped-packets') continue;
        expect(code).toBe('capture-truncated');
        expect(offset + available).toBe(length);
        expect(needed).toBeGreaterThan(available);
        const frames = packets.at(-1)?.packetNumber ?? 0;
        expect([frames + 1, frames + 2]).toContain(packetNumber);
      }
    }
  });

  it('names the problem when not even the section header is whole', () => {
    for (let length = 4; length < 28; length += 1) {
      expect(readCapture(file.subarray(0, length), 3).problem).toContain('section header');
    }
  });
});

describe('time stamps of pcapng', () => {
  const NOW = 1_700_000_000n;

  it.each([
    ['seconds', 0, NOW, 0],
    ['milliseconds', 3, NOW * 1000n + 5n, 5_000_000],
    ['microseconds', 6, NOW * 1_000_000n + 999_999n, 999_999_000],
    ['nanoseconds', 9, NOW * 1_000_000_000n + 999_999_999n, 999_999_999],
    ['units of 10 ns', 8, NOW * 100_000_000n + 1n, 10],
    ['units of 2^-10 s', 0x8a, NOW * 1024n + 512n, 500_000_000],
    ['units of 2^-32 s', 0xa0, (NOW << 32n) + (1n << 31n), 500_000_000],
    ['100 ps', 10, NOW * 10_000_000_000n + 19n, 1],
  ])('reads %s', (_, resolution, units, nanos) => {
    const packet = readOne({ resolution }, units);
    expect(packet).toMatchObject({ seconds: Number(NOW), nanos });
  });

  it.each([3600, -3600])('adds the offset of an interface: %i s', (offsetSeconds) => {
    const packet = readOne({ offsetSeconds }, DEFAULT_UNITS);
    expect(packet).toMatchObject({ seconds: Number(NOW) + offsetSeconds, nanos: 0 });
  });

  it.each([0, 6, 9, 12, 0x80, 0xbf, 0x7f, 0xff])(
    'stays a time within the second for the largest stamp, resolution %i',
    (resolution) => {
      const packet = readOne({ resolution }, 2n ** 64n - 1n);
      expect(packet?.nanos).toBeGreaterThanOrEqual(0);
      expect(packet?.nanos).toBeLessThan(1e9);
      expect(Number.isInteger(packet?.seconds)).toBe(true);
    },
  );

  it('is exact across changes of the upper half', () => {
    const stamps = [0n, 2n ** 32n - 1n, 2n ** 32n, NOW * 10n ** 9n, 5n, 2n ** 63n + 12_345n];
    const { packets } = readBlocks([
      interfaceBlock({ resolution: 9 }),
      ...stamps.map((units) => enhancedPacket({ octets: payload(1), units })),
    ]);
    expect(
      packets.map(({ seconds, nanos }) => BigInt(seconds) * 10n ** 9n + BigInt(nanos)),
    ).toEqual(stamps);
  });

  function readOne(spec: { resolution?: number; offsetSeconds?: number }, units: bigint) {
    return readBlocks([interfaceBlock(spec), enhancedPacket({ octets: payload(1), units })])
      .packets[0];
  }
});

describe('packet numbers', () => {
  // Checked against tshark 4.0.17: these, and no others, are listed as frames.
  it.each([
    [9, 3],
    [0x0bad, 3],
    [0x40000bad, 3],
    [0x204, 3],
    [0x216, 3],
    [0x221, 3],
    [4, 2],
    [0x208, 2],
    [0x12345, 2],
    [0x80000001, 2],
  ])('count blocks of type %i as Wireshark does', (type, lastNumber) => {
    const { packets, facts } = readBlocks([
      interfaceBlock(),
      enhancedPacket({ octets: payload(60) }),
      block(type, payload(64)),
      enhancedPacket({ octets: payload(60) }),
    ]);
    expect(packets.map(({ packetNumber }) => packetNumber)).toEqual([1, lastNumber]);
    expect(facts.frames).toBe(lastNumber);
  });

  it('notes unknown blocks, unless they are meant for others', () => {
    const blocks = [0x12345, 0x80000001, 0x0bad].map((type) => block(type, payload(4)));
    const { notices } = readBlocks([
      interfaceBlock(),
      ...blocks,
      enhancedPacket({ octets: payload(1) }),
    ]);
    expect(notices).toMatchObject([
      { code: 'capture-unknown-block', offset: 48, detail: 'block type 0x12345' },
    ]);
  });
});

describe('simple packets', () => {
  it('are as long as the block where neither snap length nor their own length fits', () => {
    const { packets } = readBlocks([interfaceBlock(), simplePacket(payload(32), 100)]);
    expect(packets).toMatchObject([{ capturedLength: 32, originalLength: 100, seconds: 0 }]);
  });

  it('leave the padding out', () => {
    const { packets } = readBlocks([interfaceBlock(), simplePacket(payload(33))]);
    expect(packets[0]?.octets).toEqual(Buffer.from(payload(33)));
  });
});

describe('statistics of interfaces', () => {
  it.each([
    [{ interface: 0, system: 0 }, 0, []],
    [{ received: 5 }, undefined, []],
    [{ interface: 3 }, 3, ['interface 0; 3 by the interface, 0 by the system']],
    [
      { system: 4, received: 9 },
      4,
      ['interface 0 of 9 received; 0 by the interface, 4 by the system'],
    ],
    // What programs write that do not know.
    [{ interface: -1, system: -1 }, undefined, []],
  ] as const)('tell what was dropped: %o', (counts, dropped, said) => {
    const { facts, notices } = readBlocks([
      interfaceBlock(),
      enhancedPacket({ octets: payload(4) }),
      interfaceStatistics(0, counts),
      interfaceStatistics(7, { interface: 1 }),
    ]);
    expect(facts.interfaces[0]?.dropped).toBe(dropped);
    expect(notices.map(({ detail }) => detail?.replace(/; record.*/, ''))).toEqual(said);
  });
});

describe('absurd times', () => {
  it.each([
    [0, 2n ** 64n - 1n, 0],
    [6, 0n, -(2 ** 40)],
    [6, 2n ** 64n - 1n, 2 ** 52],
    [0xff, 2n ** 63n, 2 ** 52],
    [0x7f, 2n ** 64n - 1n, 0],
  ])(
    'stay within the years that have four digits: resolution %i, %i, offset %i',
    (resolution, units, offsetSeconds) => {
      const { packets } = readBlocks([
        interfaceBlock({ resolution, offsetSeconds }),
        enhancedPacket({ octets: payload(1), units }),
      ]);
      expect(packets[0]?.seconds).toBeGreaterThanOrEqual(0);
      expect(packets[0]?.seconds).toBeLessThan(253_402_300_800);
    },
  );
});

describe('files one behind the other', () => {
  const blocks = [interfaceBlock(), enhancedPacket({ octets: payload(40, 1) })];

  it('are sections of one', () => {
    const file = concat(pcapngFile({ blocks }), pcapngFile({ order: 'big', blocks }));
    const { packets, notices } = readCapture(file, 33);
    expect(packets.map(({ interfaceIndex }) => interfaceIndex)).toEqual([0, 1]);
    expect(notices).toEqual([]);
  });

  it.each(ORDERS)('of which the second one is classic, in %s endian, are told', (order) => {
    const first = pcapngFile({ blocks });
    const second = pcapFile({ order, packets: [{ octets: payload(3000) }] });
    for (const size of [7, 10_000]) {
      const { packets, notices } = readCapture(concat(first, second), size);
      expect(packets.length).toBe(1);
      expect(notices).toMatchObject([{ code: 'capture-odd-header', offset: first.length }]);
      expect(notices[0]?.detail).toContain(`tail -c +${first.length + 1} FILE | tlsdiag analyze -`);
    }
  });
});

describe('damaged pcapng', () => {
  const good = (seed: number): Block => enhancedPacket({ octets: payload(40, seed) });
  const [first, second, third] = [1, 2, 3].map((seed) => Buffer.from(payload(40, seed)));

  it.each([
    ['an interface that was not described', enhancedPacket({ octets: payload(4), interfaceId: 3 })],
    [
      'an obsolete packet of such an interface',
      obsoletePacket({ octets: payload(4), interfaceId: 3 }),
    ],
    [
      'a packet longer than its block',
      enhancedPacket({ octets: payload(4), capturedLength: 5000 }),
    ],
    ['a block too short for its packet', block(6, payload(8))],
    ['an obsolete block too short for its packet', block(2, payload(8))],
    ['an empty simple packet block', block(3, new Uint8Array(0))],
    ['an interface without fields', block(1, payload(4))],
    ['statistics without fields', block(5, payload(4))],
    ['secrets without fields', block(10, payload(4))],
    ['secrets longer than their block', block(10, payload(12))],
  ])('leaves out %s', (_, bad) => {
    const { packets, notices } = readBlocks([interfaceBlock(), good(1), bad, good(2)]);
    expect(packets.map(({ octets }) => octets)).toEqual([first, second]);
    expect(notices).toMatchObject([
      { code: 'capture-damaged', packetNumber: 2, offset: 28 + 20 + 72 },
    ]);
    expect(notices[0]?.detail).toContain('left out');
  });

  it.each([
    ['a length of 0', enhancedPacket({ octets: payload(40, 9) }, { length: 0 })],
    ['a length too long', enhancedPacket({ octets: payload(40, 9) }, { length: 80 })],
    ['another length at the end', enhancedPacket({ octets: payload(40, 9) }, { trailer: 76 })],
    ['octets between blocks', () => new Uint8Array(64)],
    ['a section without byte order', block(0x0a0d0d0a, payload(16))],
  ] as [string, Block][])('goes on behind %s', (_, bad) => {
    const file = pcapngFile({ blocks: [interfaceBlock(), good(1), bad, good(2), good(3)] });
    for (const size of [1, 17, file.length]) {
      const { packets, notices } = readCapture(file, size);
      expect(packets.map(({ octets }) => octets)).toEqual([first, second, third]);
      expect(notices).toMatchObject([{ code: 'capture-damaged', offset: 28 + 20 + 72 }]);
      expect(notices[0]?.detail).toContain('went on');
    }
  });

  it('stops when nothing follows the damage', () => {
    const file = concat(
      pcapngFile({ blocks: [interfaceBlock(), good(1)] }),
      new Uint8Array(3_000_000),
    );
    const { packets, notices } = readCapture(file, 65_536);
    expect(packets.length).toBe(1);
    expect(notices).toMatchObject([{ code: 'capture-damaged', offset: 28 + 20 + 72 }]);
    expect(notices[0]?.detail).toContain('stopped');
  });

  it('reads a block whose length leaves its padding out', () => {
    const short = enhancedPacket({ octets: payload(41, 1) }, { length: 73 });
    const { packets, notices } = readBlocks([interfaceBlock(), short, good(2)]);
    expect(packets.map(({ octets }) => octets)).toEqual([Buffer.from(payload(41, 1)), second]);
    expect(notices).toEqual([]);
  });

  reaches('blockOctets', 10_000, 'passes over a block beyond the limit by its length', (bound) => {
    const length = bound + 4;
    const head = pcapngFile({ blocks: [interfaceBlock(), good(1)] });
    const huge = block(0x777, new Uint8Array(length - 12))('little');
    const rest = good(2)('little');
    const { packets, notices } = readCapture(concat(head, huge, rest), 4096);
    expect(packets.length).toBe(2);
    expect(notices).toMatchObject([
      { code: 'capture-damaged', offset: head.length, needed: length },
    ]);
    const cut = readCapture(concat(head, huge.subarray(0, 1000)), 100);
    expect(cut.notices.at(-1)).toMatchObject({
      code: 'capture-truncated',
      offset: head.length,
      needed: length,
      available: 1000,
    });
  });

  reaches('interfaces', 3, 'describes no more interfaces than there may be', (bound) => {
    const blocks: Block[] = Array.from({ length: bound + 1 }, () => interfaceBlock());
    const { facts, packets, notices } = readBlocks([...blocks, good(2)]);
    expect(facts.interfaces).toHaveLength(bound);
    expect(packets).toHaveLength(1);
    expect(notices).toMatchObject([{ code: 'capture-damaged' }]);
  });

  reaches('embeddedSecretsOctets', 1024, 'keeps embedded secrets up to the limit', (bound) => {
    const half = new Uint8Array(bound / 2);
    const { embeddedSecrets, notices } = readCapture(
      pcapngFile({
        blocks: [
          decryptionSecrets(1, half),
          decryptionSecrets(2, half),
          decryptionSecrets(3, payload(5)),
          interfaceBlock(),
          good(1),
        ],
      }),
      LIMITS.readBlockOctets,
    );
    expect(embeddedSecrets.map(({ type }) => type)).toEqual([1, 3]);
    expect(notices).toMatchObject([{ code: 'limit-reached', needed: half.length }]);
  });

  it('notes an unusual version', () => {
    const blocks = [interfaceBlock(), good(1)];
    expect(readCapture(pcapngFile({ version: [1, 2], blocks })).notices).toEqual([]);
    expect(readCapture(pcapngFile({ version: [2, 0], blocks })).notices).toMatchObject([
      { code: 'capture-odd-header', detail: 'pcapng version 2.0 instead of 1.0' },
    ]);
  });

  it('never throws for flipped octets, and delivers nothing beyond the file', () => {
    const file = fullFile('little');
    for (let at = 4; at < file.length; at += 1) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const altered = file.slice();
        altered[at] = (altered[at] as number) ^ flip;
        const { packets } = readCapture(altered, 50);
        expect(packets.length).toBeLessThanOrEqual(6);
      }
    }
  });
});

function readBlocks(blocks: readonly Block[]) {
  return readCapture(pcapngFile({ blocks }), 100);
}

function fields(
  packetNumber: number,
  interfaceIndex: number,
  linkType: number,
  seconds: number,
  nanos: number,
  octets: Uint8Array,
) {
  const capturedLength = octets.length;
  return {
    packetNumber,
    interfaceIndex,
    linkType,
    seconds,
    nanos,
    capturedLength,
    originalLength: capturedLength,
    octets: Buffer.from(octets),
  };
}
