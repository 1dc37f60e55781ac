import { type HashName, isPrfAvailable, type PrfKind } from './hash.ts';

/** Hashes that implementations took in place of the right one. */
export const OTHER_HASHES: readonly {
  readonly kind: PrfKind & (HashName | 'md5-sha1');
  readonly name: string;
}[] = (
  [
    { kind: 'sha256', name: 'SHA-256' },
    { kind: 'sha384', name: 'SHA-384' },
    { kind: 'sha512', name: 'SHA-512' },
    { kind: 'sha1', name: 'SHA-1' },
    { kind: 'md5-sha1', name: 'MD5 and SHA-1' },
  ] as const
).filter(({ kind }) => isPrfAvailable(kind));

/** Label prefixes of HKDF: those of TLS 1.3, DTLS 1.3, the latter with a space too many, and drafts up to 19. */
export const OTHER_PREFIXES: readonly string[] = ['tls13 ', 'dtls13', 'dtls13 ', 'TLS 1.3, '];
