import { HASH_OCTETS } from '../../crypto/hash.ts';
import { labelPrefix } from '../../crypto/hkdf.ts';
import { hkdfHash, trafficKeys } from '../../crypto/key-schedule.ts';
import { RecordOpener } from '../../crypto/record-opener.ts';
import { LIMITS } from '../../model/limits.ts';
import { HelloScan } from '../../tls/codec/hello-scan.ts';
import type { KeyedHandshake } from './keyed-handshake.ts';
import type { Vault } from './vault.ts';
import type { WireRecord } from './wire-record.ts';

const scan = new HelloScan();

/** Does this ClientHello, with its header, carry an encrypted one, or GREASE in its place? RFC 9849 §5. */
export function offersEncryptedHello(octets: Uint8Array): boolean {
  scan.scanClientHello(octets, 4, octets.length, false);
  return scan.hasEncryptedHello;
}

/**
 * The random of the encrypted ClientHello that the server accepted: the one under whose logged secret the server's first
 * protected record opens. Key logs name connections by it (RFC 9850 §2.1), and the capture does not show it; but among
 * thousands of secrets only the right one opens a record, and only of this connection.
 */
export function findInnerRandom(
  vault: Vault,
  { protection }: KeyedHandshake,
  record: WireRecord,
): Uint8Array | undefined {
  const hash = protection && hkdfHash(protection.suite);
  if (protection === undefined || hash === undefined) return undefined;
  const most = Math.min(LIMITS.echTrials, LIMITS.echTrialsInAll - vault.echTrials);
  const { random, trials } = vault.keyLog.findUnmatched(
    'SERVER_HANDSHAKE_TRAFFIC_SECRET',
    HASH_OCTETS[hash],
    most,
    (secret) => {
      const keys = trafficKeys(protection.suite, secret, labelPrefix(protection.version));
      if (keys === undefined) return false;
      return new RecordOpener(protection, keys).attempt(record, 0).kind === 'opened';
    },
  );
  vault.echTrials += trials;
  return random;
}
