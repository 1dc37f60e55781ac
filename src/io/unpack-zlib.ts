import { readInto } from './file-blocks.ts';
import { type ZlibKind, ZlibUnpacker } from './zlib-unpacker.ts';

/**
 * Compressed octets given to zlib at once. They bound what one step can unpack to: of gzip 1032 times as much, of zstd
 * 128 KiB for each four octets (RFC 8878 §3.1.1.2, a block of one repeated octet).
 */
const PIECE_OCTETS: Readonly<Record<ZlibKind, number>> = { gzip: 64 * 1024, zstd: 4 * 1024 };

/**
 * Unpacks a file of any number of members. zlib works on the next piece while the consumer has the last one.
 *
 * zlib drops what it unpacked in the step that fails. So after a failure the file is unpacked once more, silently up to
 * the piece that failed and from there octet by octet: all that precedes the damage is delivered.
 *
 * @param progress is told the compressed octets read so far
 * @returns what was wrong with the data, or undefined
 */
export async function* unpackFile(
  kind: ZlibKind,
  descriptor: number,
  progress: (octets: number) => void,
): AsyncGenerator<Uint8Array, string | undefined, undefined> {
  const unpacker = new ZlibUnpacker(kind);
  // Two pieces by turns: one is read from the file while zlib may still work on the other.
  const pieceOctets = PIECE_OCTETS[kind];
  const pieces = [new Uint8Array(pieceOctets), new Uint8Array(pieceOctets)] as const;
  let position = 0;
  let accepted = 0;
  let delivered = 0;
  let work = Promise.resolve();
  try {
    for (let turn: 0 | 1 = 0; ; turn = turn === 0 ? 1 : 0) {
      const octets = readInto(descriptor, pieces[turn], position);
      await work;
      if (unpacker.error !== undefined) break;
      accepted = position;
      position += octets;
      progress(position);
      const ready = unpacker.take();
      work = octets > 0 ? unpacker.write(pieces[turn].subarray(0, octets)) : unpacker.end();
      for (const chunk of ready) {
        delivered += chunk.length;
        yield chunk;
      }
      if (octets === 0) break;
    }
    await work;
    yield* unpacker.take();
  } finally {
    unpacker.close();
  }
  if (!unpacker.damaged) return unpacker.complaint(position);
  const damagedAt = yield* unpackAgain(kind, descriptor, accepted, delivered);
  return unpacker.complaint(damagedAt);
}

/**
 * Unpacks a stream, each piece as it arrives. A stream that breaks off loses nothing; damage costs what its piece
 * would have unpacked to, since a stream cannot be read again.
 *
 * @returns what was wrong with the data, or undefined
 */
export async function* unpackStream(
  kind: ZlibKind,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, string | undefined, undefined> {
  const unpacker = new ZlibUnpacker(kind);
  const pieceOctets = PIECE_OCTETS[kind];
  let position = 0;
  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length && unpacker.error === undefined; at += pieceOctets) {
        const piece = chunk.subarray(at, at + pieceOctets);
        await unpacker.write(piece);
        if (unpacker.error === undefined) position += piece.length;
        yield* unpacker.take();
      }
      if (unpacker.error !== undefined) break;
    }
    if (unpacker.error === undefined) await unpacker.end();
    yield* unpacker.take();
  } finally {
    unpacker.close();
  }
  return unpacker.complaint(position);
}

/**
 * @param failedAt where the piece begins that zlib refused
 * @param delivered unpacked octets that the consumer has already
 * @returns the octet that zlib refused
 */
async function* unpackAgain(
  kind: ZlibKind,
  descriptor: number,
  failedAt: number,
  delivered: number,
): AsyncGenerator<Uint8Array, number, undefined> {
  const unpacker = new ZlibUnpacker(kind);
  const pieceOctets = PIECE_OCTETS[kind];
  const piece = new Uint8Array(pieceOctets);
  let skip = delivered;
  let position = 0;
  try {
    for (;;) {
      const wanted = position < failedAt ? Math.min(pieceOctets, failedAt - position) : 1;
      const octets = readInto(descriptor, piece.subarray(0, wanted), position);
      if (octets === 0) return position;
      await unpacker.write(piece.subarray(0, octets));
      for (const chunk of unpacker.take()) {
        const skipped = Math.min(skip, chunk.length);
        skip -= skipped;
        if (skipped < chunk.length) yield chunk.subarray(skipped);
      }
      if (unpacker.error !== undefined) return position;
      position += octets;
    }
  } finally {
    unpacker.close();
  }
}
