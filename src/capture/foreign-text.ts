/** Texts that people name in place of captures, by how they begin: white space left out, in lower case. */
const TEXTS: readonly (readonly [begins: RegExp, what: string, next: string])[] = [
  [
    /^-----begin /,
    'a key or certificate (PEM), no capture',
    'name the capture file, and a key of the server with --rsa-key',
  ],
  [
    /^(# (ssl\/tls secrets log|tls secrets)|client_random [0-9a-f]|(client|server)_(handshake_)?traffic_secret)/,
    'a TLS key log, no capture',
    'name the capture file, and this one with --keylog',
  ],
  [
    /^version https:\/\/git-lfs/,
    'a placeholder of Git LFS, no capture',
    'fetch the file itself: git lfs pull',
  ],
  [
    /^(<!doctype html|<html)/,
    'an HTML page, no capture',
    'the download may have ended at a login or error page',
  ],
  [/^[[{].*"_index"/s, 'packets that tshark exported as JSON, no capture', 'name the capture file'],
  [
    /^\{\s*"log"\s*:/,
    'an HTTP archive (HAR), which a browser makes without packets',
    'record again with tcpdump -w FILE',
  ],
  [/^[[{]/, 'JSON, no capture', 'name the file it was made from'],
  [
    /^<(.*<)?(pdml|psml)/s,
    'packets that tshark exported as XML, no capture',
    'name the capture file',
  ],
  [/^</, 'XML, no capture', 'name the file it was made from'],
  [
    /^\+-{9}\+-{15}\+-{10}\+/,
    'a K12 capture as text, no pcap or pcapng file',
    'convert it: editcap -F pcapng FILE out.pcapng',
  ],
  [
    /^session transcript/,
    'a Catapult DCT2000 trace, no pcap or pcapng file',
    'convert it: editcap -F pcapng FILE out.pcapng',
  ],
  [
    /^(1moyoqiabaa|obld1aacaaq|cg0nc)/,
    'a capture encoded as base64',
    'decode it on the way: base64 -d FILE | tlsdiag analyze -',
  ],
  [
    /^0{4,8}:?\s+(d4c3 ?b2a1|a1b2 ?c3d4|4d3c ?b2a1|a1b2 ?3c4d|0a0d ?0d0a)/,
    'a capture as a hex dump',
    'turn it back on the way: xxd -r FILE | tlsdiag analyze -',
  ],
  [
    /^(0x)?[0-9a-f]{4,8}:?\s+[0-9a-f]{2}/,
    'a hex dump of packets, no capture',
    'make a capture of it: text2pcap FILE out.pcapng',
  ],
];

/**
 * Says what a text is that was named as a capture, and what to do.
 *
 * @param text how it begins, octets as latin1
 */
export function describeText(text: string): string {
  const start = text
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart()
    .toLowerCase();
  const known = TEXTS.find(([begins]) => begins.test(start));
  if (known !== undefined) return `this is ${known[1]}; ${known[2]}`;
  return 'this is text, no capture; if a program printed it, let it write a file instead: tcpdump -w FILE';
}

/** May these octets be text in ASCII or UTF-8? The header of a capture never is: it has zeros in it. */
export function isText(head: Uint8Array): boolean {
  // Octets from 0x80 on may be UTF-8.
  return head.every((octet) => octet >= 0x20 || octet === 0x09 || octet === 0x0a || octet === 0x0d);
}
