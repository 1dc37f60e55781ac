import { printable } from './printable.ts';

/**
 * Text for a SARIF message. Braces would be placeholders and brackets could be links (SARIF 2.1.0 §3.11.5, §3.11.6): those
 * from the wire are to be neither.
 */
export function messageText(text: string): string {
  const plain = printable(text).replace(/[{}]/g, '$&$&');
  return plain.includes('](') ? plain.replace(/[[\]\\]/g, '\\$&') : plain;
}

/** The path of a capture as a URI reference: relative paths stay so, as services look them up in a repository. */
export function artifactUri(path: string): string {
  const encoded = path
    .replace(/\p{Cs}/gu, '\ufffd')
    .split('/')
    .map((part) => encodeURIComponent(part))
    .join('/');
  return path.startsWith('/') ? `file://${encoded}` : encoded;
}

/**
 * Fingerprints by which services find a result again in the next run: of what stays the same from capture to capture, and
 * a number where several results have that in common.
 */
export class Fingerprints {
  private readonly counts = new Map<string, number>();

  of(parts: readonly string[]): Readonly<Record<string, string>> {
    const hash = fnv1a(JSON.stringify(parts));
    const count = (this.counts.get(hash) ?? 0) + 1;
    this.counts.set(hash, count);
    const print = `${hash}:${count}`;
    // GitHub asks for the name that its own tools use.
    return { 'tlsdiag/v1': print, primaryLocationLineHash: print };
  }
}

/** FNV-1a with 64 bits, in hexadecimal. */
function fnv1a(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const octet of new TextEncoder().encode(text))
    hash = BigInt.asUintN(64, (hash ^ BigInt(octet)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}
