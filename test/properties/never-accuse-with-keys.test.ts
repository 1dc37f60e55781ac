/**
 * Secrets make claims stronger, so they must not make them wrong: healthy samples, badly captured, opened with their keys.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { analyse } from '../support/analyse.ts';

const SAMPLES = readdirSync('samples').filter((name) => {
  if (!existsSync(`samples/${name}/keys.log`)) return false;
  const { findings, findingsWithKeys = [] } = JSON.parse(
    readFileSync(`samples/${name}/expected.json`, 'utf8'),
  );
  return [...findings, ...findingsWithKeys].every(({ severity }) => severity === 'info');
});

/** Each place costs a reading of the whole capture: in longer ones so many are tried, evenly spread. */
const PLACES = 60;

const HEADER = 24;
const RECORD_HEADER = 16;

/** The packets of a classic little-endian capture with their headers. */
function packetsOf(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const packets: Uint8Array[] = [];
  for (let at = HEADER; at < file.length; ) {
    const end = at + RECORD_HEADER + view.getUint32(at + 8, true);
    packets.push(file.subarray(at, end));
    at = end;
  }
  return packets;
}

/** A packet of which the snap length kept only so much. */
function cut(packet: Uint8Array, octets: number): Uint8Array {
  const kept = packet.slice(0, Math.min(packet.length, RECORD_HEADER + octets));
  new DataView(kept.buffer).setUint32(8, kept.length - RECORD_HEADER, true);
  return kept;
}

function places(count: number): number[] {
  const step = Math.ceil(count / PLACES);
  return Array.from({ length: Math.floor(count / Math.max(1, step)) }, (_, n) => n * step);
}

describe.each(SAMPLES)('%s with its keys', (name) => {
  const file = Uint8Array.from(readFileSync(`samples/${name}/capture.pcap`));
  const keys = readFileSync(`samples/${name}/keys.log`);
  const header = file.subarray(0, HEADER);
  const packets = packetsOf(file);

  /** Throws with what secrets add to what is told without them. */
  function acquit(kept: readonly Uint8Array[], how: string): void {
    const capture = Uint8Array.from(Buffer.concat([header, ...kept]));
    const run = (secrets: object) => {
      const { findings, result } = analyse(capture, secrets);
      expect(result.internalErrors, how).toBe(0);
      return findings
        .filter(({ severity }) => severity !== 'info')
        .map(({ rule, summary }) => `${rule}: ${summary}`);
    };
    const opened = run({ secrets: { keyLogs: [keys], rsaKeys: [], psks: [] } });
    if (opened.length === 0) return;
    const shut = new Set(run({}).map((text) => text.split(':')[0]));
    expect(
      opened.filter((text) => !shut.has(text.split(':')[0])),
      how,
    ).toEqual([]);
  }

  it('is accused of nothing when any one packet is missing', { timeout: 120_000 }, () => {
    for (const index of places(packets.length))
      acquit(packets.toSpliced(index, 1), `without ${index + 1}`);
  });

  it('is accused of nothing when the capture begins or ends with any packet', {
    timeout: 120_000,
  }, () => {
    for (const before of places(packets.length - 1)) {
      const count = before + 1;
      acquit(packets.slice(count), `without the first ${count}`);
      acquit(packets.slice(0, count), `the first ${count}`);
    }
  });

  it('is accused of nothing when packets are cut, doubled or in the wrong order', {
    timeout: 120_000,
  }, () => {
    for (const octets of [60, 96, 200, 500])
      acquit(
        packets.map((packet) => cut(packet, octets)),
        `cut to ${octets}`,
      );
    acquit(
      packets.flatMap((packet) => [packet, packet]),
      'every packet twice',
    );
    for (const index of places(packets.length - 1)) {
      const [one, two] = packets.slice(index, index + 2) as [Uint8Array, Uint8Array];
      acquit(packets.toSpliced(index, 2, two, one), `${index + 1} and ${index + 2} swapped`);
    }
  });
});
