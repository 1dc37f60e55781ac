/**
 * A segment of the earlier connection that the later one takes: made of a real capture in which it is dropped. Without
 * timestamps, and with an initial sequence number that puts an old record where the next one is due, nothing tells the
 * receiver that it is not.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { analyse } from '../support/analyse.ts';

const folder = fileURLToPath(new URL('../../samples/tls-old-segment-dropped/', import.meta.url));
const keyLogs = [readFileSync(`${folder}keys.log`)];

/** Where the TCP header of an Ethernet frame with IPv4 begins. */
const TCP = 34;
const FILE_HEADER = 24;
const PACKET_HEADER = 16;

/** The second connection begins with its SYN; the old segment stands where the late copy stood. */
const SECOND = 23;
const LATE = 33;

function packetsOf(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const packets: Uint8Array[] = [];
  for (let at = FILE_HEADER; at < file.length; ) {
    const length = view.getUint32(at + 8, true);
    packets.push(file.slice(at, at + PACKET_HEADER + length));
    at += PACKET_HEADER + length;
  }
  return packets;
}

const word = (packet: Uint8Array, at: number) =>
  new DataView(packet.buffer).getUint32(PACKET_HEADER + TCP + at);
const setWord = (packet: Uint8Array, at: number, value: number) =>
  new DataView(packet.buffer).setUint32(PACKET_HEADER + TCP + at, value >>> 0);
const isOfClient = (packet: Uint8Array) =>
  new DataView(packet.buffer).getUint16(PACKET_HEADER + TCP) === 40_001;

/** NOPs in the place of options: SACK-permitted, timestamps and all. */
function withoutOptions(packet: Uint8Array): Uint8Array {
  const header = ((packet[PACKET_HEADER + TCP + 12] as number) >> 4) * 4;
  packet.fill(1, PACKET_HEADER + TCP + 20, PACKET_HEADER + TCP + header);
  return packet;
}

/** @param taken whether the numbers of the old segment are good for the second connection */
function capture(taken: boolean): Uint8Array {
  const file = new Uint8Array(readFileSync(`${folder}capture.pcap`));
  const packets = packetsOf(file).map(withoutOptions);
  const numberOf = (packetNumber: number) => packets[packetNumber - 1] as Uint8Array;
  // The second line of the first connection, a record of its own.
  const old = numberOf(14).slice();
  const next = word(numberOf(LATE + 2), 4);
  const shift = taken ? word(old, 4) - next : 0;
  for (const packet of packets.slice(SECOND - 1)) {
    if (isOfClient(packet)) setWord(packet, 4, word(packet, 4) + shift);
    else setWord(packet, 8, word(packet, 8) + shift);
  }
  // A host by RFC 5961 drops what acknowledges old numbers: these are of the same age by chance.
  if (taken) setWord(old, 8, word(numberOf(LATE - 1), 8));
  // At the time of the late copy.
  old.set(numberOf(LATE).subarray(0, 8));
  const kept = [...packets.slice(0, LATE - 1), old];
  return Uint8Array.from(Buffer.concat([file.subarray(0, FILE_HEADER), ...kept]));
}

const told = (file: Uint8Array, secrets: boolean) =>
  analyse(file, secrets ? { secrets: { keyLogs, rsaKeys: [], psks: [] } } : {}).findings.map(
    ({ rule, severity, confidence, connections }) => [rule, severity, confidence, connections],
  );
const REUSE = ['tcp-port-reuse-new-incarnation', 'info', 'proven', [2]];

describe('an old segment', () => {
  test('that is taken explains the record of another connection, with secrets for certain', () => {
    const rule = 'tcp-old-segment-in-new-incarnation';
    expect(told(capture(true), false)).toEqual([[rule, 'error', 'likely', [2, 1]], REUSE]);
    expect(told(capture(true), true)).toEqual([[rule, 'error', 'proven', [2, 1]], REUSE]);
  });

  test('that acknowledges old numbers is dropped', () => {
    const dropped = ['tcp-old-segment-in-new-incarnation', 'info', 'proven', [2]];
    expect(told(capture(false), false)).toEqual([dropped, REUSE]);
    expect(told(capture(false), true)).toEqual([dropped, REUSE]);
  });
});
