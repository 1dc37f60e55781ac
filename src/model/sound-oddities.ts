import type { At } from './place.ts';

/**
 * What is as it should be and looks as if it were not, in the order in which it is told:
 *
 * - `repeated-flight`: flights of a DTLS handshake that was completed were sent again
 * - `hello-verify-request`, `hello-retry-request`: the server asked for the ClientHello once more
 * - `dummy-ccs`: a ChangeCipherSpec in TLS 1.3, which means nothing
 * - `answered-close`: both sides sent a closing alert, as far as records tell what they are
 * - `reset-after-close`: a RST behind such an alert, with no octet lost by it
 * - `replayed-datagram`: a DTLS record arrived twice and the connection went on
 */
export const SOUND_ODDITIES = [
  'repeated-flight',
  'hello-verify-request',
  'hello-retry-request',
  'dummy-ccs',
  'answered-close',
  'reset-after-close',
  'replayed-datagram',
] as const;
export type SoundOddity = (typeof SOUND_ODDITIES)[number];

/** How many completed connections have it, and where the first of them is. */
export interface SoundOddityCount {
  readonly kind: SoundOddity;
  readonly connections: number;
  readonly first: At & { readonly connection: number };
}
