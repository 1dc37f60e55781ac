import type { OtherHandshake } from '../crypto/signatures.ts';
import { LIMITS } from '../model/limits.ts';

const RANDOM = 32;

/** Both randoms of the newest handshakes up to TLS 1.2: a server may have signed those of another one. */
export class RecentRandoms {
  private readonly octets = new Uint8Array(LIMITS.recentHandshakes * 2 * RANDOM);
  private readonly ids = new Int32Array(LIMITS.recentHandshakes);
  private count = 0;
  private searches = 0;

  /** The offsets are those of the randoms, 32 octets each. */
  add(
    id: number,
    client: Uint8Array,
    clientAt: number,
    server: Uint8Array,
    serverAt: number,
  ): void {
    const slot = this.count++ % LIMITS.recentHandshakes;
    const at = slot * 2 * RANDOM;
    this.ids[slot] = id;
    for (let i = 0; i < RANDOM; i++) {
      this.octets[at + i] = client[clientAt + i] as number;
      this.octets[at + RANDOM + i] = server[serverAt + i] as number;
    }
  }

  /** Those that began nearest to a connection, itself left out; undefined once too many were asked for. */
  around(id: number): OtherHandshake[] | undefined {
    if (++this.searches > LIMITS.signaturesExplained) return undefined;
    const nearest: number[] = [];
    const distance = (slot: number) => Math.abs((this.ids[slot] as number) - id);
    for (let slot = Math.min(this.count, this.ids.length) - 1; slot >= 0; slot--) {
      if (this.ids[slot] === id) continue;
      let place = nearest.length;
      while (place > 0 && distance(nearest[place - 1] as number) > distance(slot)) place--;
      if (place >= LIMITS.signatureCandidates) continue;
      nearest.splice(place, 0, slot);
      nearest.length = Math.min(nearest.length, LIMITS.signatureCandidates);
    }
    return nearest.map((slot) => {
      const at = slot * 2 * RANDOM;
      return {
        name: `connection ${this.ids[slot]}`,
        clientRandom: this.octets.slice(at, at + RANDOM),
        serverRandom: this.octets.slice(at + RANDOM, at + 2 * RANDOM),
      };
    });
  }
}
