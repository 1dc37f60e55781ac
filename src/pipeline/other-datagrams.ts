import { PASSED } from '../model/passed-over.ts';

const PORT = { ike: 500, openVpn: 1194, https: 443, ipsecNat: 4500 } as const;
/** QUIC: the two highest bits, and what they are in a short header (RFC 9000 §17.3); long ones are told before. */
const HEADER_FORM = 0xc0;
const SHORT_HEADER = 0x40;

/**
 * What a datagram that is no DTLS is, among the kinds that hide connections: a number of `PASSED`, 0 for others. Told by
 * its octets, by ports only where those say nothing.
 */
export function hidingDatagram(
  bytes: Uint8Array,
  start: number,
  end: number,
  wireLength: number,
  onePort: number,
  otherPort: number,
): number {
  if (end - start < 16) return 0;
  const first = bytes[start] as number;
  const word = wordAt(bytes, start);
  if (isWireGuard(word, wordAt(bytes, start + 12), wireLength)) return PASSED.wireGuard;
  // The lower port is the service's, as a rule.
  const port = onePort < otherPort ? onePort : otherPort;
  if (port === PORT.ipsecNat) return word === 0 ? PASSED.ike : PASSED.espInUdp;
  if (port === PORT.ike) return PASSED.ike;
  if (port === PORT.openVpn && isOpenVpn(first)) return PASSED.openVpn;
  return port === PORT.https && (first & HEADER_FORM) === SHORT_HEADER ? PASSED.quic : 0;
}

/** Octets of WireGuard's messages by type: initiation, response, cookie; data is padded to blocks. */
const WIREGUARD = [0, 148, 92, 64] as const;

/** Type in the first octet and three zeros; data counts its packets in the two words behind the receiver, low word first. */
function isWireGuard(word: number, countHigh: number, wireLength: number): boolean {
  if ((word & 0xffffff) !== 0) return false;
  const type = word >>> 24;
  if (type === 4) return wireLength >= 32 && wireLength % 16 === 0 && countHigh === 0;
  return type >= 1 && type <= 3 && wireLength === WIREGUARD[type];
}

/** Operation codes of OpenVPN's packets stand in the five highest bits. */
function isOpenVpn(first: number): boolean {
  const code = first >>> 3;
  return code >= 1 && code <= 11;
}

function wordAt(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  const low = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
  return ((high << 16) | low) >>> 0;
}
