import { CaptureReader, type CaptureReaderOptions } from '../../src/capture/capture-reader.ts';
import type { EmbeddedSecrets } from '../../src/capture/decryption-secrets.ts';
import type { CaptureNotice } from '../../src/model/notice.ts';
import type { CaptureFacts } from '../../src/model/packet.ts';
import { emptyFacts as factsOf } from '../../src/pipeline/capture-facts.ts';

/** A packet as a test keeps it: a copy of all the cursor said. */
interface ReadPacket {
  readonly packetNumber: number;
  readonly seconds: number;
  readonly nanos: number;
  readonly capturedLength: number;
  readonly originalLength: number;
  readonly linkType: number;
  readonly interfaceIndex: number;
  readonly octets: Buffer;
}

export interface ReadCapture {
  readonly packets: readonly ReadPacket[];
  readonly notices: readonly CaptureNotice[];
  readonly facts: CaptureFacts;
  readonly problem: string | undefined;
  readonly embeddedSecrets: readonly EmbeddedSecrets[];
}

export const emptyFacts = (path = 'test.pcap'): CaptureFacts => factsOf(path, null);

/** A reader and what it gave so far. */
export function startReading(options: Partial<CaptureReaderOptions> = {}) {
  const packets: ReadPacket[] = [];
  const notices: CaptureNotice[] = [];
  const facts = emptyFacts();
  const reader = new CaptureReader(
    {
      packet({ bytes, view, offset, ...rest }) {
        const { capturedLength } = rest;
        // Both views of the packet must show the same octets.
        const viewed = new Uint8Array(view.buffer, view.byteOffset + offset, capturedLength);
        const octets = Buffer.from(bytes.subarray(offset, offset + capturedLength));
        if (!octets.equals(viewed)) throw new Error('bytes and view differ');
        packets.push({ ...rest, octets });
      },
    },
    { notice: (notice) => notices.push(notice) },
    facts,
    { reader: 'native', firstPacketNumber: 1, ...options },
  );
  return { reader, packets, notices, facts };
}

/**
 * Reads a whole capture.
 *
 * @param chunkOctets size of the chunks; each is overwritten after its push, as the shell does
 */
export function readCapture(
  file: Uint8Array,
  chunkOctets = file.length,
  options: Partial<CaptureReaderOptions> = {},
): ReadCapture {
  const { reader, packets, notices, facts } = startReading(options);
  const memory = new Uint8Array(Math.max(1, chunkOctets));
  for (let at = 0; at < file.length; at += chunkOctets) {
    const piece = file.subarray(at, at + chunkOctets);
    memory.set(piece);
    reader.push(memory.subarray(0, piece.length));
    memory.fill(0xee);
  }
  reader.end();
  const { problem, embeddedSecrets } = reader;
  return { packets, notices, facts, problem, embeddedSecrets };
}
