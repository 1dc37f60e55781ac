import { readFileSync, statSync } from 'node:fs';
import type { SecretsInput } from '../model/decryption.ts';
import { LIMITS } from '../model/limits.ts';
import { UsageError } from './usage-error.ts';

/** As given on the command line: paths, and pre-shared keys as `[IDENTITY:]HEX` or `@FILE`. */
export interface SecretFlags {
  readonly keylog?: readonly string[];
  readonly rsaKey?: readonly string[];
  readonly psk?: readonly string[];
}

/**
 * Reads the secrets that were given; undefined if there are none. What is mistyped is told before an hour of reading; no
 * message repeats a secret.
 */
export function readSecrets({
  keylog = [],
  rsaKey = [],
  psk = [],
}: SecretFlags): SecretsInput | undefined {
  if (keylog.length + rsaKey.length + psk.length === 0) return undefined;
  return {
    keyLogs: keylog.map((path) => readSecret('--keylog', path)),
    rsaKeys: rsaKey.map((path) => textOf(readSecret('--rsa-key', path))),
    rsaKeyNames: rsaKey.map((path) => `--rsa-key ${path}`),
    psks: psk.flatMap((key) => pskLines(key)),
  };
}

/** The files that these options name. */
export const secretFiles = ({ keylog = [], rsaKey = [], psk = [] }: SecretFlags): string[] => [
  ...keylog,
  ...rsaKey,
  ...psk.filter((key) => key.startsWith('@')).map((key) => key.slice(1)),
];

/** `[IDENTITY:]HEX`, or the lines of `@FILE` in that form. */
function pskLines(key: string): string[] {
  const lines = key.startsWith('@')
    ? textOf(readSecret('--psk', key.slice(1), '@'))
        .split(/\r?\n/)
        .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    : [key];
  for (const line of lines) {
    if (!/^(.*:)?([0-9a-f]{2})+$/is.test(line.trim()))
      throw new UsageError('--psk takes [IDENTITY:]HEX, or @FILE with lines of that form');
  }
  return lines.map((line) => line.trim());
}

/** @param sign what stands before the path on the command line */
function readSecret(option: string, path: string, sign = ''): Uint8Array {
  let octets: Uint8Array;
  try {
    // What is no file with a size of its own, a pipe say, is known to be too large once it was read.
    const { size } = statSync(path);
    if (size > LIMITS.secretFileOctets) throw tooLarge(option, path, size);
    octets = readFileSync(path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code = '' } = error as NodeJS.ErrnoException;
    const why = UNREADABLE[code] ?? 'cannot be read; check its permissions';
    throw new UsageError(`${option} ${sign}${path} ${why}`);
  }
  if (option === '--keylog' && textOf(octets.subarray(0, 64)).includes('-----BEGIN '))
    throw new UsageError(`${option} ${path} is a PEM file; an RSA private key is for --rsa-key`);
  const kind = FOREIGN.find(({ magic }) => magic.every((octet, at) => octets[at] === octet));
  if (kind !== undefined) throw new UsageError(`${option} ${path} ${kind.why}`);
  if (octets.length > LIMITS.secretFileOctets) throw tooLarge(option, path, octets.length);
  if (option === '--rsa-key' && !textOf(octets).includes('PRIVATE KEY-----'))
    throw new UsageError(
      `${option} ${path} holds no private key in PEM form; give one without passphrase`,
    );
  return octets;
}

const tooLarge = (option: string, path: string, octets: number): UsageError =>
  new UsageError(
    `${option} ${path} has ${octets} octets, more than ${LIMITS.secretFileOctets}; give the lines of the time in question only`,
  );

const textOf = (octets: Uint8Array): string => new TextDecoder('latin1').decode(octets);

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist; check the path',
  EISDIR: 'is a directory; name the file in it',
  ERR_FS_FILE_TOO_LARGE: 'is too large; give the lines of the time in question only',
};

const CAPTURE =
  'is a capture; name it without an option, and the secrets that a pcapng file carries are used';
const COMPRESSED = 'is compressed; unpack it first';

/** First octets of what is often given in place of a file with secrets. */
const FOREIGN = [
  { magic: [0x0a, 0x0d, 0x0d, 0x0a], why: CAPTURE },
  { magic: [0xa1, 0xb2, 0xc3, 0xd4], why: CAPTURE },
  { magic: [0xd4, 0xc3, 0xb2, 0xa1], why: CAPTURE },
  { magic: [0xa1, 0xb2, 0x3c, 0x4d], why: CAPTURE },
  { magic: [0x4d, 0x3c, 0xb2, 0xa1], why: CAPTURE },
  { magic: [0x1f, 0x8b], why: COMPRESSED },
] as const;
