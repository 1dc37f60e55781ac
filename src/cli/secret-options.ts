import { accessSync, constants } from 'node:fs';
import { UsageError } from './usage-error.ts';

export interface SecretFlags {
  readonly keylog?: readonly string[];
  readonly rsaKey?: readonly string[];
  readonly psk?: readonly string[];
}

/**
 * Checks that secrets can be read, without using them: what is mistyped should be told before an hour of reading.
 * No message repeats a secret.
 *
 * @returns whether any were given
 */
export function checkSecrets({ keylog = [], rsaKey = [], psk = [] }: SecretFlags): boolean {
  for (const path of keylog) checkReadable('--keylog', path);
  for (const path of rsaKey) checkReadable('--rsa-key', path);
  for (const key of psk) {
    if (key.startsWith('@')) checkReadable('--psk', key.slice(1));
    else if (!/^(.*:)?([0-9a-f]{2})+$/is.test(key)) {
      throw new UsageError('--psk takes [IDENTITY:]HEX, or @FILE with a line of that form');
    }
  }
  return keylog.length + rsaKey.length + psk.length > 0;
}

function checkReadable(option: string, path: string): void {
  try {
    accessSync(path, constants.R_OK);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new UsageError(
      `${option} ${path} ${missing ? 'does not exist; check the path' : 'cannot be read; check its permissions'}`,
    );
  }
}
