import type { HashName } from '../../crypto/hash.ts';
import { type LabelPrefix, labelPrefix } from '../../crypto/hkdf.ts';
import type { KeyLogLabel } from '../../crypto/key-log.ts';
import { hkdfHash, nextTrafficSecret } from '../../crypto/key-schedule.ts';
import { TLS_1_3 } from '../../model/code-points/versions.ts';
import type { Obstacle } from '../../model/decryption.ts';
import type { Role } from '../../model/history.ts';
import { LIMITS } from '../../model/limits.ts';
import { describeMiss } from './explanation.ts';
import type { KeyedHandshake } from './keyed-handshake.ts';
import type { Vault } from './vault.ts';

const HANDSHAKE: Readonly<Record<Role, KeyLogLabel>> = {
  client: 'CLIENT_HANDSHAKE_TRAFFIC_SECRET',
  server: 'SERVER_HANDSHAKE_TRAFFIC_SECRET',
};
const APPLICATION: Readonly<Record<Role, KeyLogLabel>> = {
  client: 'CLIENT_TRAFFIC_SECRET_0',
  server: 'SERVER_TRAFFIC_SECRET_0',
};

/**
 * The traffic secrets of one TLS 1.3 connection: generation 0 is the handshake's, 1 the first of application data. RFC
 * 8446 §7.1.
 */
export class TrafficSecrets {
  readonly hash: HashName | undefined;
  private readonly prefix: LabelPrefix;
  private readonly known: Record<Role, Uint8Array[]> = { client: [], server: [] };
  /** Why there are none. */
  readonly obstacle: Obstacle | undefined;
  readonly detail: string | undefined;

  /** @param clientRandom that of the handshake, unless its ClientHello was encrypted */
  constructor(
    { keyLog }: Vault,
    { protection, clientRandom: ownRandom }: KeyedHandshake,
    clientRandom = ownRandom,
  ) {
    this.hash = protection && hkdfHash(protection.suite);
    this.prefix = labelPrefix(protection?.version ?? TLS_1_3);
    if (clientRandom === undefined) {
      this.obstacle = 'start-not-captured';
      return;
    }
    if (this.hash === undefined) {
      this.obstacle = 'cipher-unsupported';
      this.detail = protection?.suite.name;
      return;
    }
    for (const role of ['client', 'server'] as const) {
      const handshake = keyLog.find(HANDSHAKE[role], clientRandom);
      const application = keyLog.find(APPLICATION[role], clientRandom);
      if (handshake !== undefined) this.known[role][0] = handshake.slice();
      if (application !== undefined) this.known[role][1] = application.slice();
    }
    if (this.known.client.length + this.known.server.length > 0) return;
    const miss = keyLog.nearest(clientRandom);
    this.obstacle = miss?.kind === 'other-label' ? 'label-missing' : 'no-matching-secret';
    this.detail = miss && describeMiss(miss);
  }

  has(role: Role, generation: number): boolean {
    return this.of(role, generation) !== undefined;
  }

  of(role: Role, generation: number): Uint8Array | undefined {
    const known = this.known[role];
    if (generation < 0 || generation > LIMITS.keyGenerations) return undefined;
    for (let next = 2; next <= generation; next++) {
      const before = known[next - 1];
      if (known[next] === undefined && before !== undefined && this.hash !== undefined)
        known[next] = nextTrafficSecret(this.hash, before, this.prefix);
    }
    return known[generation];
  }
}
