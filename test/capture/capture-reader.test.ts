import { describe, expect, it } from 'vitest';
import { CaptureReader } from '../../src/capture/capture-reader.ts';
import type { PacketCursor } from '../../src/model/packet.ts';
import { payload, pcapFile } from '../support/capture-builder.ts';
import { emptyFacts, readCapture, startReading } from '../support/read-capture.ts';

describe('files that are no captures', () => {
  it.each([
    ['nothing', '', 'the file is empty'],
    ['two octets', '\xd4\xc3', '2 octets only'],
    ['one octet', 'x', '1 octet only'],
    ['gzip', '\x1f\x8b\x08\0', 'gzip file inside another'],
    ['zstd', '\x28\xb5\x2f\xfd', 'zstd -dc FILE | tlsdiag analyze -'],
    ['xz', '\xfd7zXZ\0', 'xz -dc'],
    ['lz4', '\x04\x22\x4d\x18', 'lz4 -dc'],
    ['bzip2', 'BZh91AY', 'bzip2 -dc'],
    ['zip', 'PK\x03\x04', 'unzip FILE'],
    [
      'snoop',
      'snoop\0\0\0\0\0\0\x02',
      'snoop capture (Solaris), no pcap or pcapng file; convert it: editcap -F pcapng FILE out.pcapng',
    ],
    ['ELF', '\x7fELF\x02\x01', 'program (ELF)'],
    ['PEM', '-----BEGIN CERTIFICATE-----', 'PEM'],
    ['key log', 'CLIENT_RANDOM 0123', 'TLS key log'],
    ['UTF-16', '\xff\xfe\xd4\0\xc3\0', 'PowerShell'],
    ['HTML', '\n<!DOCTYPE html><html>', 'HTML page'],
    ['XML', '<?xml version="1.0"?>', 'XML'],
    ['JSON', '[\n  {', 'JSON'],
    ['hex dump', '0000  16 03 01 00 c8', 'text2pcap'],
    ['hex dump of xxd', '00000000: d4c3 b2a1 0200', 'text2pcap'],
    ['text', 'tcpdump: listening on eth0', 'this is text'],
    ['ERF', '\0\0\0\0\x80\x00\x00\x60\x02\x04\x00\x50\0\0\0\x40', 'ERF'],
    ['anything else', '\0\x01\x02\x03\x04', 'it begins with 00 01 02 03'],
  ])('says what it is: %s', (_, text, said) => {
    const file = Uint8Array.from(text, (character) => character.charCodeAt(0));
    for (const size of [1, 3, 100]) {
      const { problem, facts, notices, packets } = readCapture(file, size);
      expect(problem).toContain(said);
      expect(problem).not.toContain('\n');
      expect(facts.format).toBe('unknown');
      expect([...notices, ...packets]).toEqual([]);
    }
  });

  it('hands on octets whose slices are copies, whatever kind of array it is given', () => {
    const kept: Uint8Array[] = [];
    const reader = new CaptureReader(
      { packet: ({ bytes, offset }) => kept.push(bytes.slice(offset, offset + 4)) },
      { notice() {} },
      emptyFacts(),
      { reader: 'native', firstPacketNumber: 1 },
    );
    const block = Buffer.from(pcapFile({ packets: [{ octets: payload(20) }] }));
    reader.push(block);
    block.fill(0);
    expect(kept).toEqual([payload(20).slice(0, 4)]);
  });

  it('knows a foreign file before its end', () => {
    const { reader } = startReading();
    reader.push(new Uint8Array(40));
    expect(reader.problem).toBeUndefined();
    reader.push(new Uint8Array(40));
    expect(reader.problem).toContain('00 00 00 00');
    reader.push(pcapFile());
    reader.end();
    expect(reader.problem).toContain('00 00 00 00');
  });

  it('names a file that ends within the pcap header', () => {
    for (let length = 4; length < 24; length += 1) {
      const { problem, facts } = readCapture(pcapFile().subarray(0, length), 5);
      expect(problem).toContain('ends within its header of 24 octets');
      expect(facts.format).toBe('unknown');
    }
  });
});

describe('a capture', () => {
  it('without packets is noted', () => {
    expect(readCapture(pcapFile()).notices).toMatchObject([{ code: 'capture-empty' }]);
  });

  it('has no embedded secrets when it is classic', () => {
    const { embeddedSecrets } = readCapture(pcapFile({ packets: [{ octets: payload(4) }] }));
    expect(embeddedSecrets).toEqual([]);
  });

  it('hands packets on as soon as their last octet is there', () => {
    const { reader, packets } = startReading();
    const file = pcapFile({ packets: [{ octets: payload(10) }, { octets: payload(10) }] });
    reader.push(file.subarray(0, 49));
    expect(packets.length).toBe(0);
    reader.push(file.subarray(49, 50));
    expect(packets.length).toBe(1);
    reader.push(file.subarray(50));
    expect(packets.length).toBe(2);
  });

  it('is described by one cursor, in the memory of the chunk', () => {
    const file = pcapFile({ packets: [{ octets: payload(10) }, { octets: payload(10) }] });
    const cursors: PacketCursor[] = [];
    const memories: Uint8Array[] = [];
    const sink = {
      packet(cursor: PacketCursor) {
        cursors.push(cursor);
        memories.push(cursor.bytes);
      },
    };
    const options = { reader: 'native', firstPacketNumber: 1 } as const;
    const reader = new CaptureReader(sink, { notice: () => undefined }, emptyFacts(), options);
    reader.push(file.subarray(0, 4));
    const chunk = file.subarray(4);
    reader.push(chunk);
    expect(cursors[0]).toBe(cursors[1]);
    expect(memories.map(({ buffer }) => buffer === chunk.buffer)).toEqual([true, true]);
  });
});
