import { randomBytes } from 'node:crypto';
import type { Protection, SealedRecord } from '../../src/crypto/protection.ts';
import { cipherSuite, suiteName } from '../../src/model/code-points/suites.ts';
import { versionName } from '../../src/model/code-points/versions.ts';
import type { Octets } from '../support/hello-builder.ts';
import { SEALER_SUITES, type SealerKeys, type SealerSetup } from '../support/sealer.ts';

/** What both sides of a test agree on. */
export type Agreement = Omit<SealerSetup, 'keys'>;

const TLS = [0x0300, 0x0301, 0x0302, 0x0303];
const DTLS = [0xfeff, 0xfefd];
const CID = Uint8Array.of(1, 2, 3, 4, 5);

/** Every suite of the sealer with every version, extension and layout that it can have. */
export const AGREEMENTS: readonly Agreement[] = Object.entries(SEALER_SUITES).flatMap(
  ([code, { tag, cipher, block, hash }]) => {
    const suite = Number(code);
    if (suite >> 8 === 0x13) return [{ suite, version: 0x0304 }];
    const aead = tag !== undefined;
    const versions = aead
      ? [0x0303, 0xfefd]
      : [...TLS.filter((v) => v > 0x0300 || hash !== 'sha384'), ...(cipher === 'rc4' ? [] : DTLS)];
    return versions.flatMap((version) => {
      const variants: Agreement[] = [{ suite, version }];
      if (!aead && version !== 0x0300) variants.push({ suite, version, truncatedHmac: true });
      if (block !== undefined && version !== 0x0300) {
        variants.push({ suite, version, encryptThenMac: true });
        variants.push({ suite, version, encryptThenMac: true, truncatedHmac: true });
      }
      if (version !== 0xfefd) return variants;
      const withIds = variants.map((variant) => ({ ...variant, cid: CID }));
      return [...variants, ...withIds, ...withIds.map((one) => ({ ...one, draftCid: true }))];
    });
  },
);

/** `TLS_RSA_WITH_AES_128_CBC_SHA TLS 1.2 EtM`, … */
export function agreementName(agreement: Agreement): string {
  const { suite, version, encryptThenMac, truncatedHmac, cid, draftCid } = agreement;
  const marks = [
    encryptThenMac && 'EtM',
    truncatedHmac && 'truncated',
    cid && 'CID',
    draftCid && 'draft',
  ];
  return [suiteName(suite), versionName(version), ...marks.filter(Boolean)].join(' ');
}

export function randomOctets(length: number): Octets {
  return new Uint8Array(randomBytes(length));
}

export function keysFor(suite: number): SealerKeys {
  const { key, mac = 0, iv, block = 0 } = SEALER_SUITES[suite] ?? { key: 0 };
  return { mac: randomOctets(mac), key: randomOctets(key), iv: randomOctets(iv ?? block) };
}

export function protectionOf(agreement: Agreement): Protection {
  const suite = cipherSuite(agreement.suite);
  if (suite === undefined) throw new Error('unknown suite');
  const { version, encryptThenMac = false, truncatedHmac = false, cid, draftCid } = agreement;
  const connectionIdForm = draftCid ? 'draft' : undefined;
  return { suite, version, encryptThenMac, truncatedHmac, connectionId: cid, connectionIdForm };
}

export const isDtls = (version: number): boolean => version >= 0xfe00;

/** Bit 0 is the lowest of the first octet in the buffer. */
export function flipped<Sealed extends SealedRecord>(record: Sealed, bit: number): Sealed {
  const bytes = Uint8Array.from(record.bytes);
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return { ...record, bytes };
}
