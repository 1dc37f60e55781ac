import { readI32 } from '../bytes/scalars.ts';
import { isGrease } from '../model/code-points/grease.ts';
import { type CookieFact, type FingerprintFacts, ROLES, type Role } from '../model/history.ts';
import { HelloScan } from '../tls/codec/hello-scan.ts';
import { SEEN } from './connection-table.ts';
import type { FactsRecorder } from './facts-recorder.ts';

const scan = new HelloScan();

/** Body of the last hello of this side of a row. */
export function helloOctets(
  { table, hellos }: FactsRecorder,
  row: number,
  role: Role,
): Uint8Array | undefined {
  const [handles, lengths] =
    role === 'client'
      ? [table.clientHello, table.clientHelloLength]
      : [table.serverHello, table.serverHelloLength];
  const handle = handles[row] as number;
  return handle === 0 ? undefined : hellos.slab.view(handle, lengths[row] as number);
}

/** Versions that a scanned ClientHello offers, in its order and without GREASE. */
export function versionsIn(hello: Uint8Array, s: HelloScan): number[] {
  if (s.supportedVersionsLength === 0) return s.legacyVersion === 0 ? [] : [s.legacyVersion];
  const versions: number[] = [];
  for (let i = 0; i + 1 < s.supportedVersionsLength; i += 2) {
    const at = s.supportedVersionsOffset + i;
    const version = ((hello[at] as number) << 8) | (hello[at + 1] as number);
    if (!isGrease(version)) versions.push(version);
  }
  return versions;
}

/** @param moment seconds since 1970 when the connection began */
export function fingerprintsOf(
  facts: FactsRecorder,
  row: number,
  isDtls: boolean,
  moment: number,
): FingerprintFacts {
  const { fingerprints, table } = facts;
  const [client, server] = ROLES.map((role) => helloOctets(facts, row, role));
  const hasTime = (hello: Uint8Array) => isTimeAt(hello, moment);
  const ofClient = client && fingerprints.client(client, isDtls, undefined, hasTime(client));
  const ofServer =
    server &&
    fingerprints.server(server, {
      offersPointFormats: ofClient?.offersPointFormats ?? false,
      isResumed: table.has(row, SEEN.sessionIdEchoed),
      hasTime: hasTime(server),
    });
  return {
    ja3: ofClient?.ja3,
    ja3s: ofServer?.ja3s,
    ja4: ofClient?.ja4,
    stacks: { client: ofClient?.stack, server: ofServer?.stack },
  };
}

/** Does the random of this hello begin with the time, give or take the faults of clocks? RFC 5246 §7.4.1.2. */
function isTimeAt(hello: Uint8Array, moment: number): boolean {
  if (hello.length < AFTER_RANDOM) return false;
  return Math.abs((readI32(hello, 2) >>> 0) - moment) < HALF_A_DAY;
}

/** A random that is none of the time lies within this of it once in fifty thousand. */
const HALF_A_DAY = 12 * 3600;
const AFTER_RANDOM = 34;

/** Where the cookie of a row's ClientHello was given out, if on another connection. */
export function foreignCookieOf(
  facts: FactsRecorder,
  row: number,
  isDtls: boolean,
  id: number,
): CookieFact | undefined {
  const hello = helloOctets(facts, row, 'client');
  if (hello === undefined) return undefined;
  const { cookies } = facts;
  scan.scanClientHello(hello, 0, hello.length, isDtls);
  const origin =
    cookies.originOf(hello, scan.cookieOffset, scan.cookieLength, id) ??
    cookies.originOf(hello, scan.retryCookieOffset, scan.retryCookieLength, id);
  if (origin === undefined) return undefined;
  return {
    ...origin,
    by: scan.cookieLength > 0 ? 'hello_verify_request' : 'hello_retry_request',
  };
}
