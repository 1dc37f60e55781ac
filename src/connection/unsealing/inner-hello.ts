import { confirmsInnerHello } from '../../crypto/ech-confirmation.ts';
import { HASH_OCTETS } from '../../crypto/hash.ts';
import { labelPrefix } from '../../crypto/hkdf.ts';
import type { KeyLog } from '../../crypto/key-log.ts';
import { hkdfHash, trafficKeys } from '../../crypto/key-schedule.ts';
import { RecordOpener } from '../../crypto/record-opener.ts';
import { CLIENT_HELLO } from '../../model/code-points/handshake-types.ts';
import { LIMITS } from '../../model/limits.ts';
import type { ClientHello } from '../../model/message.ts';
import { decodeClientHello } from '../../tls/codec/client-hello.ts';
import { HelloScan } from '../../tls/codec/hello-scan.ts';
import { openInnerHello } from './decode-inner-hello.ts';
import type { KeyedHandshake } from './keyed-handshake.ts';
import type { Vault } from './vault.ts';
import type { WireRecord } from './wire-record.ts';

const scan = new HelloScan();
/** ClientHellos of a handshake: the second answers a HelloRetryRequest. RFC 8446 §4.1.4. */
const HELLOS_MAX = 2;

/** The encrypted ClientHello of one connection, as far as anything is known of it. RFC 9849. */
export class InnerHello {
  /** The one on the wire carries one, or GREASE. */
  isOffered = false;
  /** It was opened and accepted: the transcript begins with it. */
  isOpened = false;
  /** The server's next record is to tell whether secrets of another random are this connection's. */
  isSought = false;
  /** With header. */
  private readonly hellos: Uint8Array[] = [];

  /** @param octets a ClientHello as it was sent, with header */
  clientHello(keyLog: KeyLog, octets: Uint8Array): void {
    this.isOffered ||= offersEncryptedHello(octets);
    if (!this.isOffered || this.hellos.length >= HELLOS_MAX) return;
    const inner = openInnerHello(keyLog, octets, this.hellos.length);
    if (inner !== undefined) this.hellos.push(inner);
  }

  /**
   * The ServerHello came: did it say in its random that it answers the encrypted hello (RFC 9849 §7.2)? Then that stands in
   * the transcript from now on.
   */
  accepted({ protection, transcript }: KeyedHandshake): ClientHello | undefined {
    const { hellos } = this;
    const last = hellos.at(-1)?.subarray(4);
    const hash = protection && hkdfHash(protection.suite);
    if (protection === undefined || hash === undefined || last === undefined) return undefined;
    let count = 0;
    const messages = transcript.ordered().map((message) => {
      const octets = message.type === CLIENT_HELLO ? hellos[count++] : undefined;
      return octets === undefined ? message : { ...message, octets };
    });
    if (count !== hellos.length) return undefined;
    const { message: hello } = decodeClientHello(last, false);
    if (!confirmsInnerHello(hash, protection.version, hello.random, messages)) return undefined;
    transcript.replaceHellos(hellos);
    this.isOpened = true;
    return hello;
  }
}

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
