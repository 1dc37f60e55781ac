import { readFileSync } from 'node:fs';
import { readCapture } from '../support/read-capture.ts';

export type Side = 'client' | 'server';

/** A record as it stands in the capture, in the order of the packets. */
export interface CapturedRecord {
  readonly from: Side;
  readonly packet: number;
  readonly type: number;
  readonly version: number;
  /** DTLS; 0 in TLS. */
  readonly epoch: number;
  readonly sequence: number;
  readonly fragment: Buffer;
}

export interface Conversation {
  readonly serverPort: number;
  readonly clientPort: number;
  readonly datagram: boolean;
  readonly records: CapturedRecord[];
}

interface Stream {
  next: number | undefined;
  rest: Buffer;
}

const TCP = 6;
const KEY_LOG = 0x544c534b;

/**
 * Conversations and embedded key logs of a capture in which nothing is lost: Ethernet, IPv4, segments in order, some of them
 * twice. Shares no code with the decoders and trackers.
 */
export function conversationsOf(path: string): { conversations: Conversation[]; keys: Buffer[] } {
  const { packets, embeddedSecrets } = readCapture(readFileSync(path));
  const found = new Map<string, Conversation & { streams: Record<Side, Stream> }>();
  const fragments = new Map<number, Buffer>();
  for (const { octets: frame, packetNumber } of packets) {
    const octets = wholePacket(frame, fragments);
    if (!octets) continue;
    const transport = 14 + (octets.readUInt8(14) & 15) * 4;
    const end = 14 + octets.readUInt16BE(16);
    const [source, destination] = [
      octets.readUInt16BE(transport),
      octets.readUInt16BE(transport + 2),
    ];
    const from: Side = source > destination ? 'client' : 'server';
    const datagram = octets.readUInt8(23) !== TCP;
    const [clientPort, serverPort] =
      from === 'client' ? [source, destination] : [destination, source];
    const key = `${datagram} ${clientPort} ${serverPort}`;
    const stream = (): Stream => ({ next: undefined, rest: Buffer.alloc(0) });
    const conversation = found.get(key) ?? {
      serverPort,
      clientPort,
      datagram,
      records: [],
      streams: { client: stream(), server: stream() },
    };
    found.set(key, conversation);
    const { records, streams } = conversation;
    if (datagram) {
      takeDatagram(octets.subarray(transport + 8, end), from, packetNumber, records);
      continue;
    }
    const payload = octets.subarray(transport + 4 * (octets.readUInt8(transport + 12) >> 4), end);
    takeSegment(streams[from], octets.readUInt32BE(transport + 4), payload);
    takeRecords(streams[from], from, packetNumber, records);
  }
  const keys = embeddedSecrets
    .filter(({ type }) => type === KEY_LOG)
    .map(({ octets }) => Buffer.from(octets));
  return { conversations: [...found.values()].filter(({ records }) => records.length > 0), keys };
}

/** Puts IP fragments together, which come in order; the frame itself if it is none. */
function wholePacket(frame: Buffer, fragments: Map<number, Buffer>): Buffer | undefined {
  const fragment = frame.readUInt16BE(20);
  if ((fragment & 0x3fff) === 0) return frame;
  const id = frame.readUInt16BE(18);
  const before = fragments.get(id);
  const header = 14 + (frame.readUInt8(14) & 15) * 4;
  const packet = before ? Buffer.concat([before, frame.subarray(header)]) : Buffer.from(frame);
  packet.writeUInt16BE(packet.length - 14, 16);
  fragments.set(id, packet);
  if ((fragment & 0x2000) !== 0) return undefined;
  fragments.delete(id);
  return packet;
}

function takeSegment(stream: Stream, sequence: number, payload: Buffer): void {
  if (payload.length === 0) return;
  const known = stream.next === undefined ? 0 : (stream.next - sequence) >>> 0;
  if (known >= payload.length) return;
  stream.rest = Buffer.concat([stream.rest, payload.subarray(known)]);
  stream.next = (sequence + payload.length) >>> 0;
}

function takeRecords(stream: Stream, from: Side, packet: number, records: CapturedRecord[]): void {
  while (stream.rest.length >= 5) {
    const length = 5 + stream.rest.readUInt16BE(3);
    if (stream.rest.length < length) return;
    records.push({
      from,
      packet,
      type: stream.rest.readUInt8(0),
      version: stream.rest.readUInt16BE(1),
      epoch: 0,
      sequence: 0,
      fragment: stream.rest.subarray(5, length),
    });
    stream.rest = stream.rest.subarray(length);
  }
}

function takeDatagram(
  payload: Buffer,
  from: Side,
  packet: number,
  records: CapturedRecord[],
): void {
  for (let at = 0; at + 13 <= payload.length; ) {
    const end = at + 13 + payload.readUInt16BE(at + 11);
    records.push({
      from,
      packet,
      type: payload.readUInt8(at),
      version: payload.readUInt16BE(at + 1),
      epoch: payload.readUInt16BE(at + 3),
      sequence: payload.readUIntBE(at + 5, 6),
      fragment: payload.subarray(at + 13, end),
    });
    at = end;
  }
}
