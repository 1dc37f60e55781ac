import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readU16, readU24, readU48 } from '../../src/bytes/scalars.ts';
import { RecordOpener } from '../../src/crypto/record-opener.ts';
import type { TranscriptMessage } from '../../src/crypto/transcript.ts';
import type { LiveHandshake, LiveKeys } from './live-handshake.ts';
import { readCapture } from './read-capture.ts';

const SAMPLES = new URL('../../samples/', import.meta.url);

type From = 'client' | 'server';

interface Payload {
  readonly connection: string;
  readonly from: From;
  readonly octets: Buffer;
}

/** A TCP connection of a sample, its records in the order of the packets that ended them. */
export interface SampleConnection extends Pick<LiveHandshake, 'records'> {
  readonly name: string;
}

export function sampleNames(): string[] {
  return readdirSync(SAMPLES).filter((name) =>
    existsSync(new URL(`${name}/capture.pcap`, SAMPLES)),
  );
}

export function sampleFile(name: string, file: string): Buffer {
  return readFileSync(new URL(`${name}/${file}`, SAMPLES));
}

/**
 * The TLS connections of a sample, read without the code of this project that does so: Ethernet, IPv4 without options,
 * each direction in order. Good for the samples, and for nothing else.
 */
export function tlsConnections(sample: string): SampleConnection[] {
  const connections = new Map<
    string,
    { records: LiveHandshake['records'][number][]; rest: Record<From, Buffer> }
  >();
  for (const { connection, from, octets } of tcpPayloads(sample)) {
    const state = connections.get(connection) ?? {
      records: [],
      rest: { client: Buffer.alloc(0), server: Buffer.alloc(0) },
    };
    connections.set(connection, state);
    let rest = Buffer.concat([state.rest[from], octets]);
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt16BE(3)) {
      const end = 5 + rest.readUInt16BE(3);
      state.records.push({
        from,
        type: rest.readUInt8(0),
        version: rest.readUInt16BE(1),
        fragment: Uint8Array.from(rest.subarray(5, end)),
      });
      rest = rest.subarray(end);
    }
    state.rest[from] = rest;
  }
  return [...connections].map(([name, { records }]) => ({ name, records }));
}

function* packets(sample: string, protocol: number): Generator<Buffer> {
  for (const { octets } of readCapture(sampleFile(sample, 'capture.pcap')).packets) {
    if (octets.readUInt16BE(12) !== 0x0800 || octets[14] !== 0x45 || octets[23] !== protocol)
      continue;
    yield octets.subarray(14, 14 + octets.readUInt16BE(16));
  }
}

function* tcpPayloads(sample: string): Generator<Payload> {
  const opened = new Map<string, { client: number; next: Record<From, number>; count: number }>();
  for (const ip of packets(sample, 6)) {
    const tcp = ip.subarray(20);
    const [source, destination, sequence, flags] = [
      tcp.readUInt16BE(0),
      tcp.readUInt16BE(2),
      tcp.readUInt32BE(4),
      tcp.readUInt8(13),
    ];
    const key = [source, destination].toSorted((a, b) => a - b).join('-');
    if ((flags & 0x12) === 2)
      opened.set(key, {
        client: source,
        next: { client: sequence + 1, server: -1 },
        count: (opened.get(key)?.count ?? 0) + 1,
      });
    const state = opened.get(key);
    if (state === undefined) continue;
    const from = source === state.client ? 'client' : 'server';
    if ((flags & 0x12) === 0x12) state.next.server = sequence + 1;
    const octets = tcp.subarray((tcp.readUInt8(12) >> 4) * 4);
    if (octets.length === 0 || sequence !== state.next[from] >>> 0) continue;
    state.next[from] = (sequence + octets.length) >>> 0;
    yield { connection: `${sample} ${state.client} ${state.count}`, from, octets };
  }
}

/** The first association of a DTLS sample without IP fragments: messages in the order of message_seq, Finished opened. */
export function dtlsMessages(
  sample: string,
  keysOf: (messages: readonly TranscriptMessage[]) => LiveKeys | undefined,
): TranscriptMessage[] {
  const messages: TranscriptMessage[] = [];
  const pieces = new Map<string, Map<number, Buffer>>();
  let client = -1;
  for (const ip of packets(sample, 17)) {
    const source = ip.readUInt16BE(20);
    if (client < 0) client = source;
    const from = source === client ? 'client' : 'server';
    for (let at = 28; at + 13 <= ip.length; ) {
      const end = at + 13 + readU16(ip, at + 11);
      const epoch = readU16(ip, at + 3);
      const sealed = {
        type: ip[at] as number,
        version: readU16(ip, at + 1),
        bytes: ip,
        start: at + 13,
        end,
      };
      let content: Uint8Array = ip.subarray(at + 13, end);
      const sequence = readU48(ip, at + 5);
      at = end;
      if (sealed.type !== 22) continue;
      if (epoch > 0) {
        const keys = keysOf(messages);
        if (keys === undefined) continue;
        const opening = new RecordOpener(keys.protection, keys[from]).open(sealed, sequence, epoch);
        if (opening.kind !== 'opened') continue;
        content = opening.content;
      }
      const whole = joined(pieces, from, content);
      if (whole !== undefined) {
        const { messageSeq = 0 } = whole;
        const later = messages.findIndex(
          (each) => each.from === from && (each.messageSeq ?? 0) > messageSeq,
        );
        messages.splice(later < 0 ? messages.length : later, 0, whole);
      }
      if (messages.filter(({ type }) => type === 20).length === 2) return messages;
    }
  }
  return messages;
}

/** The message that a fragment completes; each once. */
function joined(
  pieces: Map<string, Map<number, Buffer>>,
  from: From,
  fragment: Uint8Array,
): TranscriptMessage | undefined {
  const [type, length, messageSeq, offset] = [
    fragment[0] as number,
    readU24(fragment, 1),
    readU16(fragment, 4),
    readU24(fragment, 6),
  ];
  const key = `${from} ${messageSeq}`;
  const parts = pieces.get(key) ?? new Map<number, Buffer>();
  if (parts.has(-1)) return undefined;
  pieces.set(key, parts.set(offset, Buffer.from(fragment.subarray(12))));
  const body = Buffer.alloc(length);
  const covered = new Uint8Array(length);
  for (const [at, part] of parts) {
    part.copy(body, at);
    covered.fill(1, at, at + part.length);
  }
  if (covered.includes(0)) return undefined;
  parts.set(-1, Buffer.alloc(0));
  const header = Uint8Array.of(type, length >> 16, length >> 8, length);
  return { from, type, messageSeq, octets: Uint8Array.from([...header, ...body]) };
}
