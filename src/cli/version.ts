import { readFileSync } from 'node:fs';

/** Version of this package. Its manifest lies at the same distance from the source and from what is built of it. */
export function toolVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
