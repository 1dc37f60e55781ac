import { grown } from '../bytes/columns.ts';
import { readI32, readU16 } from '../bytes/scalars.ts';
import type { NoticeSink } from '../model/notice.ts';
import { PASSED, type PassedOverSink } from '../model/passed-over.ts';
import type { DtlsSink } from '../model/record.ts';
import type { InnerFlows, QuicSink, Side } from '../model/stream.ts';
import { beginsDtls } from './dtls-start.ts';
import { DtlsDatagrams } from './record-dtls.ts';
import { StunScan, TURN } from './stun.ts';
import { TurnLanes } from './turn-lanes.ts';
import { hasConnectionId, isUnified } from './unified-header.ts';

/** Octets of a ChannelData header: number and length. RFC 8656 §12.4. */
const CHANNEL_HEADER = 4;
/** Octets of an RTP header; of an RTCP report without blocks there are eight. RFC 3550 §5.1, §6.4. */
const RTP_HEADER = 8;
/** Version 1, and "ZRTP" behind version and sequence number. RFC 6189 §5. */
const ZRTP_FIRST = 0x10;
const ZRTP_COOKIE = 0x5a525450;
const ZRTP_HEADER = 12;

/** What a flow is known to carry. */
const SPEAKS = { dtls: 1, stun: 2, quic: 4 } as const;

/**
 * Tells UDP datagrams apart by their first octet (RFC 7983 §7, RFC 9443 §3), then by what must follow it: DTLS goes on as
 * records, QUIC's long headers to whoever names its connections, and the rest is counted.
 *
 *      0..3 STUN   16..19 ZRTP   20..63 DTLS   64..79 TURN channel   128..191 RTP, RTCP   192..255 QUIC
 *
 * DTLS that TURN relays is looked at as if it came alone, on a flow of its own for each peer; a relay within a relay is
 * not looked into. Ordinary DTLS costs one more load than reading it.
 */
export class Datagrams {
  private readonly dtls: DtlsSink;
  private readonly quic: QuicSink;
  private readonly passedOver: PassedOverSink;
  private readonly records: DtlsDatagrams;
  private readonly stun = new StunScan();
  private readonly lanes: TurnLanes;
  /** Bits of `SPEAKS` by flow. */
  private speaks = new Uint8Array(512);

  constructor(
    dtls: DtlsSink,
    quic: QuicSink,
    flows: InnerFlows,
    passedOver: PassedOverSink,
    notices: NoticeSink,
  ) {
    this.dtls = dtls;
    this.quic = quic;
    this.passedOver = passedOver;
    this.records = new DtlsDatagrams(dtls, notices);
    this.lanes = new TurnLanes(flows);
  }

  /** @returns whether it is known what the datagram is */
  datagram(
    flow: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    wireLength: number,
    packet: number,
    nanos: number,
    ipId: number,
  ): boolean {
    if (end <= start) return false;
    const first = bytes[start] as number;
    if (first < 20 || first >= 64)
      return this.other(flow, side, bytes, start, end, wireLength, packet, nanos, ipId);
    return this.isKnown(flow, SPEAKS.dtls)
      ? this.records.datagram(flow, side, bytes, start, end, wireLength, packet, nanos, ipId)
      : this.firstDtls(flow, side, bytes, start, end, wireLength, packet, nanos, ipId);
  }

  /** Is what is kept by the number of a flow worth more than the flow? */
  holds(flow: number): boolean {
    return this.lanes.has(flow);
  }

  /** The number is that of another flow from now on. */
  forget(flow: number): void {
    if (flow < this.speaks.length) this.speaks[flow] = 0;
    this.records.forget(flow);
  }

  private other(
    flow: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    wireLength: number,
    packet: number,
    nanos: number,
    ipId: number,
  ): boolean {
    const first = bytes[start] as number;
    if (
      first >= 0x80 &&
      // The second bit is set, unless both sides agreed to make it random (RFC 9287).
      (first >= 0xc0 || this.isKnown(flow, SPEAKS.quic)) &&
      this.quic.longHeader(flow, side, bytes, start, end, wireLength, packet, nanos)
    ) {
      this.know(flow, SPEAKS.quic);
      return this.passed(PASSED.quic, packet);
    }
    if (first < 4) {
      if (!this.stun.scan(bytes, start, end, wireLength)) return false;
      this.know(flow, SPEAKS.stun);
      if (this.stun.turn === TURN.nothing) {
        if (this.isKnown(flow, SPEAKS.dtls)) this.dtls.company(flow, side, packet, nanos);
        return this.passed(PASSED.stun, packet);
      }
      this.relayed(flow, side, bytes, packet, nanos, ipId);
      return this.passed(PASSED.turn, packet);
    }
    if (
      first >= 64 &&
      first < 80 &&
      this.channelData(flow, side, bytes, start, end, wireLength, packet, nanos, ipId)
    )
      return this.passed(PASSED.turn, packet);
    if (first >= 64)
      return this.inCompany(flow, side, first >= 128 ? end - start : 0, packet, nanos);
    return (
      first === ZRTP_FIRST &&
      end - start >= ZRTP_HEADER &&
      readI32(bytes, start + 4) === ZRTP_COOKIE &&
      this.passed(PASSED.zrtp, packet)
    );
  }

  private passed(kind: number, packet: number): true {
    this.passedOver.passedOver(kind, packet);
    return true;
  }

  /** What may be the first datagram of DTLS on this flow. */
  private firstDtls(
    flow: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    wireLength: number,
    packet: number,
    nanos: number,
    ipId: number,
  ): boolean {
    if (!mayBeMoved(bytes, start) && !beginsDtls(bytes, start, end, start + wireLength))
      return false;
    if (!this.records.datagram(flow, side, bytes, start, end, wireLength, packet, nanos, ipId))
      return false;
    this.know(flow, SPEAKS.dtls);
    return true;
  }

  /** RTP and the short headers of QUIC have no mark of their own: they are told where their flow is known for company. */
  private inCompany(
    flow: number,
    side: Side,
    rtpOctets: number,
    packet: number,
    nanos: number,
  ): boolean {
    if (this.isKnown(flow, SPEAKS.quic)) return this.passed(PASSED.quic, packet);
    if (rtpOctets < RTP_HEADER || !this.isKnown(flow, SPEAKS.dtls | SPEAKS.stun)) return false;
    if (this.isKnown(flow, SPEAKS.dtls)) this.dtls.company(flow, side, packet, nanos);
    return this.passed(PASSED.rtp, packet);
  }

  // ------------------------------------------------------------------------------------------------ TURN

  /** A ChannelData message: all of the datagram, or with up to three octets of padding. RFC 8656 §12.5. */
  private channelData(
    flow: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    wireLength: number,
    packet: number,
    nanos: number,
    ipId: number,
  ): boolean {
    const inner = start + CHANNEL_HEADER;
    if (inner > end) return false;
    const length = readU16(bytes, start + 2);
    const padding = wireLength - CHANNEL_HEADER - length;
    if (padding < 0 || padding > 3 || length === 0) return false;
    const innerEnd = Math.min(inner + length, end);
    const isExpected = this.isKnown(flow, SPEAKS.stun);
    const isDtls = couldBeDtls(bytes, inner, innerEnd);
    if (!isExpected && !(isDtls && beginsDtls(bytes, inner, innerEnd, inner + length)))
      return false;
    if (isDtls) {
      const row = this.lanes.channel(flow, readU16(bytes, start));
      this.inner(row, flow, side, bytes, inner, innerEnd, length, packet, nanos, ipId);
    }
    return true;
  }

  /** A message of TURN that `stun` holds. */
  private relayed(
    flow: number,
    side: Side,
    bytes: Uint8Array,
    packet: number,
    nanos: number,
    ipId: number,
  ): void {
    const { stun, lanes } = this;
    if (stun.turn === TURN.channelBind) {
      lanes.bind(flow, stun.channel, stun.peer);
    } else if (couldBeDtls(bytes, stun.dataStart, stun.dataEnd)) {
      const { dataStart, dataEnd, dataWireLength } = stun;
      const row = lanes.peer(flow, stun.peer);
      this.inner(row, flow, side, bytes, dataStart, dataEnd, dataWireLength, packet, nanos, ipId);
    }
  }

  /** @param row of the peer or channel, -1 where there is no room for it */
  private inner(
    row: number,
    outer: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    wireLength: number,
    packet: number,
    nanos: number,
    ipId: number,
  ): void {
    if (row < 0) return;
    const begins =
      this.lanes.knownFlowOf(row) >= 0 || beginsDtls(bytes, start, end, start + wireLength);
    if (!begins) return;
    const flow = this.lanes.flowOf(row, outer);
    this.datagram(flow, side, bytes, start, end, wireLength, packet, nanos, ipId);
  }

  /** Does the flow speak any of these? Not every flow has an octet, and a look beyond the last one is slow. */
  private isKnown(flow: number, bits: number): boolean {
    return flow < this.speaks.length && ((this.speaks[flow] as number) & bits) !== 0;
  }

  private know(flow: number, bit: number): void {
    if (flow >= this.speaks.length) this.speaks = grown(this.speaks, Math.ceil(flow * 1.5) + 1);
    this.speaks[flow] = (this.speaks[flow] as number) | bit;
  }
}

function couldBeDtls(bytes: Uint8Array, start: number, end: number): boolean {
  if (end <= start) return false;
  const first = bytes[start] as number;
  return first >= 20 && first < 64;
}

/** A unified header with a connection id, under which an association of another 5-tuple may go on. RFC 9147 §9. */
function mayBeMoved(bytes: Uint8Array, at: number): boolean {
  const first = bytes[at] as number;
  return isUnified(first) && hasConnectionId(first);
}
