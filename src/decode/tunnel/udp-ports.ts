import { NEXT, type Next } from '../next.ts';

/** UDP ports whose datagrams carry packets (IANA Service Name and Transport Protocol Port Number Registry). */
const TUNNELS: ReadonlyMap<number, Next> = new Map([
  [1701, NEXT.l2tp],
  [2152, NEXT.gtpUser],
  [3544, NEXT.teredo],
  [4341, NEXT.lisp],
  [4754, NEXT.gre],
  [4789, NEXT.vxlan],
  [4790, NEXT.vxlanGpe],
  [5246, NEXT.capwapControl],
  [5247, NEXT.capwap],
  [6081, NEXT.geneve],
  [6635, NEXT.mpls],
  [8472, NEXT.vxlanOfLinux],
  [37008, NEXT.tzsp],
]);

/** One octet per port: two loads a datagram, where a `Map` would cost as much as the header itself. */
const TUNNEL_OF_PORT = new Uint8Array(65_536);
for (const [port, next] of TUNNELS) TUNNEL_OF_PORT[port] = next;

/**
 * What a datagram between these ports carries, `NEXT.stop` if it is no tunnel. The lower port decides if both are known:
 * the higher one is then more likely to be an ephemeral port.
 */
export function tunnelOfPorts(source: number, destination: number): Next {
  const ofSource = TUNNEL_OF_PORT[source] as Next;
  const ofDestination = TUNNEL_OF_PORT[destination] as Next;
  if ((ofSource | ofDestination) === NEXT.stop) return NEXT.stop;
  if (ofSource === NEXT.stop) return ofDestination;
  if (ofDestination === NEXT.stop) return ofSource;
  return source < destination ? ofSource : ofDestination;
}
