import { sameOctets } from '../bytes/concat.ts';
import { digest, HASH_OCTETS, type HashName } from './hash.ts';
import { hkdfExpandLabel, hkdfExtract } from './hkdf.ts';
import { specifiedTranscript, type TranscriptMessage, transcriptOctets } from './transcript.ts';

/** Where the ServerHello, with its header, has the last octets of its random: they are the signal. RFC 9849 §7.2. */
const SIGNAL_START = 30;
const SIGNAL_END = 38;

/**
 * Does the ServerHello say that the server went on with the encrypted ClientHello? RFC 9849 §7.2.
 *
 * @param messages the inner ClientHello or both of them, with a HelloRetryRequest between, and the ServerHello at the end
 */
export function confirmsInnerHello(
  hash: HashName,
  version: number,
  innerRandom: Uint8Array,
  messages: readonly TranscriptMessage[],
): boolean {
  const hello = messages.at(-1);
  if (hello === undefined || hello.octets.length < SIGNAL_END) return false;
  const octets = hello.octets.slice();
  octets.fill(0, SIGNAL_START, SIGNAL_END);
  const transcript = specifiedTranscript([...messages.slice(0, -1), { ...hello, octets }], version);
  const context = digest(hash, ...transcriptOctets(transcript, hash));
  const secret = hkdfExtract(hash, new Uint8Array(HASH_OCTETS[hash]), innerRandom);
  const signal = hkdfExpandLabel(hash, secret, 'ech accept confirmation', context, 8);
  return sameOctets(signal, hello.octets.subarray(SIGNAL_START, SIGNAL_END));
}
