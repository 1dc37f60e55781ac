import { concat } from '../bytes/concat.ts';
import type { CipherSuite } from '../model/code-points/suites.ts';
import { TLS_1_0, tlsEquivalent } from '../model/code-points/versions.ts';
import { digest, type PrfKind, prfKind } from './hash.ts';
import { prf } from './prf.ts';
import type { DirectionKeys, Protection } from './protection.ts';

/** The keys of both directions, named for who writes with them. RFC 5246 §6.3. */
export interface KeyBlock {
  readonly client: DirectionKeys;
  readonly server: DirectionKeys;
  /** The octets that the keys were cut from and some beyond, to try other cuts; derived when asked for. */
  readonly block: Uint8Array;
}

/** Octets of each part of a key block, for one direction. */
export interface KeyLengths {
  readonly mac: number;
  readonly key: number;
  readonly iv: number;
}

/** Length of a master secret in all versions that have one. RFC 5246 §8.1. */
export const MASTER_OCTETS = 48;

/** More than any suite needs, 2 × (48 + 32 + 16), so that a wrong cut can be tried as well. */
const BLOCK_OCTETS = 256;

/**
 * Keys up to TLS 1.2 from the master secret. Undefined where the suite's lengths or hash are not known here.
 * RFC 5246 §6.3, RFC 2246 §6.3, RFC 6101 §6.2.2.
 */
export function keyBlock(
  protection: Pick<Protection, 'suite' | 'version'>,
  master: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): KeyBlock | undefined {
  const { suite, version } = protection;
  const kind = prfKind(suite, version);
  const lengths = keyLengths(suite, version);
  if (kind === undefined || lengths === undefined) return undefined;
  const seed = concat(serverRandom, clientRandom);
  const derive = (octets: number): Uint8Array => prf(kind, master, 'key expansion', seed, octets);
  const octets = 2 * (lengths.mac + lengths.key + lengths.iv);
  const keys = suite.export
    ? exportKeys(kind, suite, derive(octets), clientRandom, serverRandom)
    : cutKeyBlock(derive(octets), lengths);
  return {
    ...keys,
    get block() {
      return derive(BLOCK_OCTETS);
    },
  };
}

/** Cuts a key block: MAC keys, keys, IVs, the client's first each time. RFC 5246 §6.3. */
export function cutKeyBlock(
  block: Uint8Array,
  { mac, key, iv }: KeyLengths,
): { client: DirectionKeys; server: DirectionKeys } {
  let at = 0;
  const take = (length: number): Uint8Array => {
    at += length;
    return block.slice(at - length, at);
  };
  const [clientMac, serverMac] = [take(mac), take(mac)];
  const [clientKey, serverKey] = [take(key), take(key)];
  const [clientIv, serverIv] = [take(iv), take(iv)];
  return {
    client: { mac: clientMac, key: clientKey, iv: clientIv },
    server: { mac: serverMac, key: serverKey, iv: serverIv },
  };
}

/**
 * What a suite takes from the key block. Truncated HMAC shortens no key (RFC 6066 §7), and CBC takes its IV from here
 * only up to TLS 1.0. Undefined for ciphers that this tool knows by name only.
 */
export function keyLengths(suite: CipherSuite, version: number): KeyLengths | undefined {
  const { macOctets: mac, keyOctets: key, blockOctets, mode } = suite;
  if (suite.tls13 || suite.mac === 'GOST') return undefined;
  switch (mode) {
    case 'null':
    case 'stream':
      return { mac, key, iv: 0 };
    case 'cbc':
      return { mac, key, iv: tlsEquivalent(version) <= TLS_1_0 ? blockOctets : 0 };
    case 'aead-gcm':
    case 'aead-ccm':
    case 'aead-ccm8':
      return { mac, key, iv: 4 };
    case 'aead-chacha':
      return { mac, key, iv: 12 };
    default:
      return undefined;
  }
}

/**
 * Export suites stretch the few octets that they take from the block, and derive IVs from the randoms alone.
 * RFC 2246 §6.3.1, RFC 6101 §6.2.2.1.
 */
function exportKeys(
  kind: PrfKind,
  suite: CipherSuite,
  block: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): Record<'client' | 'server', DirectionKeys> {
  const { macOctets, keyOctets, blockOctets } = suite;
  const cut = cutKeyBlock(block, { mac: macOctets, key: exportOctets(suite), iv: 0 });
  const clientFirst = concat(clientRandom, serverRandom);
  if (kind === 'ssl3') {
    const serverFirst = concat(serverRandom, clientRandom);
    const side = (keys: DirectionKeys, seed: Uint8Array): DirectionKeys => ({
      mac: keys.mac,
      key: digest('md5', keys.key, seed).subarray(0, keyOctets),
      iv: digest('md5', seed).subarray(0, blockOctets),
    });
    return { client: side(cut.client, clientFirst), server: side(cut.server, serverFirst) };
  }
  const ivs = prf(kind, new Uint8Array(0), 'IV block', clientFirst, 2 * blockOctets);
  const side = (keys: DirectionKeys, label: string, iv: Uint8Array): DirectionKeys => ({
    mac: keys.mac,
    key: prf(kind, keys.key, label, clientFirst, keyOctets),
    iv,
  });
  return {
    client: side(cut.client, 'client write key', ivs.subarray(0, blockOctets)),
    server: side(cut.server, 'server write key', ivs.subarray(blockOctets)),
  };
}

/** The secret octets of an export key: 40 bits, 56 bits, or a whole DES key. */
function exportOctets({ name, keyOctets }: CipherSuite): number {
  if (/_40_|DES40|DES_CBC_40/.test(name)) return 5;
  return name.includes('_56_') ? 7 : keyOctets;
}

/** The master secret of RFC 5246 §8.1, from the randoms; in SSL 3.0 that of RFC 6101 §6.1. */
export function classicMaster(
  kind: PrfKind,
  premaster: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): Uint8Array {
  const seed = concat(clientRandom, serverRandom);
  return prf(kind, premaster, 'master secret', seed, MASTER_OCTETS);
}

/**
 * The master secret of RFC 7627 §4.
 *
 * @param sessionHash transcript hash from ClientHello to ClientKeyExchange
 */
export function extendedMaster(
  kind: PrfKind,
  premaster: Uint8Array,
  sessionHash: Uint8Array,
): Uint8Array {
  return prf(kind, premaster, 'extended master secret', sessionHash, MASTER_OCTETS);
}
