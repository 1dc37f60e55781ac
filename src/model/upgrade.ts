import type { At, Role } from './place.ts';

/**
 * What TLS began behind, on a TCP connection that did not begin with it. `other` is plain text or octets of a protocol
 * that is not known here.
 */
export const UPGRADES = [
  'smtp',
  'lmtp',
  'imap',
  'pop3',
  'ftp',
  'nntp',
  'managesieve',
  'irc',
  'xmpp',
  'ldap',
  'mysql',
  'postgresql',
  'tds',
  'rdp',
  'amqp',
  'http-connect',
  'http-upgrade',
  'socks4',
  'socks5',
  'proxy-protocol',
  'other',
] as const;
export type UpgradeProtocol = (typeof UPGRADES)[number];

/** A host that a request names, by address or by name. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** The two ends of the connection that a PROXY header is about. */
export interface ProxiedEnds {
  readonly source: { readonly address: string; readonly port: number };
  readonly destination: { readonly address: string; readonly port: number };
}

/** Plain text of one side. */
export interface SaidFact extends At {
  readonly from: Role;
  /** Its first line, as far as it is readable and not too long. */
  readonly line: string;
}

/** How a connection came to TLS that began with something else, or that was asked to and did not. */
export interface UpgradeFact {
  readonly protocol: UpgradeProtocol;
  /** The request for TLS; undefined where it is not in the capture, or the protocol has none. */
  readonly request: At | undefined;
  /** The answer to it, and whether it says yes; `agreed` is undefined where the answer is not understood. */
  readonly answer: (SaidFact & { readonly agreed: boolean | undefined }) | undefined;
  /** Who sent plain text behind the request, or behind the consent, before TLS began. */
  readonly pipelined: SaidFact | undefined;
  /** Plain text where TLS was due: the first of it behind the beginning of TLS, or in place of it. */
  readonly instead: SaidFact | undefined;
  /** Octets of the plain part are missing from the capture. */
  readonly hasGaps: boolean;
  /** Whom the proxy was asked to connect to (CONNECT, SOCKS). */
  readonly target: Target | undefined;
  /** What a PROXY header in front says. */
  readonly proxied: ProxiedEnds | undefined;
}

/** A ClientHello in the protected data of a connection; the packet is the one that carries it. */
export interface InnerTlsFact extends At {
  readonly serverName: string | undefined;
}
