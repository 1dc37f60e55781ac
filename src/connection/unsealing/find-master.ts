import { SESSION_TICKET } from '../../model/code-points/extensions.ts';
import { CLIENT_KEY_EXCHANGE } from '../../model/code-points/handshake-types.ts';
import { describeMiss } from './explanation.ts';
import type { FoundMaster, KeyedHandshake } from './keyed-handshake.ts';
import { masterFromPremaster } from './premaster.ts';
import type { Vault } from './vault.ts';

/**
 * The master secret of a handshake up to TLS 1.2: from the key log, from the session that it resumes, or from the
 * premaster secret that an RSA key or a PSK gives. Where there is none, the handshake is told why.
 */
export function findMaster(vault: Vault, handshake: KeyedHandshake): FoundMaster | undefined {
  const { clientRandom, serverHello, protection } = handshake;
  if (clientRandom === undefined || serverHello === undefined || protection === undefined) {
    handshake.obstacle ??= 'start-not-captured';
    return undefined;
  }
  const logged =
    vault.keyLog.find('CLIENT_RANDOM', clientRandom) ??
    vault.keyLog.findSession(serverHello.sessionId);
  if (logged !== undefined) return { master: logged.slice(), source: 'key-log' };

  // A resumed handshake has no ClientKeyExchange: its secret is the original one's (RFC 5246 §7.3).
  if (!handshake.transcript.has('client', CLIENT_KEY_EXCHANGE)) return resumed(vault, handshake);
  const found = masterFromPremaster(vault, handshake);
  if (found !== undefined) return found;
  const miss = vault.keyLog.nearest(clientRandom);
  if (miss !== undefined) {
    handshake.obstacle = miss.kind === 'other-label' ? 'label-missing' : 'no-matching-secret';
    handshake.detail = describeMiss(miss);
  } else handshake.obstacle ??= 'no-matching-secret';
  return undefined;
}

function resumed(vault: Vault, handshake: KeyedHandshake): FoundMaster | undefined {
  const { clientHello, serverHello } = handshake;
  const ticket = clientHello?.extensions.find(({ type }) => type === SESSION_TICKET)?.data;
  const stored = vault.session(serverHello?.sessionId ?? NONE) ?? (ticket && vault.session(ticket));
  if (stored !== undefined) return stored;
  handshake.obstacle ??= 'resumed-without-original';
  return undefined;
}

const NONE = new Uint8Array(0);
