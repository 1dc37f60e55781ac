import { LIMITS } from '../model/limits.ts';
import type { NoticeSink } from '../model/notice.ts';
import type { PacketCursor } from '../model/packet.ts';
import { PASSED, type PassedOverSink, SPACE } from '../model/passed-over.ts';
import { type TransportSink, UDP } from '../model/transport-cursor.ts';
import { Frame, type Layer } from './frame.ts';
import { icmp, icmp6 } from './icmp.ts';
import { IpFragments } from './ip-fragments.ts';
import { authentication, ip4 } from './ip4.ts';
import { ip6 } from './ip6.ts';
import { backboneTag, ethernet, llc, macsec, tag2, tag4, tag6 } from './link/ethernet.ts';
import {
  aggregate,
  ieee80211,
  ieee80211Padded,
  ieee80211Swapped,
  prism,
  radiotap,
} from './link/ieee80211.ts';
import { nextOfLinkType } from './link/link-types.ts';
import { linuxSll, linuxSll2 } from './link/linux-cooked.ts';
import { enc, nullLoop } from './link/null-loop.ts';
import {
  erf,
  fddi,
  frameRelay,
  ipnet,
  juniperEthernet,
  preamble,
  skip,
  sunAtm,
  tokenRing,
  typeAt,
  upperPdu,
} from './link/others.ts';
import { chdlc, ppp, pppDirected, pppoe } from './link/ppp.ts';
import { nflog, perPacket, pflog, pktap } from './link/wrappers.ts';
import { NEXT, type Next } from './next.ts';
import { tcp, udp } from './transport.ts';
import { capwap, gtpUser, l2tp, teredo } from './tunnel/access.ts';
import { erspan3, etherIp, gre, wccp } from './tunnel/gre.ts';
import { mpls, serviceHeader } from './tunnel/mpls.ts';
import { geneve, lisp, tzsp, vxlan, vxlanGpe, vxlanOfLinux } from './tunnel/overlay.ts';

/** Octets of an Ethernet header, and with it of an IPv4 header without options, of an IPv6 header. */
const ETHERNET_OCTETS = 14;
const ETHERNET_IP4_OCTETS = ETHERNET_OCTETS + 20;
const ETHERNET_IP6_OCTETS = ETHERNET_OCTETS + 40;
const ETHERNET = 1;

/**
 * The decode stage: packets in, transport headers out. What is no TCP, UDP or ICMP error is passed over and counted; what
 * ends too early or nests too deep gives a notice and keeps what was found before. Never throws, whatever the octets.
 */
export class PacketDecoder {
  readonly #frame: Frame;
  readonly #fragments: IpFragments;
  readonly #layers: readonly Layer[];

  constructor(sink: TransportSink, notices: NoticeSink, passed: PassedOverSink) {
    const fragments = new IpFragments(notices);
    this.#frame = new Frame(sink, notices, passed);
    this.#fragments = fragments;
    this.#layers = layerTable(fragments);
  }

  /** Decodes one packet; the sink is called before this returns, for tunnels more than once. */
  packet(cursor: PacketCursor): void {
    const frame = this.#frame;
    frame.begin(cursor);
    if (cursor.linkType === ETHERNET && this.#ordinary(frame)) return;
    const next = nextOfLinkType(cursor.linkType);
    if (next === undefined) frame.pass(SPACE.linkType | (cursor.linkType & 0xffff));
    else this.#climb(next);
  }

  /** Gives notice of what is still in pieces. The decoder can be used for a further capture. */
  end(): void {
    this.#fragments.end();
  }

  /**
   * Nearly every packet of nearly every capture: Ethernet, IP without options, extension headers or fragments, TCP or
   * UDP. The same as the ladder would do, in one go. Answers false, having changed nothing that matters, for the rest.
   */
  #ordinary(frame: Frame): boolean {
    const { view, offset, end } = frame;
    if (end - offset < ETHERNET_IP4_OCTETS) return false;
    const type = view.getUint16(offset + 12);
    if (type === 0x0800) {
      const first = view.getInt32(offset + 14);
      const second = view.getInt32(offset + 18);
      const length = first & 0xffff;
      // Version 4 and five words of header; neither More Fragments nor an offset.
      if (first >>> 24 !== 0x45 || (second & 0x3fff) !== 0 || length < 20) return false;
      const third = view.getUint16(offset + 22);
      const wireEnd = offset + ETHERNET_OCTETS + length;
      frame.family = 4;
      frame.ipId = second >>> 16;
      frame.hopLimit = third >>> 8;
      frame.sourceOffset = offset + ETHERNET_OCTETS + 12;
      frame.destinationOffset = offset + ETHERNET_OCTETS + 16;
      return this.#transport(frame, third & 0xff, offset + ETHERNET_IP4_OCTETS, wireEnd);
    }
    if (type !== 0x86dd || end - offset < ETHERNET_IP6_OCTETS) return false;
    const second = view.getInt32(offset + 18);
    const length = second >>> 16;
    if (view.getUint8(offset + 14) >>> 4 !== 6 || length === 0) return false;
    const wireEnd = offset + ETHERNET_IP6_OCTETS + length;
    frame.family = 6;
    frame.ipId = 0;
    frame.hopLimit = second & 0xff;
    frame.sourceOffset = offset + ETHERNET_OCTETS + 8;
    frame.destinationOffset = offset + ETHERNET_OCTETS + 24;
    return this.#transport(frame, (second >>> 8) & 0xff, offset + ETHERNET_IP6_OCTETS, wireEnd);
  }

  #transport(frame: Frame, protocol: number, offset: number, wireEnd: number): boolean {
    if (protocol !== 6 && protocol !== 17) return false;
    frame.offset = offset;
    frame.wireEnd = wireEnd;
    frame.bounded = true;
    if (wireEnd < frame.end) frame.end = wireEnd;
    if (protocol === 6) {
      tcp(frame);
      return true;
    }
    const next = udp(frame);
    if (next !== NEXT.stop) this.#climb(next);
    return true;
  }

  /** Layers of several frames in one are counted for each of them; their number is bounded by the packet's length. */
  #climb(first: Next): void {
    const frame = this.#frame;
    let next = first;
    do {
      this.#ladder(next);
      if (frame.fragmentPackets !== undefined && frame.protocol === UDP)
        frame.sink.udpJoined?.(frame);
      next = NEXT.aggregate;
    } while (frame.resume());
  }

  #ladder(first: Next): void {
    const frame = this.#frame;
    let next = first;
    for (let layers = 0; next !== NEXT.stop; layers++) {
      if (layers === LIMITS.decodeLayers) {
        frame.tooDeep();
        return;
      }
      const layer = this.#layers[next];
      if (layer === undefined) return;
      next = layer(frame);
    }
  }
}

/** The layer behind every value of `NEXT`; a table, so that none can be forgotten. */
function layerTable(fragments: IpFragments): readonly Layer[] {
  const byName: Readonly<Record<keyof typeof NEXT, Layer>> = {
    stop: () => NEXT.stop,
    ip: (frame) => ip(frame, fragments),
    ip6: (frame) => ip6(frame, fragments),
    authentication,
    tcp,
    udp,
    icmp,
    icmp6,
    ethernet,
    llc,
    tag2,
    tag4,
    tag6,
    backboneTag,
    serviceHeader,
    mpls,
    pppoe,
    ppp,
    chdlc,
    linuxSll,
    linuxSll2,
    nullLoop,
    ieee80211,
    ieee80211Padded,
    ieee80211Swapped,
    radiotap,
    perPacket,
    pflog,
    nflog,
    pktap,
    gre,
    wccp,
    erspan3,
    etherIp,
    vxlan,
    vxlanGpe,
    geneve,
    gtpUser,
    teredo,
    capwap,
    l2tp,
    lisp,
    tzsp,
    macsec,
    frameRelay,
    pppDirected,
    prism,
    aggregate,
    enc,
    ipnet,
    tokenRing,
    fddi,
    ipOverFibreChannel: skip(16, NEXT.llc),
    ipOverFireWire: typeAt(16),
    netAnalyzer: skip(4, NEXT.ethernet),
    netAnalyzerTransparent: skip(4, NEXT.preamble),
    preamble,
    erf,
    juniperEthernet,
    // Two addresses, then the tag of the switch chip before the type; or the tag before everything.
    switchTag4: typeAt(16),
    switchTag8: typeAt(20),
    switchTagBefore: skip(4, NEXT.ethernet),
    upperPdu,
    sunAtm,
    vxlanOfLinux,
    // Sent or received, then the frame.
    chdlcDirected: skip(1, NEXT.chdlc),
    frameRelayDirected: skip(1, NEXT.frameRelay),
    capwapControl: (frame) => frame.passCertain(PASSED.capwapOther),
  };
  const table: Layer[] = [];
  for (const [name, layer] of Object.entries(byName)) {
    table[NEXT[name as keyof typeof NEXT]] = layer;
  }
  return table;
}

/** IP of either version; the version field decides, whatever announced it. */
function ip(frame: Frame, fragments: IpFragments): Next {
  if (frame.lacks(1)) return NEXT.stop;
  const version = frame.u8(0) >>> 4;
  if (version === 4) return ip4(frame, fragments);
  return version === 6 ? ip6(frame, fragments) : frame.pass(PASSED.ipVersion);
}
