/** What protection does to lengths, worked out from the RFCs for tests; shares no code with `src`. */
import { concat, type Octets, uint } from './hello-builder.ts';

/** How a suite protects. RFC 5246 §6.2.3. */
export interface Protection {
  /** Octets of explicit nonce, and of tag; AEAD. */
  readonly nonce?: number;
  readonly tag?: number;
  /** CBC. */
  readonly block?: number;
  readonly mac?: number;
}

export const GCM = 0xc02f;
export const CHACHA = 0xcca8;
export const CBC_SHA = 0xc013;
export const RSA_CBC_SHA = 0x002f;
export const CBC_SHA256 = 0xc027;
export const PSK_CCM8 = 0xc0a8;
export const TRIPLE_DES = 0x000a;
export const RC4 = 0x0005;
export const GCM_13 = 0x1301;

const PROTECTIONS: Readonly<Record<number, Protection>> = {
  [GCM]: { nonce: 8, tag: 16 },
  [CHACHA]: { nonce: 0, tag: 16 },
  [CBC_SHA]: { block: 16, mac: 20 },
  [RSA_CBC_SHA]: { block: 16, mac: 20 },
  [CBC_SHA256]: { block: 16, mac: 32 },
  [PSK_CCM8]: { nonce: 8, tag: 8 },
  [TRIPLE_DES]: { block: 8, mac: 20 },
  [RC4]: { mac: 20 },
  [GCM_13]: { nonce: 0, tag: 16 },
};

export const usesExplicitNonce = (suite: number): boolean => (PROTECTIONS[suite]?.nonce ?? 0) > 0;
export const isPskOnly = (suite: number): boolean => suite === PSK_CCM8;
export const isStaticRsa = (suite: number): boolean =>
  suite === RSA_CBC_SHA || suite === TRIPLE_DES || suite === RC4;

/** Length of the fragment that protects `content` octets. */
export function sealedLength(
  suite: number,
  content: number,
  { implicitIv = false, encryptThenMac = false } = {},
): number {
  const { nonce = 0, tag = 0, block = 0, mac = 0 } = PROTECTIONS[suite] ?? {};
  if (tag > 0) return nonce + content + tag;
  if (block === 0) return content + mac;
  const iv = implicitIv ? 0 : block;
  const covered = encryptThenMac ? content : content + mac;
  const padded = covered + block - (covered % block);
  return iv + padded + (encryptThenMac ? mac : 0);
}

/** Octets that look like ciphertext and are the same in every run. */
export class Cipherlike {
  private state: number;

  constructor(seed: number) {
    this.state = (seed * 2_654_435_761) >>> 0 || 1;
  }

  word(): number {
    // mulberry32
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  octets(length: number): Octets {
    const octets = new Uint8Array(length);
    for (let i = 0; i < length; i++) octets[i] = this.word() & 0xff;
    return octets;
  }

  /** A fragment of that many octets behind an explicit nonce. */
  behind(nonce: Octets, length: number): Octets {
    return concat(nonce, this.octets(length - nonce.length));
  }
}

/** An explicit nonce of eight octets. */
export function nonceOf(value: bigint): Octets {
  return concat(
    uint(Number((value >> 32n) & 0xffff_ffffn), 4),
    uint(Number(value & 0xffff_ffffn), 4),
  );
}
