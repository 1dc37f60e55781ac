import type { UpgradeFact, UpgradeProtocol } from '../../model/upgrade.ts';

/** What a client asks for, in the words of its protocol. */
const REQUESTS: Readonly<Partial<Record<UpgradeProtocol, string>>> = {
  smtp: 'STARTTLS (SMTP)',
  lmtp: 'STARTTLS (LMTP)',
  imap: 'STARTTLS (IMAP)',
  pop3: 'STLS (POP3)',
  ftp: 'AUTH TLS (FTP)',
  nntp: 'STARTTLS (NNTP)',
  managesieve: 'STARTTLS (ManageSieve)',
  irc: 'STARTTLS (IRC)',
  xmpp: 'starttls (XMPP)',
  ldap: 'StartTLS (LDAP)',
  mysql: 'the SSLRequest (MySQL)',
  postgresql: 'the SSLRequest (PostgreSQL)',
  tds: 'encryption in PRELOGIN (TDS)',
  rdp: 'TLS in the RDP negotiation',
  amqp: 'the TLS header (AMQP)',
  'http-upgrade': 'Upgrade: TLS (HTTP)',
};

/** Names the request, and of a proxy the host it was asked for. */
export function requestText({ protocol, target }: UpgradeFact): string {
  const to = target === undefined ? '' : ` to ${target.host}:${target.port}`;
  if (protocol === 'http-connect') return `CONNECT${to}`;
  if (protocol === 'socks4' || protocol === 'socks5') return `the SOCKS request${to}`;
  return REQUESTS[protocol] ?? 'TLS';
}
