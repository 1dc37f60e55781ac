import { CERTIFICATE_REQUEST, handshakeTypeName } from '../../model/code-points/handshake-types.ts';
import { cipherSuite, suiteName } from '../../model/code-points/suites.ts';
import { versionText } from '../../model/code-points/versions.ts';
import { type ConnectionHistory, ENCRYPTED_MESSAGE, type Endpoint } from '../../model/history.ts';

/** Protocols of ALPN that are listed; honest clients offer two or three. */
const NAMES_SHOWN = 6;

/** The record MAC of a suite, `HMAC-SHA1`, `AEAD`, …; undefined for suites that are not known. */
export const recordMacOf = (code: number): string | undefined => cipherSuite(code)?.mac;

/** A suite with its record MAC, as findings print it. */
export function describeSuite(code: number): string {
  const mac = recordMacOf(code);
  return mac === undefined ? suiteName(code) : `${suiteName(code)} (record MAC ${mac})`;
}

/**
 * What was negotiated or, before that, offered, in one clause: no alert means anything without it. Decodes the
 * ClientHello where nothing was chosen, so it is for findings only.
 */
export function describeNegotiation(history: ConnectionHistory): string {
  const { version, cipherSuite: code, versionsOffered, serverName, alpn } = history;
  const parts: string[] = [];
  if (version !== undefined && code !== undefined) {
    parts.push(`negotiated: ${versionText(version)}, ${describeSuite(code)}`);
    if (history.resumed === true) parts.push('resumed session');
    if (history.extendedMasterSecret === true) parts.push('extended master secret');
    if (history.encryptThenMac === true) parts.push('encrypt-then-MAC');
    if (alpn !== undefined) parts.push(`ALPN ${alpn}`);
  } else {
    const suites = history.clientHello?.cipherSuites.filter(
      (one) => cipherSuite(one) !== undefined,
    );
    const versions = versionsOffered.map(versionText).join(', ');
    parts.push(
      `nothing negotiated yet; offered: ${versions === '' ? 'no known version' : versions}`,
    );
    if (suites !== undefined) {
      const [only] = suites;
      parts.push(
        suites.length === 1 && only !== undefined ? describeSuite(only) : `${suites.length} suites`,
      );
      const protocols = history.clientHello?.alpn ?? [];
      if (protocols.length > 0) parts.push(`ALPN ${shortened(protocols)}`);
    }
  }
  parts.push(serverName === undefined ? 'no server name' : `server name ${serverName}`);
  return parts.join(', ');
}

function shortened(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  return more > 0 ? `${names.slice(0, NAMES_SHOWN).join(' ')} and ${more} more` : names.join(' ');
}

/** `192.0.2.1:443`, `[2001:db8::1]:443`. */
export const endpointText = ({ address, port }: Endpoint): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

/**
 * A message of a handshake as the specifications write it, `ServerHelloDone`; before the handshake is complete only a
 * Finished is encrypted.
 */
export function messageName(type: number): string {
  if (type === ENCRYPTED_MESSAGE) return 'the encrypted Finished';
  return handshakeTypeName(type).replace(/(?:^|_)([a-z])/g, (_, letter: string) =>
    letter.toUpperCase(),
  );
}

/** Up to TLS 1.2: did the server ask for a certificate that is anonymous itself? RFC 5246 §7.4.4 forbids it. */
export function asksAnonymously({ cipherSuite: code, messages }: ConnectionHistory): boolean {
  const isAnonymous = code !== undefined && cipherSuite(code)?.authentication === 'anon';
  return isAnonymous && messages.some(({ type }) => type === CERTIFICATE_REQUEST);
}
