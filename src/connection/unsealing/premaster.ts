import type { FoundMaster, KeyedHandshake } from './keyed-handshake.ts';
import type { Vault } from './vault.ts';

export function masterFromPremaster(_v: Vault, _h: KeyedHandshake): FoundMaster | undefined {
  return undefined;
}
