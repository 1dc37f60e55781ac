import type { ConnectionRow } from './connection-rows.ts';

/** What a command of a finding is filled in with. */
export interface CommandFacts {
  /** Number of the finding. */
  readonly id: number;
  /** The capture, as a shell takes it; undefined if there are several or none with a name. */
  readonly capture: string | undefined;
  /** The connection that the finding is about first. */
  readonly row: ConnectionRow | undefined;
  /** Date and time of its first packet, `2026-11-21 22:28:19.022523 UTC`. */
  readonly start: string;
}

/**
 * Puts in what the reader would have to: the rules know neither file nor number, and say HOST, PORT, NAME and TIME. What
 * nobody can know, like UNIT or KEY, stays.
 */
export function readyCommand(command: string, { id, capture, row, start }: CommandFacts): string {
  const numbered = command
    .replace(/--finding N\b/, `--finding ${id}`)
    .replace(/--since TIME\b/, `--since '${start.replace(/\.\d+/, '')}'`);
  const named = capture === undefined ? numbered : numbered.replace(/\bCAPTURE\b/g, () => capture);
  // Behind a proxy, or with two servers, these words are not about the server of the connection.
  return row === undefined || /\bPROXY|\bHOST\d/.test(named) ? named : addressed(named, row);
}

function addressed(
  command: string,
  { protocol, server, addresses, serverName, upgrade }: ConnectionRow,
): string {
  const filled = command
    .replace(/\S*\bHOST:PORT\b\S*/g, (word) => quoted(word.replace('HOST:PORT', server)))
    .replace(/\bHOST\b/g, addresses[1])
    .replace(/\bPORT\b/g, server.slice(server.lastIndexOf(':') + 1))
    .replace(/\bNAME\b/g, (word) => (HOST_NAME.test(serverName ?? '') ? (serverName ?? '') : word));
  if (!filled.includes('openssl s_client')) return filled;
  if (protocol === 'DTLS') return forDtls(filled);
  const greeting = STARTTLS[upgrade ?? ''];
  if (greeting === undefined) return filled;
  return filled.includes(' -starttls')
    ? filled.replace('-starttls PROTOCOL', `-starttls ${greeting}`)
    : filled.replace(/( -connect \S+)/g, `$1 -starttls ${greeting}`);
}

/** `s_client` speaks TLS unless told. It has no DTLS 1.3. */
function forDtls(command: string): string {
  if (/ -(dtls|tls1_3)/.test(command)) return command;
  return command.includes(' -tls1_2')
    ? command.replaceAll(' -tls1_2', ' -dtls1_2')
    : command.replaceAll('openssl s_client', 'openssl s_client -dtls');
}

/** What `s_client` calls the protocols that it can begin TLS in. */
const STARTTLS: Readonly<Record<string, string>> = {
  smtp: 'smtp',
  lmtp: 'lmtp',
  imap: 'imap',
  pop3: 'pop3',
  ftp: 'ftp',
  nntp: 'nntp',
  managesieve: 'sieve',
  irc: 'irc',
  xmpp: 'xmpp',
  ldap: 'ldap',
  mysql: 'mysql',
  postgresql: 'postgres',
};

/** A name from the wire becomes a part of a command only where a shell takes it as it stands. */
const HOST_NAME = /^\w[\w.-]*$/;

/** Brackets around an IPv6 address mean something to a shell. */
const quoted = (word: string): string => (/[[\]]/.test(word) ? `'${word}'` : word);
