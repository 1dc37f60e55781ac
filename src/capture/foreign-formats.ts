/** Octets at the beginning of a file that `describeForeign` wants to see; fewer will do when the file is shorter. */
export const SIGNATURE_OCTETS = 64;

interface Signature {
  /** Octets at the start of the file, as latin1 text. */
  readonly octets: string;
  /** Completes "this is …". */
  readonly what: string;
  readonly next: string;
}

const CONVERT = 'convert it: editcap -F pcapng FILE out.pcapng';
const unpackWith = (tool: string) => `unpack it on the way: ${tool} -dc FILE | tlsdiag analyze -`;

const SIGNATURES: readonly Signature[] = [
  { octets: '\x1f\x8b', what: 'a gzip file inside another one', next: 'unpack it first: gunzip' },
  {
    octets: '\x28\xb5\x2f\xfd',
    what: 'compressed with zstd',
    next: unpackWith('zstd'),
  },
  { octets: '\xfd7zXZ\0', what: 'compressed with xz', next: unpackWith('xz') },
  { octets: '\x04\x22\x4d\x18', what: 'compressed with lz4', next: unpackWith('lz4') },
  { octets: 'BZh', what: 'compressed with bzip2', next: unpackWith('bzip2') },
  { octets: 'PK\x03\x04', what: 'a zip archive', next: 'unpack it first: unzip FILE' },
  { octets: '7z\xbc\xaf\x27\x1c', what: 'a 7-Zip archive', next: 'unpack it first: 7z x FILE' },
  { octets: 'snoop\0', what: 'a snoop capture (Solaris)', next: CONVERT },
  { octets: 'btsnoop\0', what: 'a Bluetooth capture (btsnoop)', next: 'it cannot hold TLS' },
  { octets: 'XCP\0', what: 'a capture of the Sniffer for Windows', next: CONVERT },
  { octets: 'TRSNIFF data', what: 'a capture of the Sniffer for DOS', next: CONVERT },
  { octets: 'GMBU', what: 'a capture of Microsoft Network Monitor', next: CONVERT },
  { octets: 'RTSS', what: 'a capture of Microsoft Network Monitor', next: CONVERT },
  { octets: '\x7fELF', what: 'a program (ELF)', next: 'name the capture file instead' },
  { octets: 'SQLite format 3', what: 'an SQLite database', next: 'name the capture file instead' },
  {
    octets: '-----BEGIN ',
    what: 'a key or certificate (PEM)',
    next: 'name the capture file instead',
  },
  {
    octets: 'CLIENT_RANDOM ',
    what: 'a TLS key log',
    next: 'name the capture file, and give this one as its key log',
  },
  {
    octets: '# SSL/TLS secrets log',
    what: 'a TLS key log',
    next: 'name the capture file, and give this one as its key log',
  },
  {
    octets: '\xff\xfe',
    what: 'UTF-16 text, as PowerShell makes of a program’s output',
    next: 'record again and let the program write the file itself: tcpdump -w FILE',
  },
];

/**
 * Says in one line what a file is that no reader takes, and what to do about it.
 *
 * @param head the first octets of the file, up to `SIGNATURE_OCTETS`
 */
export function describeForeign(head: Uint8Array): string {
  if (head.length === 0) return 'the file is empty; check that the capture was written at all';
  const text = String.fromCharCode(...head);
  for (const { octets, what, next } of SIGNATURES) {
    if (text.startsWith(octets)) return `this is ${what}, no pcap or pcapng file; ${next}`;
  }
  if (head.length < 4) {
    return `the file has ${head.length} ${head.length === 1 ? 'octet' : 'octets'} only; check that the capture was written at all`;
  }
  if (isText(head)) return describeText(text);
  if (isEndaceRecord(head)) return `this looks like an ERF capture (Endace); ${CONVERT}`;
  const magic = [...head.subarray(0, 4)].map((octet) => octet.toString(16).padStart(2, '0'));
  return `this is no pcap or pcapng file (it begins with ${magic.join(' ')}); if Wireshark opens it, ${CONVERT}`;
}

function describeText(text: string): string {
  const start = text.trimStart().toLowerCase();
  if (start.startsWith('<!doctype html') || start.startsWith('<html')) {
    return 'this is an HTML page, no capture; the download may have ended at a login or error page';
  }
  if (start.startsWith('<')) return 'this is XML, no capture; name the file it was made from';
  if (/^[{[]/.test(start)) return 'this is JSON, no capture; name the file it was made from';
  if (/^(0x)?[0-9a-f]{4,8}:?\s+[0-9a-f]{2}/.test(start)) {
    return 'this is a hex dump; make a capture of it: text2pcap FILE out.pcapng';
  }
  return 'this is text, no capture; if a program printed it, let it write a file instead: tcpdump -w FILE';
}

function isText(head: Uint8Array): boolean {
  // Octets from 0x80 on may be UTF-8.
  return head.every((octet) => octet >= 0x20 || octet === 0x09 || octet === 0x0a || octet === 0x0d);
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
