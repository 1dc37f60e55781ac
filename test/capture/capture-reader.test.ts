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
    ['gzip', '\x1f\x8b\x08\0', 'gzip -dc FILE | tlsdiag analyze -'],
    ['zstd', '\x28\xb5\x2f\xfd', 'zstd -dc FILE | tlsdiag analyze -'],
    ['xz', '\xfd7zXZ\0', 'xz -dc'],
    ['lz4', '\x04\x22\x4d\x18', 'lz4 -dc'],
    ['bzip2', 'BZh91AY', 'bzip2 -dc'],
    ['compress', '\x1f\x9d\x90', 'gzip -dc'],
    ['lzip', 'LZIP\x01', 'lzip -dc'],
    ['lzop', '\x89LZO\0\r\n\x1a\n', 'lzop -dc'],
    ['lzma', ']\0\0\x80\0', '--format=lzma'],
    ['snappy', '\xff\x06\0\0sNaPpY', 'snappy'],
    ['zip', 'PK\x03\x04', 'unzip FILE'],
    ['7-Zip', '7z\xbc\xaf\x27\x1c', '7z x'],
    ['RAR', 'Rar!\x1a\x07\x01', 'unrar'],
    ['cabinet', 'MSCF\0\0', 'cabextract'],
    ['tar', `case.pcap${'\0'.repeat(248)}ustar\x0000`, 'tar -xf FILE'],
    [
      'snoop',
      'snoop\0\0\0\0\0\0\x02',
      'snoop capture (Solaris), no pcap or pcapng file; convert it: editcap -F pcapng FILE out.pcapng',
    ],
    ['iptrace', 'iptrace 2.0\0', 'iptrace capture (AIX)'],
    ['OmniPeek', '\x7fver\0\0', 'OmniPeek'],
    ['rf5', '\0\0\x02\0\x12\x05\0\x10', 'K12'],
    ['NetScaler', '\x01\x01\x2a\0\0\0\0\0NetScaler V20 Performance Data\0', 'nstrace'],
    ['Navtel', '\x4d\x3c\x2b\xa1\x02\0\x04\0', 'Navtel'],
    ['long records', '\xa1\xb2\x34\xcd\0\x02\0\x04', 'longer records'],
    ['cBPF', '\xa1\xb2\xc3\xcb', 'packet filter'],
    ['line feeds doubled', '\r\n\r\r\n\x1c\0\0\0', 'binary mode'],
    ['line feeds united', '\n\r\n\x1c\0\0\0', 'binary mode'],
    ['replacement characters', '\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd', 'spoilt'],
    ['UTF-8 of a pcap file', '\xc3\x94\xc3\x83\xc2\xb2\xc2\xa1\x02\0', 'iconv -f utf-8 -t latin1'],
    ['AppleDouble', '\0\x05\x16\x07\0\x02\0\0Mac OS X', 'without ._'],
    ['ETL', windowsTrace(), 'etl2pcapng FILE out.pcapng (netsh trace), or pktmon etl2pcap FILE'],
    ['ELF', '\x7fELF\x02\x01', 'program (ELF)'],
    ['PEM', '-----BEGIN CERTIFICATE-----', 'PEM'],
    ['key log', 'CLIENT_RANDOM 0123', 'TLS key log'],
    ['key log of TLS 1.3', 'CLIENT_HANDSHAKE_TRAFFIC_SECRET 0123', 'TLS key log'],
    ['UTF-16', '\xff\xfe\xd4\0\xc3\0', 'PowerShell'],
    ['HTML', '\n<!DOCTYPE html><html>', 'HTML page'],
    ['XML', '<?xml version="1.0"?>', 'XML'],
    ['PDML', '<?xml version="1.0"?>\n<!-- a -->\n<pdml version="0">', 'tshark exported as XML'],
    ['JSON', '[\n  {', 'JSON'],
    ['JSON of tshark', '[\n  {\n    "_index": "packets-2026-11-21",', 'tshark exported as JSON'],
    ['EK of tshark', '{"index":{"_index":"packets-2026-11-21"}}', 'tshark exported as JSON'],
    ['HAR', '{\n  "log": {\n    "version": "1.2",', 'HTTP archive (HAR)'],
    ['K12 text', `+${'-'.repeat(9)}+${'-'.repeat(15)}+${'-'.repeat(10)}+\n`, 'K12 capture as text'],
    ['DCT2000', 'Session Transcript\n', 'DCT2000'],
    ['Git LFS', 'version https://git-lfs.github.com/spec/v1\n', 'git lfs pull'],
    ['base64 of pcap', '1MOyoQIABAAAAAAAAAAAAAAABAABAAAA', 'base64 -d'],
    ['base64 of pcapng', 'Cg0NChwAAABNPCsa', 'base64 -d'],
    ['hex dump', '0000  16 03 01 00 c8', 'text2pcap'],
    ['hex dump of xxd', '00000000: d4c3 b2a1 0200', 'xxd -r'],
    ['text', 'tcpdump: listening on eth0', 'this is text'],
    ['ERF', '\0\0\0\0\x80\x00\x00\x60\x02\x04\x00\x50\0\0\0\x40', 'ERF'],
    ['anything else', '\0\x01\x02\x03\x04', 'it begins with 00 01 02 03'],
  ])('says what it is: %s', (_, text, said) => {
    for (const size of [1, 3, 1000]) {
      const { problem, facts, notices, packets } = readCapture(latin1(text), size);
      expect(problem).toContain(said);
      expect(problem).not.toContain('\n');
      expect(facts.format).toBe('unknown');
      expect([...notices, ...packets]).toEqual([]);
    }
  });

  it.each([
    ['gzip', '\x1f\x8b\x08\0', 'a gzip file inside another one; unpack it on the way: gzip -dc'],
    ['gzip', '\x28\xb5\x2f\xfd', 'a zstd file inside a gzip file; unpack it on the way: gzip -dc'],
    ['xz', '\x02\x21\x4c\x18', 'an lz4 file inside an xz file'],
    ['zstd', `x${'\0'.repeat(256)}ustar`, 'a tar archive inside a zstd file'],
    ['gzip', 'PK\x03\x04', 'a zip archive inside a gzip file'],
  ] as const)('says what was packed with %s', (compression, text, said) => {
    const facts = { ...emptyFacts(), compression };
    const options = { reader: 'native', firstPacketNumber: 1 } as const;
    const reader = new CaptureReader({ packet() {} }, { notice() {} }, facts, options);
    reader.push(latin1(text));
    reader.end();
    expect(reader.problem).toContain(said);
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
    reader.push(new Uint8Array(400));
    expect(reader.problem).toBeUndefined();
    expect(reader.finished).toBe(false);
    reader.push(new Uint8Array(400));
    expect(reader.problem).toContain('00 00 00 00');
    expect(reader.finished).toBe(true);
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

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** How the event trace of Windows begins: a buffer of 64 KiB, and at octet 72 an event of the 64-bit kind. */
function windowsTrace(): string {
  const octets = Buffer.alloc(100);
  octets.writeUInt32LE(0x10000, 0);
  octets.writeUInt32LE(0x2a8, 4);
  octets.set([2, 0, 2, 0xc0], 72);
  return octets.toString('latin1');
}
