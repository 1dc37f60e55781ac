import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  type ByteOrder,
  block,
  enhancedPacket,
  interfaceBlock,
  obsoletePacket,
  payload,
  pcapngFile,
  simplePacket,
} from '../support/capture-builder.ts';
import { haveAll, runProgram } from '../support/programs.ts';
import { reaches } from '../support/reaches.ts';
import { readCapture } from '../support/read-capture.ts';

const packet = (comment?: string) =>
  enhancedPacket({ octets: payload(61), ...(comment !== undefined && { comment }) });

it.each<ByteOrder>(['little', 'big'])(
  'comments are kept with their packets (%s endian)',
  (order) => {
    const file = pcapngFile(
      {
        order,
        comments: ['taken at the gateway', 'second try'],
        blocks: [
          interfaceBlock({ linkType: 1 }),
          packet('here it begins'),
          packet(),
          // A frame to Wireshark, though no packet.
          block(0x0bad, payload(12)),
          simplePacket(payload(60)),
          obsoletePacket({ octets: payload(3), comment: 'größer als\n80 Spalten' }),
        ],
      },
      { order, blocks: [interfaceBlock({ linkType: 1 }), packet(''), packet('and ends')] },
    );
    const { facts, notices } = readCapture(file);
    expect(facts.comments).toEqual([
      { packet: 0, text: 'taken at the gateway' },
      { packet: 0, text: 'second try' },
      { packet: 1, text: 'here it begins' },
      { packet: 5, text: 'größer als\n80 Spalten' },
      { packet: 7, text: 'and ends' },
    ]);
    expect(notices.map(({ code }) => code)).not.toContain('capture-damaged');
  },
);

reaches('comments', 5, 'further comments are counted', (bound) => {
  const blocks = [interfaceBlock({ linkType: 1 })];
  for (let i = 0; i < bound + 2; i++) blocks.push(packet(`number ${i}`));
  const { facts } = readCapture(pcapngFile({ blocks }));
  expect(facts.comments.map(({ text }) => text)).toEqual(
    Array.from({ length: bound }, (_, i) => `number ${i}`),
  );
  expect(facts).toMatchObject({ commentsOmitted: 2, packets: bound + 2 });
});

reaches('commentOctets', 9, 'longer comments are cut', (bound) => {
  const [whole, longer] = ['x'.repeat(bound), 'x'.repeat(bound + 1)];
  const blocks = [interfaceBlock({ linkType: 1 }), packet(whole), packet(longer)];
  const { facts } = readCapture(pcapngFile({ blocks }));
  expect(facts.comments.map(({ text }) => text)).toEqual([whole, whole]);
});

it('an option that runs out of its block ends the list, not the reading', () => {
  const broken = block(6, (order) => {
    const whole = packet('some comment')(order);
    const body = whole.slice(8, -4);
    // The length of the comment: type and length of the option stand behind the padded packet.
    new DataView(body.buffer).setUint16(20 + 64 + 2, 0xffff, order === 'little');
    return body;
  });
  const { facts } = readCapture(
    pcapngFile({ blocks: [interfaceBlock({ linkType: 1 }), broken, packet('read on')] }),
  );
  expect(facts.comments).toEqual([{ packet: 2, text: 'read on' }]);
});

it.runIf(haveAll('editcap'))('reads what editcap notes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tlsdiag-'));
  try {
    const [plain, noted] = [join(folder, 'plain.pcapng'), join(folder, 'noted.pcapng')];
    await writeFile(
      plain,
      pcapngFile({ blocks: [interfaceBlock({ linkType: 1 }), packet(), packet(), packet()] }),
    );
    runProgram('editcap', ['-a', '2:look here', '-a', '3:and here', plain, noted]);
    expect(readCapture(readFileSync(noted)).facts.comments).toEqual([
      { packet: 2, text: 'look here' },
      { packet: 3, text: 'and here' },
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
