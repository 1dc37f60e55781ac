import { cipherSuite } from '../../model/code-points/suites.ts';
import type { ConnectionHistory } from '../../model/history.ts';

/**
 * Do the keys of this handshake come from a pre-shared key, alone or with others (RFC 4279, RFC 5489)? A resumed session
 * brings its own secret.
 */
export function takesKeysFromPsk({ cipherSuite: code, resumed }: ConnectionHistory): boolean {
  const suite = code === undefined ? undefined : cipherSuite(code);
  return suite?.keyExchange.endsWith('PSK') === true && resumed !== true;
}
