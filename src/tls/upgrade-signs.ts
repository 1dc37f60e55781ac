/**
 * How protocols ask for TLS on a connection that did not begin with it, and what the answers mean. A request is told by
 * its octets, never by its port; which of several protocols has the same command, by the answer.
 */
import { ip4Text, ip6Text } from '../bytes/ip-text.ts';
import { readI32, readU16, readU24, readU32 } from '../bytes/scalars.ts';
import type { Target, UpgradeProtocol } from '../model/upgrade.ts';
import { textOf } from './codec/text.ts';
import { preloginEncryption } from './tds-packets.ts';

/** What one side says before the other speaks. */
export interface Turn {
  /** The first octets of it; `text` is the same, a character an octet. */
  readonly octets: Uint8Array;
  readonly text: string;
  /** No more was said. */
  readonly whole: boolean;
}

/** Some octets of a turn that end with the request, and what it names. */
interface Asked {
  readonly end: number;
  readonly target?: Target | undefined;
}

/** A request for TLS, as protocols have it that look alike up to the answer. */
export interface Sign {
  /** The request in a turn; undefined if it is none. */
  readonly asks: (turn: Turn) => Asked | undefined;
  /** Protocols that ask like this, the likeliest first. */
  readonly dialects: readonly Dialect[];
}

/** One of the protocols that ask in the same words. */
export interface Dialect {
  readonly protocol: UpgradeProtocol;
  /** What the answering turn says: yes, no, or something else. */
  readonly answers: (text: string) => boolean | undefined;
  /** What its clients say in the same turn where the server's side was not captured. */
  readonly hint?: RegExp;
  /** A consent to its end: what follows it in the clear is not part of it. */
  readonly consent?: RegExp;
}

/** In place of a version: 1234 and 5679. */
const SSL_REQUEST = 80_877_103;
/** Protocol id of the header that begins TLS. AMQP 1.0 §5.2.1. */
const TLS_OF_AMQP = 2;
/** A reply by numbers, to its last line. */
const BY_CODE = /^(?:\d{3}-[^\n]*\n)*\d{3} [^\n]*\n/;

const reply =
  (yes: RegExp, no: RegExp) =>
  (text: string): boolean | undefined =>
    yes.test(text) ? true : no.test(text) ? false : undefined;

/** Commands that come before: where the server's side is missing, they stand in the same turn. */
const BEFORE =
  /^(?:(?:[^\s+*]+ )?(?:CAP|CAPA|CAPABILIT(?:Y|IES)|EHLO|FEAT|HELO|HOST|ID|LHLO|MODE|NICK|NOOP|SYST|USER)\b[^\n]*\n)*/i;

/** One command line behind nothing but such. */
const line =
  (pattern: RegExp) =>
  ({ text }: Turn): Asked | undefined => {
    const before = BEFORE.exec(text)?.[0].length ?? 0;
    const found = pattern.exec(text.slice(before));
    return found === null ? undefined : { end: before + found[0].length };
  };

/** Requests for TLS of all protocols that have one. Order matters: the first that matches is taken. */
export const SIGNS: readonly Sign[] = [
  {
    asks: line(/^STARTTLS[ \t]*\r?\n/i),
    dialects: [
      {
        protocol: 'smtp',
        answers: reply(/^220[ -]/, /^[45]\d\d[ -]/),
        hint: /^(?:EHLO|HELO) /im,
        consent: BY_CODE,
      },
      { protocol: 'nntp', answers: reply(/^382 /, /^(?:483|580) /), consent: BY_CODE },
      {
        protocol: 'managesieve',
        answers: reply(/^OK\b/, /^(?:NO|BYE)\b/),
        consent: /^OK[^\n]*\n/,
      },
      {
        protocol: 'irc',
        answers: reply(/^(?::\S+ )?670 /m, /^:\S+ (?:691|421|451) /m),
        hint: /^(?:CAP|NICK) /m,
      },
    ],
  },
  {
    asks: line(/^[^\s+*]+ STARTTLS[ \t]*\r?\n/i),
    dialects: [
      {
        protocol: 'imap',
        answers: reply(/^[^\s+*]+ OK\b/m, /^[^\s+*]+ (?:NO|BAD)\b/m),
        consent: /^(?:\*[^\n]*\n)*[^\s+*]+ OK[^\n]*\n/,
      },
    ],
  },
  {
    asks: line(/^STLS[ \t]*\r?\n/i),
    dialects: [{ protocol: 'pop3', answers: reply(/^\+OK/, /^-ERR/), consent: /^\+OK[^\n]*\n/ }],
  },
  {
    asks: line(/^AUTH (?:TLS|SSL|TLS-C|TLS-P)[ \t]*\r?\n/i),
    dialects: [
      { protocol: 'ftp', answers: reply(/^(?:234|334)[ -]/, /^[45]\d\d[ -]/), consent: BY_CODE },
    ],
  },
  {
    // The server's list of features has the same element, inside another.
    asks: line(
      /^\s*(?:<\?xml[^>]*>)?\s*(?:<stream:stream[^>]*>)?\s*<starttls\b[^>]*>(?:\s*<\/starttls>)?\s*$/i,
    ),
    dialects: [{ protocol: 'xmpp', answers: reply(/<proceed\b/, /<failure\b/) }],
  },
  {
    asks: ({ octets, text }) =>
      // LDAPMessage with an ExtendedRequest. RFC 4511 §4.14.
      octets[0] === 0x30 && text.includes('1.3.6.1.4.1.1466.20037')
        ? { end: octets.length }
        : undefined,
    dialects: [
      {
        protocol: 'ldap',
        answers: ldapResult,
      },
    ],
  },
  // The client goes on without an answer.
  { asks: mysql, dialects: [{ protocol: 'mysql', answers: () => undefined }] },
  {
    // SSLRequest. A GSSENCRequest may come before it, and is none.
    asks: ({ octets }) =>
      octets.length === 8 && readU32(octets, 0) === 8 && readU32(octets, 4) === SSL_REQUEST
        ? { end: 8 }
        : undefined,
    dialects: [{ protocol: 'postgresql', answers: reply(/^S$/, /^(?:N$|E)/) }],
  },
  {
    asks: ({ octets }) => (preloginEncryption(octets) ? { end: octets.length } : undefined),
    dialects: [{ protocol: 'tds', answers: (text) => preloginEncryption(octetsOf(text)) }],
  },
  {
    asks: rdp,
    dialects: [
      {
        protocol: 'rdp',
        answers: rdpResponse,
      },
    ],
  },
  {
    asks: ({ octets, text }) =>
      text.startsWith('AMQP') && octets.length === 8 && octets[4] === TLS_OF_AMQP
        ? { end: octets.length }
        : undefined,
    dialects: [
      {
        protocol: 'amqp',
        answers: (text) =>
          text.startsWith('AMQP') ? text.charCodeAt(4) === TLS_OF_AMQP : undefined,
      },
    ],
  },
  {
    asks: ({ octets, text }) => {
      const found = /^CONNECT (\S+):(\d{1,5}) HTTP\/1\.[01]\r?\n/.exec(text);
      return found === null
        ? undefined
        : {
            end: octets.length,
            target: { host: printable(unbracketed(found[1] as string)), port: Number(found[2]) },
          };
    },
    dialects: [
      {
        protocol: 'http-connect',
        answers: reply(/^HTTP\/1\.[01] 2\d\d\b/, /^HTTP\/1\.[01] [345]\d\d\b/),
      },
    ],
  },
  {
    asks: ({ octets, text }) =>
      /^[A-Z]+ \S+ HTTP\/1\.1\r?\n/.test(text) && /^Upgrade:[^\n]*\bTLS\/\d/im.test(text)
        ? { end: octets.length }
        : undefined,
    dialects: [
      {
        protocol: 'http-upgrade',
        answers: reply(/^HTTP\/1\.1 101\b/, /^HTTP\/1\.1 [2345]\d\d\b/),
      },
    ],
  },
  {
    asks: socks5,
    dialects: [
      {
        protocol: 'socks5',
        answers: socks5Reply,
      },
    ],
  },
  {
    asks: socks4,
    dialects: [
      {
        protocol: 'socks4',
        answers: (text) => (text.charCodeAt(0) === 0 ? text.charCodeAt(1) === 0x5a : undefined),
      },
    ],
  },
];

/** Could a turn, whose first octets these are, be a request? Cheap, for every turn of every connection that is not TLS. */
export function mayAsk(octets: Uint8Array, have: number): boolean {
  const first = octets[0] as number;
  // SOCKS, TPKT, PostgreSQL, TDS, LDAP, CONNECT, AMQP and AUTH.
  if (first < 0x06 || first === 0x12 || first === 0x30 || (first | 0x20) === 0x61 || first === 0x43)
    return true;
  if (octets[1] === 0 && octets[2] === 0 && octets[3] === 1) return true;
  // `TLS` has an L, as few octets have, in it; so has `STLS`.
  for (let at = 1; at + 1 < have; at++) {
    if (((octets[at] as number) | 0x20) !== 0x6c) continue;
    if (
      ((octets[at - 1] as number) | 0x20) === 0x74 &&
      ((octets[at + 1] as number) | 0x20) === 0x73
    )
      return true;
  }
  return false;
}

/** SSLRequest: a handshake response that ends behind its 23 zeros (or, before 4.1, behind 3 octets of size). */
function mysql({ octets }: Turn): Asked | undefined {
  const length = octets.length < 4 ? 0 : mysqlRequestLength(octets, 0, octets.length);
  return length > 0 && length === octets.length ? { end: length } : undefined;
}

/** Octets of an SSLRequest that begins here: with the sequence id 1 and the capability CLIENT_SSL; 0 if it is none. */
export function mysqlRequestLength(bytes: Uint8Array, start: number, end: number): number {
  const have = end - start;
  if (have < 9 || bytes[start + 3] !== 1 || bytes[start + 1] !== 0 || bytes[start + 2] !== 0)
    return 0;
  const body = bytes[start] as number;
  if ((body !== 32 && body !== 5) || have < 4 + body) return 0;
  if (((bytes[start + 5] as number) & 0x08) === 0) return 0;
  if (body === 5) return 9;
  for (let at = start + 13; at < start + 32; at++) if (bytes[at] !== 0) return 0;
  return 36;
}

/** TPKT, X.224 Connection Request, RDP_NEG_REQ that asks for any protocol over TLS. MS-RDPBCGR §2.2.1.1. */
function rdp({ octets, whole }: Turn): Asked | undefined {
  const length = octets.length;
  if (!whole || length < 19 || octets[0] !== 3 || octets[1] !== 0 || readU16(octets, 2) !== length)
    return undefined;
  if (((octets[5] as number) & 0xf0) !== 0xe0) return undefined;
  // RDP_NEG_CORRELATION_INFO may follow it.
  const at = [length - 8, length - 44].find(
    (place) => place >= 11 && octets[place] === 1 && readU16(octets, place + 2) === 0x0800,
  );
  return at !== undefined && (octets[at + 4] as number) !== 0 ? { end: length } : undefined;
}

/** The answer: RDP_NEG_RSP with a protocol over TLS (0 is RDP's own security), or RDP_NEG_FAILURE. */
function rdpResponse(text: string): boolean | undefined {
  if (text.charCodeAt(0) !== 3 || text.charCodeAt(5) !== 0xd0) return undefined;
  const type = text.charCodeAt(11);
  return type === 2 ? text.charCodeAt(15) !== 0 : type === 3 ? false : undefined;
}

/** The resultCode of an ExtendedResponse, as it stands in BER. RFC 4511 §4.12. */
function ldapResult(text: string): boolean | undefined {
  if (text.charCodeAt(0) !== 0x30) return undefined;
  const id = behindLength(text, 1);
  const response = id + 2 + text.charCodeAt(id + 1);
  if (text.charCodeAt(response) !== 0x78) return undefined;
  const code = behindLength(text, response + 1);
  return text.charCodeAt(code) === 0x0a ? text.charCodeAt(code + 2) === 0 : undefined;
}

/** A length in BER: one octet, or their number with the high bit set. */
function behindLength(text: string, at: number): number {
  const first = text.charCodeAt(at);
  return first < 0x80 ? at + 1 : at + 1 + (first & 0x7f);
}

/** RFC 1928 §4. The methods, and user and password, may stand in front, where a client does not wait. */
function socks5({ octets }: Turn): Asked | undefined {
  const methods = octets[0] === 5 ? 2 + (octets[1] as number) : 0;
  for (const at of [0, methods, behindCredentials(octets, methods)]) {
    if (octets[at] !== 5 || octets[at + 1] !== 1 || octets[at + 2] !== 0) continue;
    const target = socksTarget(octets, at + 3);
    if (target !== undefined) return { end: octets.length, target };
  }
  return undefined;
}

/** RFC 1929 §2. */
function behindCredentials(octets: Uint8Array, at: number): number {
  if (octets[at] !== 1) return at;
  const password = at + 2 + (octets[at + 1] as number);
  return password + 1 + (octets[password] as number);
}

/** RFC 1928 §6. The choice of a method, and what becomes of user and password, may stand in front. */
function socks5Reply(text: string): boolean | undefined {
  const at = text.charCodeAt(0) === 5 && text.charCodeAt(2) !== 0 ? 2 : 0;
  if (at > 0 && text.charCodeAt(1) === 0xff) return false;
  const isStatus = text.charCodeAt(at) === 1;
  if (isStatus && text.charCodeAt(at + 1) !== 0) return false;
  const reply = isStatus ? at + 2 : at;
  return text.charCodeAt(reply) === 5 ? text.charCodeAt(reply + 1) === 0 : undefined;
}

function socksTarget(octets: Uint8Array, at: number): Target | undefined {
  const type = octets[at];
  const length =
    type === 1 ? 4 : type === 4 ? 16 : type === 3 ? 1 + (octets[at + 1] as number) : -1;
  const port = at + 1 + length;
  if (length < 0 || port + 2 !== octets.length) return undefined;
  const host =
    type === 1
      ? ip4Text(readI32(octets, at + 1))
      : type === 4
        ? ip6Text(Array.from({ length: 8 }, (_, group) => readU16(octets, at + 1 + 2 * group)))
        : printable(textOf(octets, at + 2, port));
  return { host, port: readU16(octets, port) };
}

/** Version 4, and 4a where the address is 0.0.0.x and a name stands behind the user. */
function socks4({ octets, text }: Turn): Asked | undefined {
  if (octets.length < 9 || octets[0] !== 4 || octets[1] !== 1 || octets.at(-1) !== 0)
    return undefined;
  const names = text.slice(8, -1).split('\0');
  const isNamed = readU24(octets, 4) === 0 && octets[7] !== 0;
  if (names.length !== (isNamed ? 2 : 1)) return undefined;
  const host = isNamed ? printable(names[1] as string) : ip4Text(readI32(octets, 4));
  return { end: octets.length, target: { host, port: readU16(octets, 2) } };
}

const octetsOf = (text: string): Uint8Array => Uint8Array.from(text, (one) => one.charCodeAt(0));
const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '.');
const unbracketed = (host: string): string => host.replace(/^\[|\]$/g, '');
