import { ip4Text, ip6Text } from '../bytes/ip-text.ts';
import { LIMITS } from '../model/limits.ts';
import type { CaptureFacts } from '../model/packet.ts';

const RECORD = { end: 0, ip4: 1, ip6: 2 } as const;
const ADDRESS_OCTETS: Readonly<Record<number, number | undefined>> = {
  [RECORD.ip4]: 4,
  [RECORD.ip6]: 16,
};

/**
 * Takes the names of a Name Resolution Block into the facts. Records of other types are passed over; one that runs beyond
 * the block ends the list, and costs nothing but names.
 *
 * @see draft-ietf-opsawg-pcapng, section 4.5
 */
export function readNames(
  facts: CaptureFacts,
  view: DataView,
  start: number,
  end: number,
  littleEndian: boolean,
): void {
  let at = start;
  while (at + 4 <= end) {
    const type = view.getUint16(at, littleEndian);
    const length = view.getUint16(at + 2, littleEndian);
    at += 4;
    if (type === RECORD.end || at + length > end) return;
    const octets = ADDRESS_OCTETS[type];
    if (octets !== undefined && length > octets) {
      const address = type === RECORD.ip4 ? ip4Text(view.getInt32(at)) : address6(view, at);
      addNames(facts, address, view, at + octets, at + length);
    }
    at += (length + 3) & ~3;
  }
}

function address6(view: DataView, at: number): string {
  return ip6Text(Array.from({ length: 8 }, (_, group) => view.getUint16(at + 2 * group)));
}

/** Names end with a zero each. */
function addNames(
  facts: CaptureFacts,
  address: string,
  view: DataView,
  start: number,
  end: number,
): void {
  const { hostNames } = facts;
  const known = hostNames.get(address) ?? [];
  for (let from = start; from < end && known.length < LIMITS.namesPerHost; ) {
    let to = from;
    while (to < end && view.getUint8(to) !== 0) to++;
    const kept = Math.min(to - from, LIMITS.hostNameOctets);
    const name = new TextDecoder().decode(
      new Uint8Array(view.buffer, view.byteOffset + from, kept),
    );
    // A name that is the address says nothing.
    if (name !== '' && name !== address && !known.includes(name)) known.push(name);
    from = to + 1;
  }
  if (known.length === 0 || hostNames.has(address)) return;
  if (hostNames.size < LIMITS.hostNames) hostNames.set(address, known);
  else facts.hostNamesOmitted += 1;
}
