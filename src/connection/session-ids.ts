import { readI32 } from '../bytes/scalars.ts';
import { LIMITS } from '../model/limits.ts';

/** Octets that are compared: a session id of TLS 1.3 has 32 random ones, or none. RFC 8446 §D.4. */
const COMPARED = 12;
const WORDS = 4;

/** What `ownerOf` answers where no ClientHello had the session id, or those of several connections. */
export const NOBODY = 0;

/**
 * Session ids of the ClientHellos seen last, to find the one that a ServerHello answers. A table of one place for each
 * hash, which has no seed: a later hello drives out the same earlier one in every run.
 */
export class SessionIds {
  /** Three words of the id, and the connection: negative for several. */
  private readonly words = new Int32Array(LIMITS.helloSessionIds * WORDS);

  add(bytes: Uint8Array, at: number, length: number, connection: number): void {
    if (length < COMPARED) return;
    const { words } = this;
    const w = this.placeOf(bytes, at);
    const owner = words[w + 3] as number;
    const same = owner !== NOBODY && this.holds(w, bytes, at);
    for (let i = 0; i < 3; i++) words[w + i] = readI32(bytes, at + 4 * i);
    words[w + 3] = same && owner !== connection ? -1 : connection;
  }

  /** The connection whose ClientHello had this session id; `NOBODY` for none, or for more than one. */
  ownerOf(bytes: Uint8Array, at: number, length: number): number {
    if (length < COMPARED) return NOBODY;
    const w = this.placeOf(bytes, at);
    return this.holds(w, bytes, at) ? Math.max(NOBODY, this.words[w + 3] as number) : NOBODY;
  }

  private holds(w: number, bytes: Uint8Array, at: number): boolean {
    for (let i = 0; i < 3; i++) if (this.words[w + i] !== readI32(bytes, at + 4 * i)) return false;
    return true;
  }

  private placeOf(bytes: Uint8Array, at: number): number {
    const h = Math.imul(readI32(bytes, at), 0x9e3779b1) ^ readI32(bytes, at + 4);
    return (Math.imul(h ^ (h >>> 15), 0x85ebca6b) >>> SHIFT) * WORDS;
  }
}

const SHIFT = Math.clz32(LIMITS.helloSessionIds - 1);
