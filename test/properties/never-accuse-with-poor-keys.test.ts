/** What a key log lacks, and what is wrong in it, is nobody's mistake: conversations of real stacks with poor key logs. */
import { describe, expect, it } from 'vitest';
import { analyse } from '../support/analyse.ts';
import { pcapFile } from '../support/capture-builder.ts';
import { readCapture } from '../support/read-capture.ts';
import { sampleFile } from '../support/sample-handshakes.ts';

/** Samples in which nothing is wrong: full and resumed handshakes of every version, with and without client certificates. */
const HONEST = [
  'dtls-fragmented-flight',
  'dtls-mutual-close',
  'dtls-orderly-reconnect',
  'dtls-renegotiation',
  'dtls-resumption',
  'tls-client-certificate',
  'tls-half-close',
  'tls-mixed-suites-healthy',
  'tls-resumption',
  'tls12-cbc-etm-healthy',
  'tls12-renegotiation',
  'tls13-early-data',
  'tls13-early-data-rejected',
  'tls13-hrr',
  'tls13-keyupdate',
];

interface Packet {
  readonly octets: Uint8Array;
  readonly seconds: number;
  readonly nanos: number;
  readonly originalLength: number;
}

type Mangling = (packets: readonly Packet[]) => readonly Packet[];

/** The source has the lower address. */
const isFromLower = ({ octets }: Packet): boolean =>
  Buffer.compare(octets.subarray(26, 30), octets.subarray(30, 34)) < 0;

const MANGLINGS: Readonly<Record<string, Mangling>> = {
  'as it was': (packets) => packets,
  'with every packet twice': (packets) => packets.flatMap((packet) => [packet, packet]),
  'without every seventh packet': (packets) => packets.filter((_, i) => i % 7 !== 1),
  'cut at 300 octets': (packets) =>
    packets.map((packet) => ({ ...packet, octets: packet.octets.subarray(0, 300) })),
  'in one direction': (packets) => packets.filter(isFromLower),
  'in the other direction': (packets) => packets.filter((packet) => !isFromLower(packet)),
};

/** A secret with one digit changed. */
const wrong = (line: string): string => line.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));

/** Each label's secrets, moved on by one connection. */
function exchanged(lines: readonly string[]): string[] {
  return lines.map((line) => {
    const [label = '', random = '', secret = ''] = line.split(' ');
    const alike = lines.filter((one) => one.startsWith(`${label} `) && one.length === line.length);
    const next = alike[(alike.indexOf(line) + 1) % alike.length]?.split(' ')[2];
    return [label, random, next ?? secret].join(' ');
  });
}

const KEY_LOGS: Readonly<Record<string, (lines: readonly string[]) => readonly string[]>> = {
  'every second line of it': (lines) => lines.filter((_, i) => i % 2 === 1),
  'the lines of the client': (lines) => lines.filter((line) => !line.startsWith('SERVER_')),
  'every second line wrong': (lines) => lines.map((line, i) => (i % 2 === 0 ? line : wrong(line))),
  'secrets of other connections': exchanged,
};

const encoder = new TextEncoder();

describe.each(HONEST)('%s', { timeout: 120_000 }, (name) => {
  const { packets } = readCapture(sampleFile(name, 'capture.pcap'));
  const lines = sampleFile(name, 'keys.log')
    .toString()
    .split('\n')
    .filter((line) => /^[A-Z_0-9]+ [0-9a-f]+ [0-9a-f]+$/.test(line));

  it('has a key log', () => {
    expect(lines.length).toBeGreaterThan(0);
  });

  it.each(Object.keys(MANGLINGS))('is accused of nothing when it was captured %s', (how) => {
    const mangled = (MANGLINGS[how] as Mangling)(packets);
    const file = pcapFile({ packets: mangled.map((packet) => ({ ...packet })) });
    for (const [which, select] of Object.entries(KEY_LOGS)) {
      const keyLogs = [encoder.encode(select(lines).join('\n'))];
      const { findings, result } = analyse(file, { secrets: { keyLogs, rsaKeys: [], psks: [] } });
      expect(result.internalErrors).toBe(0);
      const accusations = findings
        .filter(({ severity }) => severity !== 'info')
        .map(
          ({ severity, confidence, rule, summary }) =>
            `${severity} ${confidence} ${rule}: ${summary}`,
        );
      expect(accusations, which).toEqual([]);
    }
  });
});
