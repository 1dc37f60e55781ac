import type { Compression } from '../model/packet.ts';
import { describeText, isText } from './foreign-text.ts';

/** Octets at the beginning of a file that `describeForeign` wants to see; fewer will do when the file is shorter. */
export const SIGNATURE_OCTETS = 512;

interface Signature {
  /** Octets of the file, as latin1 text. */
  readonly octets: string;
  /** Where they stand; at the beginning unless given. */
  readonly at?: number;
  /** Completes "this is …". */
  readonly what: string;
  readonly next: string;
}

/** What to do with formats that Wireshark reads. */
const CONVERT = 'convert it: editcap -F pcapng FILE out.pcapng';
const NAME_THE_CAPTURE = 'name the capture file instead';
const FETCH_AGAIN = 'fetch it again in binary mode';

const onTheWay = (command: string) => `unpack it on the way: ${command} FILE | tlsdiag analyze -`;
const first = (command: string) => `unpack it first: ${command}`;

/** How files begin that are unpacked without asking; within one of them they are packed twice. */
const PACKED: readonly (readonly [octets: string, kind: Compression])[] = [
  ['\x1f\x8b', 'gzip'],
  ['\x28\xb5\x2f\xfd', 'zstd'],
  ['\xfd7zXZ\0', 'xz'],
  ['\x04\x22\x4d\x18', 'lz4'],
  ['\x02\x21\x4c\x18', 'lz4'],
];

const SIGNATURES: readonly Signature[] = [
  { octets: 'BZh', what: 'compressed with bzip2', next: onTheWay('bzip2 -dc') },
  { octets: '\x1f\x9d', what: 'compressed with compress (.Z)', next: onTheWay('gzip -dc') },
  { octets: 'LZIP', what: 'compressed with lzip', next: onTheWay('lzip -dc') },
  { octets: '\x89LZO\0\r\n', what: 'compressed with lzop', next: onTheWay('lzop -dc') },
  { octets: ']\0\0', what: 'compressed with lzma', next: onTheWay('xz -dc --format=lzma') },
  { octets: '\xff\x06\0\0sNaPpY', what: 'compressed with snappy', next: 'unpack it first' },
  { octets: 'PK\x03\x04', what: 'a zip archive', next: first('unzip FILE') },
  { octets: '7z\xbc\xaf\x27\x1c', what: 'a 7-Zip archive', next: first('7z x FILE') },
  { octets: 'Rar!\x1a\x07', what: 'a RAR archive', next: first('unrar x FILE') },
  { octets: 'MSCF', what: 'a cabinet archive', next: first('cabextract FILE') },
  { octets: 'ustar', at: 257, what: 'a tar archive', next: first('tar -xf FILE') },

  { octets: 'snoop\0', what: 'a snoop capture (Solaris)', next: CONVERT },
  { octets: 'btsnoop\0', what: 'a Bluetooth capture (btsnoop)', next: 'it cannot hold TLS' },
  { octets: 'XCP\0', what: 'a capture of the Sniffer for Windows or NetXRay', next: CONVERT },
  { octets: 'TRSNIFF data', what: 'a capture of the Sniffer for DOS', next: CONVERT },
  { octets: 'GMBU', what: 'a capture of Microsoft Network Monitor', next: CONVERT },
  { octets: 'RTSS', what: 'a capture of Microsoft Network Monitor', next: CONVERT },
  { octets: '\x7fver', what: 'a capture of EtherPeek or OmniPeek', next: CONVERT },
  { octets: '\x01\x10\x4c\0', what: 'a capture of LANalyzer', next: CONVERT },
  { octets: '\xaa\xaa\xaa\xaa', what: 'a capture of 5View', next: CONVERT },
  { octets: '\x05VNF', what: 'a capture of Visual Networks', next: CONVERT },
  { octets: 'TR\0d\0', what: 'an nettl trace (HP-UX)', next: CONVERT },
  { octets: '\0\0\x02\0\x12\x05\0\x10', what: 'a K12 capture (rf5)', next: CONVERT },
  { octets: 'iptrace ', what: 'an iptrace capture (AIX)', next: CONVERT },
  { octets: 'ObserverPktBuffer', what: 'a capture of Observer', next: CONVERT },

  // Relatives of pcap whose records are laid out otherwise, in both byte orders.
  { octets: '\xa1\x2b\x3c\x4d', what: 'a pcap variant of Navtel', next: CONVERT },
  { octets: '\x4d\x3c\x2b\xa1', what: 'a pcap variant of Navtel', next: CONVERT },
  { octets: '\xa1\xb2\x34\xcd', what: 'a pcap variant with longer records', next: CONVERT },
  { octets: '\xcd\x34\xb2\xa1', what: 'a pcap variant with longer records', next: CONVERT },
  { octets: '\xa1\xb2\xc3\xcb', what: 'a packet filter, saved (cBPF)', next: NAME_THE_CAPTURE },
  { octets: '\xcb\xc3\xb2\xa1', what: 'a packet filter, saved (cBPF)', next: NAME_THE_CAPTURE },

  // What a transfer as text makes of captures.
  { octets: '\r\n\r\r\n', what: 'a pcapng file with changed line feeds', next: FETCH_AGAIN },
  { octets: '\n\r\n', what: 'a pcapng file with changed line feeds', next: FETCH_AGAIN },
  { octets: '\n\n\n', what: 'a pcapng file with changed line feeds', next: FETCH_AGAIN },
  {
    octets: '\xef\xbf\xbd\xef\xbf\xbd',
    what: 'binary data spoilt by reading it as UTF-8 text',
    next: FETCH_AGAIN,
  },
  {
    octets: '\xc3\x94\xc3\x83\xc2\xb2\xc2\xa1',
    what: 'a pcap file encoded as UTF-8 text',
    next: 'turn it back: iconv -f utf-8 -t latin1 FILE | tlsdiag analyze -',
  },
  {
    octets: '\xff\xfe',
    what: 'UTF-16 text, as PowerShell makes of a program’s output',
    next: 'record again and let the program write the file itself: tcpdump -w FILE',
  },

  { octets: '\x7fELF', what: 'a program (ELF)', next: NAME_THE_CAPTURE },
  { octets: 'SQLite format 3', what: 'an SQLite database', next: NAME_THE_CAPTURE },
  {
    octets: '\0\x05\x16\x07',
    what: 'what macOS keeps beside a file (AppleDouble)',
    next: 'name the file without ._ in front',
  },
];

/**
 * Says in one line what a file is that no reader takes, and what to do about it.
 *
 * @param head the first octets of the file, up to `SIGNATURE_OCTETS`
 * @param unpackedFrom how the file was packed that they came out of
 */
export function describeForeign(head: Uint8Array, unpackedFrom: Compression | null): string {
  if (head.length === 0) return 'the file is empty; check that the capture was written at all';
  const text = String.fromCharCode(...head);
  const inside = unpackedFrom === null ? '' : ` inside ${withArticle(unpackedFrom)} file`;

  const packed = PACKED.find(([octets]) => text.startsWith(octets))?.[1];
  if (packed !== undefined) {
    const outer =
      unpackedFrom === packed ? 'another one' : `${withArticle(unpackedFrom ?? packed)} file`;
    const what =
      unpackedFrom === null
        ? `compressed with ${packed}`
        : `${withArticle(packed)} file inside ${outer}`;
    return `this is ${what}; ${onTheWay(`${unpackedFrom ?? packed} -dc`)}`;
  }
  const known = SIGNATURES.find(({ octets, at = 0 }) => text.startsWith(octets, at));
  if (known !== undefined) {
    return `this is ${known.what}${inside}, no pcap or pcapng file; ${known.next}`;
  }
  if (/net ?scaler( v\d\d)? performance data/i.test(text)) {
    return `this is an nstrace capture (NetScaler), no pcap or pcapng file; ${CONVERT}`;
  }
  if (head.length < 4) {
    return `the file has ${head.length} ${head.length === 1 ? 'octet' : 'octets'} only; check that the capture was written at all`;
  }
  if (isText(head)) return describeText(text);
  if (isWindowsTrace(head)) {
    return 'this is a Windows event trace (ETL), no pcap or pcapng file; convert it: etl2pcapng FILE out.pcapng (netsh trace), or pktmon etl2pcap FILE (pktmon)';
  }
  if (isEndaceRecord(head)) return `this looks like an ERF capture (Endace); ${CONVERT}`;
  const magic = [...head.subarray(0, 4)].map((octet) => octet.toString(16).padStart(2, '0'));
  return `this is no pcap or pcapng file (it begins with ${magic.join(' ')})${inside}; if Wireshark opens it, ${CONVERT}`;
}

function withArticle(name: Compression): string {
  return `${name === 'gzip' || name === 'zstd' ? 'a' : 'an'} ${name}`;
}

/**
 * ETL has no magic. Its first buffer is a multiple of a kilobyte, filled as far as it says, and begins at octet 72 with
 * an event whose header is of the kind for 32 or 64 bits.
 */
function isWindowsTrace(head: Uint8Array): boolean {
  if (head.length < 76) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const size = view.getUint32(0, true);
  const used = view.getUint32(4, true);
  const [kind, marker] = [view.getUint8(74), view.getUint8(75)];
  return (
    size > 0 && size % 1024 === 0 && used <= size && (kind === 1 || kind === 2) && marker === 0xc0
  );
}

/** ERF has no magic: a record header with a known type, a length it can have, and a time since 2000 (seconds at offset 4). */
function isEndaceRecord(head: Uint8Array): boolean {
  if (head.length < 16) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const type = view.getUint8(8) & 0x7f;
  const length = view.getUint16(10, false);
  const seconds = view.getUint32(4, true);
  return type >= 1 && type <= 48 && length >= 16 && seconds > 946_684_800 && seconds < 2 ** 31;
}
