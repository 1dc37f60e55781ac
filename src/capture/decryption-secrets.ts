import { LIMITS } from '../model/limits.ts';

/** The payload of one Decryption Secrets Block. */
export interface EmbeddedSecrets {
  /** `SECRETS_TLS_KEY_LOG`, or another type of the pcapng registry. */
  readonly type: number;
  /** A copy; for a key log the text of the file. */
  readonly octets: Uint8Array;
}

/** An NSS key log, as in `SSLKEYLOGFILE`. The octets of the number spell "TLSK". */
export const SECRETS_TLS_KEY_LOG = 0x544c534b;

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
