import { concat, u16 } from '../../bytes/concat.ts';
import { readU16 } from '../../bytes/scalars.ts';
import { SSL_2_0 } from '../../model/code-points/versions.ts';

const RANDOM_OCTETS = 32;
/** Each is three octets; those of TLS begin with zero. */
const CIPHER_SPEC_OCTETS = 3;

/**
 * The body that a ClientHello in the form of SSL 2.0 would have in the form of TLS: the challenge is the random, behind as
 * many zeros as it lacks. RFC 5246 appendix E.2.
 *
 * @param message without its two octets of length, whose inner lengths add up
 * @returns undefined if it offers nothing but SSL 2.0, which has no such message
 */
export function asClientHello(message: Uint8Array): Uint8Array | undefined {
  const version = readU16(message, 1);
  if (version === SSL_2_0) return undefined;
  const specsEnd = 9 + readU16(message, 3);
  const sessionEnd = specsEnd + readU16(message, 5);
  const challenge = message.subarray(sessionEnd, sessionEnd + readU16(message, 7));
  const random = new Uint8Array(RANDOM_OCTETS);
  random.set(challenge, RANDOM_OCTETS - challenge.length);
  const suites: number[] = [];
  for (let at = 9; at < specsEnd; at += CIPHER_SPEC_OCTETS)
    if (message[at] === 0) suites.push(message[at + 1] as number, message[at + 2] as number);
  const sessionId = message.subarray(specsEnd, sessionEnd);
  return concat(
    u16(version),
    random,
    Uint8Array.of(sessionId.length),
    sessionId,
    u16(suites.length),
    Uint8Array.from(suites),
    NULL_COMPRESSION,
  );
}

/** One method, which is none: SSL 2.0 knew no compression. */
const NULL_COMPRESSION = Uint8Array.of(1, 0);
