import { isTlsPort } from './tls-ports.ts';

/** A protocol that can be told by the first octets a side sends. */
interface PlainProtocol {
  readonly name: string;
  /** Who sends these octets in that protocol. */
  readonly by: 'client' | 'server';
  readonly begins: RegExp;
}

/** Names by which rules ask for a protocol: these two have advice of their own. */
export const HTTP = 'HTTP';
/** What such a server sends to clients that it takes for the oldest (HTTP/0.9). */
export const HTML_PAGE = 'an HTML page';

/** Octets as Latin-1, so that a pattern can look at any of them. */
const asText = (octets: Uint8Array): string => String.fromCharCode(...octets);

const PROTOCOLS: readonly PlainProtocol[] = [
  { name: HTTP, by: 'client', begins: /^(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|TRACE) \S/ },
  { name: 'an HTTP CONNECT request', by: 'client', begins: /^CONNECT \S/ },
  { name: 'HTTP/2 without TLS', by: 'client', begins: /^PRI \* HTTP\/2/ },
  { name: 'SSH', by: 'client', begins: /^SSH-\d/ },
  { name: 'SMTP', by: 'client', begins: /^(?:EHLO|HELO|LHLO) / },
  { name: 'the PROXY protocol', by: 'client', begins: /^PROXY (?:TCP[46]|UNKNOWN)/ },
  { name: 'the PROXY protocol', by: 'client', begins: /^\r\n\r\n\0\r\nQUIT\n/ },
  { name: HTTP, by: 'server', begins: /^HTTP\/[\d.]+ \d{3}/ },
  { name: HTML_PAGE, by: 'server', begins: /^\s*<(?:!DOCTYPE HTML|HTML)\b/i },
  { name: 'SSH', by: 'server', begins: /^SSH-\d/ },
  { name: 'SMTP or FTP', by: 'server', begins: /^[245]\d\d[ -]/ },
  { name: 'POP3', by: 'server', begins: /^(?:\+OK|-ERR)/ },
  { name: 'IMAP', by: 'server', begins: /^\* (?:OK|BAD|BYE|PREAUTH)/ },
];

/** The protocol whose beginning these octets are; undefined for anything that is not certain. */
export function plainProtocolOf(octets: Uint8Array, by: 'client' | 'server'): string | undefined {
  const text = asText(octets);
  return PROTOCOLS.find((one) => one.by === by && one.begins.test(text))?.name;
}

const SHOWN = 60;

/** The first line, cut to what a report can show. */
export const firstLineOf = (octets: Uint8Array): string => lineOf(octets).slice(0, SHOWN);

/** Is there more of it? */
export const isLineCut = (octets: Uint8Array): boolean => lineOf(octets).length > SHOWN;

function lineOf(octets: Uint8Array): string {
  const [line = ''] = asText(octets).split(/\r?\n/, 1);
  return line;
}

/** What a web server says when it finds HTTP where TLS is due, as far as the first octets of the answer show it. */
const COMPLAINT = /HTTP request to an? HT|plain HTTP request|sent to HTTPS/i;
/** The same, in words that have other reasons too. */
const BAD_REQUEST = /^HTTP\/1\.\d 400\b/;

/** Are these first octets of a server at this port its answer to a request that should have come over TLS? */
export function complainsOfPlainText(octets: Uint8Array, port: number): boolean {
  const text = asText(octets);
  return COMPLAINT.test(text) || (isTlsPort(port) && BAD_REQUEST.test(text));
}
