import { KeyLog } from '../../crypto/key-log.ts';
import { type Psk, parsePsk } from '../../crypto/psk.ts';
import { RsaKeys } from '../../crypto/rsa-keys.ts';
import { SecretsError, type SecretsInput, type SecretsResult } from '../../model/decryption.ts';
import { LIMITS } from '../../model/limits.ts';
import type { HelloScan } from '../../tls/codec/hello-scan.ts';
import type { TranscriptBudget } from './handshake-messages.ts';
import type { FoundMaster } from './keyed-handshake.ts';

/** All secrets of a run. Nothing of them leaves the crypto and unsealing code. */
export class Vault {
  readonly keyLog = new KeyLog();
  readonly rsaKeys = new RsaKeys();
  readonly psks: readonly Psk[];
  /** What the transcripts of all handshakes take. */
  readonly transcripts: TranscriptBudget = { octets: 0 };
  /** Trials of secrets logged for other randoms, over the run: see `LIMITS.echTrialsInAll`. */
  echTrials = 0;
  /** Sessions that were opened, by session id and by ticket: what a key log need not repeat, an RSA key cannot give. */
  private readonly sessions = new Map<string, FoundMaster>();

  /** @throws SecretsError for a key that is none */
  constructor({ keyLogs, rsaKeys, rsaKeyNames, psks }: SecretsInput) {
    for (const octets of keyLogs) this.keyLog.add(octets);
    const encoder = new TextEncoder();
    rsaKeys.forEach((pem, index) => {
      const name = rsaKeyNames?.[index] ?? `RSA key ${index + 1}`;
      const added = this.rsaKeys.add(encoder.encode(pem));
      if (added.kind === 'rejected')
        throw new SecretsError(`${name} ${added.why}; give a PEM file without passphrase`);
      if (added.but !== undefined)
        throw new SecretsError(`${name} ${added.but}; give fewer, of these servers`);
    });
    this.psks = psks.map((text, index) => {
      const psk = parsePsk(text);
      if (psk !== undefined) return psk;
      throw new SecretsError(
        `PSK ${index + 1} is not [IDENTITY:]HEX; write the key in hexadecimal`,
      );
    });
  }

  /** Counts and line numbers; nothing of the secrets. */
  result(): SecretsResult {
    const { keyLog } = this;
    return {
      keyLogs: keyLog.logs,
      lines: keyLog.lines,
      keyLogSecrets: keyLog.secrets,
      malformed: keyLog.malformedCount,
      malformedLines: keyLog.malformed,
      unmatched: keyLog.unmatchedLines(),
      firstUnmatched: keyLog.firstUnmatchedLines(),
    };
  }

  /** Can there be a secret for the connection of this ClientHello, which was scanned where it lies? */
  mayOpen(bytes: Uint8Array, scan: HelloScan): boolean {
    const { keyLog, rsaKeys, psks, sessions } = this;
    if (rsaKeys.size > 0 || psks.length > 0 || keyLog.hasOtherKeys) return true;
    if (keyLog.knows(bytes, scan.randomOffset)) return true;
    if (scan.hasEncryptedHello && this.mayFindInner) return true;
    if (sessions.size === 0) return false;
    const part = (at: number, length: number) => bytes.subarray(at, at + length);
    return (
      this.session(part(scan.sessionIdOffset, scan.sessionIdLength)) !== undefined ||
      this.session(part(scan.ticketOffset, scan.ticketLength)) !== undefined
    );
  }

  /** Can secrets be found for the random of an encrypted ClientHello? */
  get mayFindInner(): boolean {
    return this.keyLog.hasHandshakeSecrets && this.echTrials < LIMITS.echTrialsInAll;
  }

  remember(idOrTicket: Uint8Array, { master, source }: FoundMaster): void {
    if (idOrTicket.length === 0 || this.sessions.size >= LIMITS.resumableSessions) return;
    // A mistake in the premaster secret is one of the handshake that had it.
    this.sessions.set(nameOf(idOrTicket), { master, source });
  }

  session(idOrTicket: Uint8Array): FoundMaster | undefined {
    return idOrTicket.length === 0 ? undefined : this.sessions.get(nameOf(idOrTicket));
  }
}

/** Long tickets are told apart by their ends: the first octets name the server's key, the last are its MAC. */
function nameOf(octets: Uint8Array): string {
  const part = octets.length <= 64 ? octets : octets.subarray(octets.length - 64);
  return String.fromCharCode(...part);
}
