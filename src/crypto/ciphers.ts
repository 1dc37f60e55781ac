import {
  type Cipher,
  createCipheriv,
  createDecipheriv,
  type Decipher,
  type DecipherGCM,
} from 'node:crypto';

/** Node's names of the block ciphers, without mode. Single DES is 3DES with one key three times. */
const BLOCK_CIPHERS: Readonly<Record<string, string>> = {
  'AES-128': 'aes-128',
  'AES-256': 'aes-256',
  'CAMELLIA-128': 'camellia-128',
  'CAMELLIA-256': 'camellia-256',
  'ARIA-128': 'aria-128',
  'ARIA-256': 'aria-256',
  '3DES': 'des-ede3',
  DES: 'des-ede3',
  SM4: 'sm4',
  SEED: 'seed',
  IDEA: 'idea',
  RC2: 'rc2',
};

/** A cipher that deciphers block after block; nothing is held back. Undefined where this machine lacks it. */
export function blockDecipher(
  cipher: string,
  mode: 'cbc' | 'ctr',
  key: Uint8Array,
  iv: Uint8Array,
): Decipher | undefined {
  const name = BLOCK_CIPHERS[cipher];
  if (name === undefined) return undefined;
  const decipher = tryCipher(`${name}-${mode}`, cipher === 'DES' ? thrice(key) : key, iv);
  return decipher?.setAutoPadding(false);
}

/** Enciphers single blocks, as many at once as one likes. Undefined where this machine lacks the cipher. */
export function blockEncipher(cipher: string, key: Uint8Array): Cipher | undefined {
  const name = BLOCK_CIPHERS[cipher];
  if (name === undefined || tryCipher(`${name}-ecb`, key, null) === undefined) return undefined;
  return createCipheriv(`${name}-ecb`, key, null).setAutoPadding(false);
}

/**
 * OpenSSL's set of ciphers depends on its version, its configuration and its providers, and the list it gives names
 * ciphers that do not work: only trying tells.
 */
function tryCipher(name: string, key: Uint8Array, iv: Uint8Array | null): Decipher | undefined {
  try {
    return createDecipheriv(name, key, iv);
  } catch {
    return undefined;
  }
}

function thrice(key: Uint8Array): Uint8Array {
  return Buffer.concat([key, key, key]);
}

/** An AEAD cipher of OpenSSL: node's name, and whether it wants the length beforehand. */
export interface AeadCipher {
  readonly name: string;
  readonly announcesLength: boolean;
}

/** Undefined where this machine lacks it; Camellia-GCM is among those that OpenSSL never had. */
export function aeadCipher(
  cipher: string,
  mode: string,
  keyOctets: number,
): AeadCipher | undefined {
  const suffix = AEAD_SUFFIXES[mode];
  const block = BLOCK_CIPHERS[cipher];
  const name = mode === 'aead-chacha' ? 'chacha20-poly1305' : `${block}-${suffix}`;
  if (suffix === undefined || (block === undefined && mode !== 'aead-chacha')) return undefined;
  let works = tried.get(name);
  if (works === undefined) {
    works = tryAead(name, new Uint8Array(keyOctets), new Uint8Array(12), 16) !== undefined;
    tried.set(name, works);
  }
  return works ? { name, announcesLength: suffix === 'ccm' } : undefined;
}

const AEAD_SUFFIXES: Readonly<Record<string, string>> = {
  'aead-gcm': 'gcm',
  'aead-ccm': 'ccm',
  'aead-ccm8': 'ccm',
  'aead-chacha': 'poly1305',
};

const tried = new Map<string, boolean>();

function tryAead(
  name: string,
  key: Uint8Array,
  nonce: Uint8Array,
  tagOctets: number,
): DecipherGCM | undefined {
  try {
    return aeadDecipher(name, key, nonce, tagOctets);
  } catch {
    return undefined;
  }
}

/** Node types the modes apart by literal names, which all have the same methods. */
export function aeadDecipher(
  name: string,
  key: Uint8Array,
  nonce: Uint8Array,
  tagOctets: number,
): DecipherGCM {
  return createDecipheriv(name as 'aes-128-gcm', key, nonce, { authTagLength: tagOctets });
}
