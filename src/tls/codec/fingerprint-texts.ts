import { readU16 } from '../../bytes/scalars.ts';
import {
  APPLICATION_LAYER_PROTOCOL_NEGOTIATION,
  EC_POINT_FORMATS,
  SERVER_NAME,
} from '../../model/code-points/extensions.ts';
import { isGrease } from '../../model/code-points/grease.ts';
import type { ClientHello, Extension, ServerHello } from '../../model/message.ts';

/**
 * What JA3 hashes: version, suites, extensions, groups and point formats of a ClientHello, in decimal and in their order,
 * without GREASE. Specified by its authors at github.com/salesforce/ja3.
 */
export function ja3Text(hello: ClientHello): string {
  const { legacyVersion, cipherSuites, extensions, supportedGroups } = hello;
  const lists = [cipherSuites, extensions.map(({ type }) => type), supportedGroups].map(named);
  const [, ...formats] = bodyOf(extensions, EC_POINT_FORMATS) ?? [];
  return [legacyVersion, ...[...lists, formats].map((list) => list.join('-'))].join(',');
}

/** What JA3S hashes: the version, suite and extensions of a ServerHello. */
export function ja3sText({ legacyVersion, cipherSuite, extensions }: ServerHello): string {
  return [legacyVersion, cipherSuite, extensions.map(({ type }) => type).join('-')].join(',');
}

/** The three parts of JA4; the last two are still to be hashed, and an empty one stands for zeros. */
export interface Ja4Texts {
  readonly plain: string;
  readonly suites: string;
  readonly extensions: string;
}

/**
 * JA4 of a ClientHello: transport, highest version, server name or not, how many suites and extensions, and the first
 * protocol name; then suites and extensions sorted, so that clients which shuffle them stay the same. Specified by its
 * authors at github.com/FoxIO-LLC/ja4.
 *
 * @param transport `t` for TCP, `d` for DTLS, `q` for QUIC
 */
export function ja4Texts(hello: ClientHello, transport: 't' | 'd' | 'q'): Ja4Texts {
  const suites = named(hello.cipherSuites);
  const types = named(hello.extensions.map(({ type }) => type));
  const version = VERSIONS[highest(named(hello.versions), transport)] ?? '00';
  const name = types.includes(SERVER_NAME) ? 'd' : 'i';
  const counts = `${twoDigits(suites.length)}${twoDigits(types.length)}`;
  const sorted = types
    .filter((type) => type !== SERVER_NAME && type !== APPLICATION_LAYER_PROTOCOL_NEGOTIATION)
    .map(hex)
    .sort();
  const schemes = named(hello.signatureAlgorithms).map(hex);
  return {
    plain: `${transport}${version}${name}${counts}${protocolEnds(hello.extensions)}`,
    suites: suites.map(hex).sort().join(','),
    extensions: [sorted.join(','), schemes.join(',')].filter(Boolean).join('_'),
  };
}

const VERSIONS: Readonly<Record<number, string>> = {
  2: 's2',
  768: 's3',
  769: '10',
  770: '11',
  771: '12',
  772: '13',
  65279: 'd1',
  65277: 'd2',
  65276: 'd3',
};

/** The number decides, so that a draft hides what is offered beside it. DTLS counts down. */
function highest(versions: readonly number[], transport: string): number {
  return transport === 'd' ? Math.min(...versions) : Math.max(...versions);
}

/** First and last character of the first protocol name; of its hexadecimal form where they are no letters or digits. */
function protocolEnds(extensions: readonly Extension[]): string {
  const body = bodyOf(extensions, APPLICATION_LAYER_PROTOCOL_NEGOTIATION) ?? new Uint8Array(0);
  const length = body[2] ?? 0;
  if (length === 0 || body.length < 3 + length || readU16(body, 0) < 1 + length) return '00';
  const [first, last] = [body[3] as number, body[2 + length] as number];
  if (isAlphanumeric(first) && isAlphanumeric(last)) return String.fromCharCode(first, last);
  return `${(first >> 4).toString(16)}${(last & 15).toString(16)}`;
}

const isAlphanumeric = (octet: number): boolean => /^[0-9A-Za-z]$/.test(String.fromCharCode(octet));

const named = (codes: readonly number[]): number[] => codes.filter((code) => !isGrease(code));

const bodyOf = (extensions: readonly Extension[], wanted: number): Uint8Array | undefined =>
  extensions.find(({ type }) => type === wanted)?.data;

const hex = (code: number): string => code.toString(16).padStart(4, '0');

const twoDigits = (count: number): string => String(Math.min(count, 99)).padStart(2, '0');
