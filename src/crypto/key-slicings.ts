import type { CipherSuite } from '../model/code-points/suites.ts';
import type { DirectionKeys } from './protection.ts';

/** The octets that the PRF gave, more than the suite needs, and whose keys are wanted. */
export interface SliceableKeyBlock {
  readonly octets: Uint8Array;
  readonly sender: 'client' | 'server';
}

/** A way of cutting keys from the key block. */
export interface Slicing {
  readonly order: KeyOrder;
  readonly macOctets: number;
  readonly ivOctets: number;
}

/**
 * `specified`: both MAC keys, both keys, both IVs; RFC 5246 §6.3. `keys-first`: both keys before both MAC keys;
 * `ivs-first`: both IVs before the keys; `by-side`: all of the client, then all of the server.
 */
export type KeyOrder = 'specified' | 'keys-first' | 'ivs-first' | 'by-side';

type Part = 'mac' | 'key' | 'iv';

const ORDERS: Readonly<Record<Exclude<KeyOrder, 'by-side'>, readonly Part[]>> = {
  specified: ['mac', 'key', 'iv'],
  'keys-first': ['key', 'mac', 'iv'],
  'ivs-first': ['mac', 'iv', 'key'],
};

/** The sender's keys under another slicing; undefined if the block is too short for it. */
export function sliceKeys(
  { octets, sender }: SliceableKeyBlock,
  suite: CipherSuite,
  { order, macOctets, ivOctets }: Slicing,
): DirectionKeys | undefined {
  const lengths = { mac: macOctets, key: suite.keyOctets, iv: ivOctets };
  const perSide = macOctets + suite.keyOctets + ivOctets;
  if (octets.length < 2 * perSide) return undefined;
  const second = sender === 'server' ? 1 : 0;
  const keys: Record<Part, Uint8Array> = { mac: NONE, key: NONE, iv: NONE };
  const bySide = order === 'by-side';
  let at = bySide ? second * perSide : 0;
  for (const part of ORDERS[bySide ? 'specified' : order]) {
    const length = lengths[part];
    const own = bySide ? at : at + second * length;
    keys[part] = octets.subarray(own, own + length);
    at += bySide ? length : 2 * length;
  }
  return keys;
}

const NONE = new Uint8Array(0);
