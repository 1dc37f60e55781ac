/**
 * Protects records as a sender does, and wrongly on request; worked out from the RFCs for tests, shares no code with `src`.
 */
import * as node from 'node:crypto';
import { concat, type Octets, uint } from './hello-builder.ts';

/** Cipher and MAC of a suite: node's names, and octets. */
export interface SealerSuite {
  readonly cipher: string;
  readonly key: number;
  /** CBC: octets of a block. */
  readonly block?: number;
  /** MAC of all that is not AEAD. */
  readonly hash?: string;
  readonly mac?: number;
  /** AEAD: octets of the tag, of the IV from the key block, and of the nonce in each record. */
  readonly tag?: number;
  readonly iv?: number;
  readonly nonce?: number;
}

const cbc = (cipher: string, key: number, block: number, hash: string, mac: number) => ({
  cipher: `${cipher}-cbc`,
  key,
  block,
  hash,
  mac,
});
const aead = (cipher: string, key: number, tag: number, iv: number, nonce: number) => ({
  cipher,
  key,
  tag,
  iv,
  nonce,
});

/** By code, with what the registered names say. */
export const SEALER_SUITES: Readonly<Record<number, SealerSuite>> = {
  1: { cipher: 'null', key: 0, hash: 'md5', mac: 16 },
  2: { cipher: 'null', key: 0, hash: 'sha1', mac: 20 },
  59: { cipher: 'null', key: 0, hash: 'sha256', mac: 32 },
  4: { cipher: 'rc4', key: 16, hash: 'md5', mac: 16 },
  5: { cipher: 'rc4', key: 16, hash: 'sha1', mac: 20 },
  9: cbc('des', 8, 8, 'sha1', 20),
  10: cbc('des-ede3', 24, 8, 'sha1', 20),
  47: cbc('aes-128', 16, 16, 'sha1', 20),
  53: cbc('aes-256', 32, 16, 'sha1', 20),
  60: cbc('aes-128', 16, 16, 'sha256', 32),
  49188: cbc('aes-256', 32, 16, 'sha384', 48),
  65: cbc('camellia-128', 16, 16, 'sha1', 20),
  49213: cbc('aria-256', 32, 16, 'sha384', 48),
  156: aead('aes-128-gcm', 16, 16, 4, 8),
  157: aead('aes-256-gcm', 32, 16, 4, 8),
  49308: aead('aes-128-ccm', 16, 16, 4, 8),
  49320: aead('aes-128-ccm', 16, 8, 4, 8),
  49313: aead('aes-256-ccm', 32, 8, 4, 8),
  49232: aead('aria-128-gcm', 16, 16, 4, 8),
  49275: aead('camellia-256-gcm', 32, 16, 4, 8),
  52392: aead('chacha20-poly1305', 32, 16, 12, 0),
  4865: aead('aes-128-gcm', 16, 16, 12, 0),
  4866: aead('aes-256-gcm', 32, 16, 12, 0),
  4867: aead('chacha20-poly1305', 32, 16, 12, 0),
  4868: aead('aes-128-ccm', 16, 16, 12, 0),
  4869: aead('aes-128-ccm', 16, 8, 12, 0),
};

export interface SealerKeys {
  readonly mac: Octets;
  readonly key: Octets;
  readonly iv: Octets;
}

/** Which lengths there are for a field that should hold one of them. */
export interface Lengths {
  readonly specified: number;
  readonly content: number;
  readonly iv: number;
  readonly mac: number;
  readonly fragment: number;
}

/** What the sender gets wrong. */
export interface Slip {
  readonly sequence?: number;
  readonly type?: number;
  readonly version?: number;
  readonly length?: (lengths: Lengths) => number;
  readonly hash?: string;
  readonly mac?: number;
  readonly macOver?: boolean;
  /** The number in an implicit nonce. */
  readonly nonceNumber?: Octets;
  /** The 64-bit number as other octets. */
  readonly number?: (epoch: number, sequence: number) => Octets;
  readonly cid?: 'specified' | 'draft' | 'absent' | 'no-id' | 'no-length' | 'no-ones';
  /** Another connection id in what is authenticated, and another type in the second place. */
  readonly otherCid?: Octets;
  readonly secondType?: number;
  /** The type and padding of the inner plaintext are not authenticated. */
  readonly innerLess?: boolean;
  /** Octets of the padding in front of the one with its length. */
  readonly fill?: number;
}

export interface SealerSetup {
  readonly suite: number;
  readonly version: number;
  readonly keys: SealerKeys;
  readonly encryptThenMac?: boolean;
  readonly truncatedHmac?: boolean;
  readonly cid?: Octets;
  /** The MAC is that of the drafts. */
  readonly draftCid?: boolean;
}

export interface Sealed {
  readonly type: number;
  readonly version: number;
  readonly bytes: Octets;
  readonly start: number;
  readonly end: number;
}

export class Sealer {
  readonly suite: SealerSuite;
  private readonly setup: SealerSetup;
  private chained: Octets;
  private readonly stream: () => number;

  constructor(setup: SealerSetup) {
    const suite = SEALER_SUITES[setup.suite];
    if (suite === undefined) throw new Error(`no suite ${setup.suite.toString(16)} in the sealer`);
    this.suite = suite;
    this.setup = setup;
    this.chained = setup.keys.iv;
    this.stream = suite.cipher === 'rc4' ? rc4(setup.keys.key) : () => 0;
  }

  /** The fragment stands behind a few octets, as in a packet. `pad`: blocks or zeros more than needed. */
  seal(
    type: number,
    content: Octets,
    sequence: number,
    { epoch = 0, slip = {}, pad = 0 }: { epoch?: number; slip?: Slip; pad?: number } = {},
  ): Sealed {
    const tls13 = this.setup.version === 0x0304;
    const hidden = tls13 || this.setup.cid !== undefined;
    const outer = tls13 ? 23 : this.setup.cid !== undefined ? 25 : type;
    const inner = hidden ? concat(content, Uint8Array.of(type), new Uint8Array(pad)) : content;
    const version = tls13 ? 0x0303 : this.setup.version;
    const number =
      slip.number?.(epoch, sequence) ?? concat(uint(epoch, 2), uint(slip.sequence ?? sequence, 6));
    const nonce = concat(uint(epoch, 2), uint(slip.sequence ?? sequence, 6));
    const less = slip.innerLess ? 1 + pad : 0;
    const draft = { type: outer, version, number, nonce, slip, pad: hidden ? 0 : pad, less };
    const fragment =
      this.suite.tag === undefined ? this.sealWithMac(inner, draft) : this.sealAead(inner, draft);
    const bytes = concat(new Uint8Array(3).fill(0xaa), fragment, new Uint8Array(2).fill(0xbb));
    return { type: outer, version, bytes, start: 3, end: 3 + fragment.length };
  }

  private authenticated(draft: Draft, length: number): Octets {
    const { slip, number } = draft;
    const { version } = this.setup;
    const cid = this.setup.cid && (slip.otherCid ?? this.setup.cid);
    const form = slip.cid ?? (this.setup.draftCid ? 'draft' : 'specified');
    const type = uint(slip.type ?? draft.type, 1);
    const shown = uint(slip.version ?? draft.version, 2);
    if (cid === undefined || form === 'absent') {
      return concat(number, type, version === 0x0300 ? new Uint8Array() : shown, uint(length, 2));
    }
    const size = uint(cid.length, 1);
    if (form === 'draft') return concat(number, type, shown, cid, size, uint(length, 2));
    const none = new Uint8Array();
    return concat(
      form === 'no-ones' ? none : new Uint8Array(8).fill(0xff),
      type,
      form === 'no-length' ? none : size,
      slip.secondType === undefined ? type : uint(slip.secondType, 1),
      shown,
      number,
      form === 'no-id' ? none : cid,
      uint(length, 2),
    );
  }

  private mac(draft: Draft, length: number, content: Octets): Octets {
    const { keys, version, truncatedHmac } = this.setup;
    const hash = draft.slip.hash ?? this.suite.hash ?? '';
    const header = this.authenticated(draft, length);
    let mac: Octets;
    if (version === 0x0300) {
      const n = hash === 'md5' ? 48 : 40;
      const digest = (fill: number, data: Octets): Octets =>
        node
          .createHash(hash)
          .update(concat(keys.mac, new Uint8Array(n).fill(fill), data))
          .digest();
      mac = digest(0x5c, digest(0x36, concat(header, content)));
    } else {
      mac = node.createHmac(hash, keys.mac).update(concat(header, content)).digest();
    }
    return mac.subarray(0, draft.slip.mac ?? (truncatedHmac ? 10 : mac.length));
  }

  private sealWithMac(content: Octets, draft: Draft): Octets {
    const { suite, setup } = this;
    const { slip } = draft;
    const tell = (lengths: Omit<Lengths, 'specified'>, specified: number) =>
      slip.length?.({ ...lengths, specified }) ?? specified;
    const macLength = slip.mac ?? (setup.truncatedHmac ? 10 : hashLength(slip.hash ?? suite.hash));
    const { block } = suite;
    if (block === undefined) {
      const fragment = content.length + macLength;
      const lengths = { content: content.length, iv: 0, mac: macLength, fragment };
      const covered = content.subarray(0, content.length - draft.less);
      const mac = this.mac(draft, tell(lengths, covered.length), covered);
      return concat(content, mac).map((octet) => octet ^ this.stream());
    }
    const explicit = setup.version !== 0x0300 && setup.version !== 0x0301;
    const iv = explicit ? new Uint8Array(node.randomBytes(block)) : this.chained;
    const sentIv = explicit ? iv : new Uint8Array();
    const over = slip.macOver ?? setup.encryptThenMac ?? false;
    const covered = content.length + (over ? 0 : macLength);
    const padding = block - 1 - (covered % block) + draft.pad * block;
    const fragment = sentIv.length + covered + padding + 1 + (over ? macLength : 0);
    const lengths = { content: content.length, iv: sentIv.length, mac: macLength, fragment };
    const filler =
      setup.version === 0x0300
        ? concat(node.randomBytes(padding), Uint8Array.of(padding))
        : concat(new Uint8Array(padding).fill(slip.fill ?? padding), Uint8Array.of(padding));
    let sealed: Octets;
    if (over) {
      const encrypted = this.encryptBlocks(iv, concat(content, filler));
      const ivAndBlocks = concat(sentIv, encrypted);
      const mac = this.mac(draft, tell(lengths, ivAndBlocks.length), ivAndBlocks);
      this.chained = encrypted.subarray(-block);
      sealed = concat(ivAndBlocks, mac);
    } else {
      const covered = content.subarray(0, content.length - draft.less);
      const mac = this.mac(draft, tell(lengths, covered.length), covered);
      const encrypted = this.encryptBlocks(iv, concat(content, mac, filler));
      this.chained = encrypted.subarray(-block);
      sealed = concat(sentIv, encrypted);
    }
    return sealed;
  }

  private encryptBlocks(iv: Octets, plaintext: Octets): Octets {
    const { key } = this.setup.keys;
    const single = this.suite.cipher === 'des-cbc';
    const name = single ? 'des-ede3-cbc' : this.suite.cipher;
    const cipher = node.createCipheriv(name, single ? concat(key, key, key) : key, iv);
    cipher.setAutoPadding(false);
    return concat(cipher.update(plaintext), cipher.final());
  }

  private sealAead(content: Octets, draft: Draft): Octets {
    const { tag = 16, nonce: nonceOctets = 0 } = this.suite;
    const { keys, version } = this.setup;
    const sent = nonceOctets > 0 ? draft.nonce : new Uint8Array();
    const nonce =
      nonceOctets > 0
        ? concat(keys.iv, sent)
        : xorred(keys.iv, draft.slip.nonceNumber ?? draft.number);
    const fragment = sent.length + content.length + tag;
    const lengths = { content: content.length, iv: sent.length, mac: tag, fragment };
    const specified = version === 0x0304 ? fragment : content.length - draft.less;
    const length = draft.slip.length?.({ ...lengths, specified }) ?? specified;
    const additional =
      version === 0x0304
        ? concat(
            uint(draft.slip.type ?? draft.type, 1),
            uint(draft.slip.version ?? draft.version, 2),
            uint(length, 2),
          )
        : this.authenticated(draft, length);
    return concat(sent, this.encryptAead(nonce, additional, content, tag));
  }

  private encryptAead(nonce: Octets, additional: Octets, content: Octets, tag: number): Octets {
    const { cipher: name } = this.suite;
    const { key } = this.setup.keys;
    if (name.startsWith('camellia'))
      return slowGcm(name.slice(0, -4), key, nonce, additional, content);
    const cipher = node.createCipheriv(name as 'aes-128-ccm', key, nonce, { authTagLength: tag });
    cipher.setAAD(additional, { plaintextLength: content.length });
    return concat(cipher.update(content), cipher.final(), cipher.getAuthTag());
  }
}

interface Draft {
  readonly type: number;
  readonly version: number;
  readonly number: Octets;
  /** What a record with an explicit nonce shows. */
  readonly nonce: Octets;
  readonly slip: Slip;
  readonly pad: number;
  /** Octets at the end of the inner plaintext that are not authenticated. */
  readonly less: number;
}

function hashLength(hash = 'sha1'): number {
  return node.createHash(hash).digest().length;
}

/** The number, right-aligned, over the IV. */
function xorred(iv: Octets, number: Octets): Octets {
  const nonce = Uint8Array.from(iv);
  number.forEach((octet, i) => {
    const at = iv.length - number.length + i;
    nonce[at] = (nonce[at] ?? 0) ^ octet;
  });
  return nonce;
}

/** GCM written down as in NIST SP 800-38D, bit by bit. */
export function slowGcm(
  cipher: string,
  key: Octets,
  nonce: Octets,
  additional: Octets,
  content: Octets,
): Octets {
  const block = (input: Octets) => {
    const ecb = node.createCipheriv(`${cipher}-ecb`, key, null);
    ecb.setAutoPadding(false);
    return ecb.update(input);
  };
  const number = (octets: Octets) => BigInt(`0x0${Buffer.from(octets).toString('hex')}`);
  const h = number(block(new Uint8Array(16)));
  const times = (x: bigint) => {
    let [z, v] = [0n, h];
    for (let bit = 127n; bit >= 0n; bit--) {
      if ((x >> bit) & 1n) z ^= v;
      v = v & 1n ? (v >> 1n) ^ (0xe1n << 120n) : v >> 1n;
    }
    return z;
  };
  const filled = (octets: Octets) => concat(octets, new Uint8Array(-octets.length & 15));
  const encrypted = Uint8Array.from(content);
  for (let at = 0, counter = 2; at < content.length; at += 16, counter++) {
    const mask = block(concat(nonce, uint(counter, 4)));
    for (let i = at; i < Math.min(at + 16, content.length); i++) {
      encrypted[i] = (encrypted[i] ?? 0) ^ (mask[i - at] ?? 0);
    }
  }
  const hashed = concat(
    filled(additional),
    filled(encrypted),
    uint(additional.length * 8, 8),
    uint(encrypted.length * 8, 8),
  );
  let sum = 0n;
  for (let at = 0; at < hashed.length; at += 16)
    sum = times(sum ^ number(hashed.subarray(at, at + 16)));
  const tag = sum ^ number(block(concat(nonce, uint(1, 4))));
  return concat(encrypted, Buffer.from(tag.toString(16).padStart(32, '0'), 'hex'));
}

/** The key stream of RC4, octet after octet. */
function rc4(key: Octets): () => number {
  const s = Array.from({ length: 256 }, (_, i) => i);
  const at = (i: number) => s[i & 255] ?? 0;
  const swap = (a: number, b: number) => {
    [s[a & 255], s[b & 255]] = [at(b), at(a)];
  };
  for (let i = 0, j = 0; i < 256; i++) {
    j += at(i) + (key[i % key.length] ?? 0);
    swap(i, j);
  }
  let [i, j] = [0, 0];
  return () => {
    i++;
    j += at(i);
    swap(i, j);
    return at(at(i) + at(j));
  };
}
