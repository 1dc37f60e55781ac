import { LIMITS } from '../model/limits.ts';

/** Type of a Decryption Secrets Block with an NSS key log, "TLSK". */
export const TLS_KEY_LOG = 0x544c534b;

/** The payload of one Decryption Secrets Block. */
export interface EmbeddedSecrets {
  /** Of the pcapng registry; `TLS_KEY_LOG` for a key log as in `SSLKEYLOGFILE`. */
  readonly type: number;
  /** A copy; for a key log the text of the file. */
  readonly octets: Uint8Array;
}

/** What one entry costs beside its payload, so that a host of empty ones is bounded as well. */
const ENTRY_OCTETS = 64;

/** Keeps the secrets that a pcapng file carries, up to `LIMITS.embeddedSecretsOctets`. */
export class SecretsStore {
  readonly list: EmbeddedSecrets[] = [];
  #octets = 0;

  /**
   * Copies a payload.
   *
   * @returns false when the limit does not allow it; it is left out then
   */
  add(type: number, payload: Uint8Array): boolean {
    const octets = payload.length + ENTRY_OCTETS;
    if (this.#octets + octets > LIMITS.embeddedSecretsOctets) return false;
    this.#octets += octets;
    this.list.push({ type, octets: new Uint8Array(payload) });
    return true;
  }
}
