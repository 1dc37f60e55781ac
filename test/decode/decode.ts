import { PacketDecoder } from '../../src/decode/decode-packet.ts';
import type { CaptureNotice } from '../../src/model/notice.ts';
import type { PacketCursor } from '../../src/model/packet.ts';
import { passedOverName } from '../../src/model/passed-over.ts';
import type { TransportCursor } from '../../src/model/transport-cursor.ts';
import type { Octets } from './build.ts';

/** What the sink was told, copied out of the cursor. */
export interface Told {
  readonly kind: 'tcp' | 'udp' | 'unreachable' | 'quote' | 'fragment';
  readonly packet: number;
  readonly protocol: number;
  /** `address:port > address:port`. */
  readonly flow: string;
  readonly payload: string;
  readonly wire: number;
  readonly headerAt: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: number;
  readonly window: number;
  readonly hopLimit: number;
  readonly ipId: number;
  readonly fragments: readonly number[] | undefined;
  readonly icmp: string;
}

export interface Given {
  readonly linkType?: number;
  readonly octets: Octets;
  readonly originalLength?: number;
  readonly seconds?: number;
}

export interface Outcome {
  readonly told: readonly Told[];
  readonly notices: readonly CaptureNotice[];
  /** What was passed over: names, in order. */
  readonly passed: readonly string[];
}

export interface RunOptions {
  /** Tell of first fragments as well. */
  readonly fragments?: boolean;
  /** Octets before and after the packet in its block. */
  readonly margin?: number;
  readonly filler?: number;
  readonly end?: boolean;
}

/** Runs packets through a fresh decoder. Without a margin the view ends with the packet, so reading beyond it throws. */
export function run(packets: readonly Given[], options: RunOptions = {}): Outcome {
  const { margin = 0, filler = 0, end = true, fragments = false } = options;
  const told: Told[] = [];
  const notices: CaptureNotice[] = [];
  const passed: string[] = [];
  const tell = (kind: Told['kind']) => (cursor: TransportCursor) => {
    told.push(copied(kind, cursor));
  };
  const decoder = new PacketDecoder(
    {
      tcp: tell('tcp'),
      udp: tell('udp'),
      icmpUnreachable: tell('unreachable'),
      icmpQuote: tell('quote'),
      ...(fragments && { udpFragment: tell('fragment') }),
    },
    { notice: (notice) => notices.push(notice) },
    { passedOver: (key) => passed.push(passedOverName(key)) },
  );
  for (const [index, given] of packets.entries()) {
    decoder.packet(cursorOf(given, index + 1, margin, filler));
  }
  if (end) decoder.end();
  return { told, notices, passed };
}

export const decodeOne = (linkType: number, octets: Octets, originalLength?: number): Outcome =>
  run([{ linkType, octets, ...(originalLength === undefined ? {} : { originalLength }) }]);

function cursorOf(given: Given, number: number, margin: number, filler: number): PacketCursor {
  const bytes = new Uint8Array(given.octets.length + 2 * margin).fill(filler);
  bytes.set(given.octets, margin);
  return {
    bytes,
    view: new DataView(bytes.buffer),
    offset: margin,
    capturedLength: given.octets.length,
    originalLength: given.originalLength ?? given.octets.length,
    seconds: given.seconds ?? 0,
    nanos: 0,
    linkType: given.linkType ?? 1,
    interfaceIndex: 0,
    packetNumber: number,
  };
}

function copied(kind: Told['kind'], t: TransportCursor): Told {
  if (t.view.buffer !== t.bytes.buffer) throw new Error('view and bytes differ');
  const end = t.payloadOffset + t.payloadLength;
  if (t.payloadLength < 0 || t.wirePayloadLength < t.payloadLength || end > t.bytes.length) {
    throw new Error(`payload out of bounds: ${t.payloadOffset} + ${t.payloadLength}`);
  }
  const tcp = t.protocol === 6;
  const inPacket = t.bytes === t.packet.bytes;
  return {
    kind,
    packet: t.packet.packetNumber,
    protocol: t.protocol,
    flow: `${address(t, t.sourceOffset)}:${t.sourcePort} > ${address(t, t.destinationOffset)}:${t.destinationPort}`,
    payload: Buffer.from(t.bytes.subarray(t.payloadOffset, end)).toString('latin1'),
    wire: t.wirePayloadLength,
    headerAt: inPacket ? t.headerOffset - t.packet.offset : -1,
    sequence: tcp ? t.sequence : 0,
    acknowledgement: tcp && kind === 'tcp' ? t.acknowledgement : 0,
    flags: tcp && kind === 'tcp' ? t.flags : 0,
    window: tcp && kind === 'tcp' ? t.window : 0,
    hopLimit: t.hopLimit,
    ipId: t.ipId,
    fragments: t.fragmentPackets === undefined ? undefined : [...t.fragmentPackets],
    icmp: kind === 'tcp' || kind === 'udp' ? '' : `${t.icmpType}/${t.icmpCode}`,
  };
}

function address({ view, family }: TransportCursor, at: number): string {
  if (family === 4) return [0, 1, 2, 3].map((i) => view.getUint8(at + i)).join('.');
  return Array.from({ length: 8 }, (_, i) => view.getUint16(at + 2 * i).toString(16)).join(':');
}
