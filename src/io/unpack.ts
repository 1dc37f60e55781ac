import type { Compression } from '../model/packet.ts';
import { readBlocks } from './file-blocks.ts';
import { unpackWithProgram } from './unpack-program.ts';
import { unpackFile, unpackStream } from './unpack-zlib.ts';
import { hasZlib } from './zlib-unpacker.ts';

/** Unpacked octets; at the end what was wrong with the packed ones, if anything. */
export type Unpacked = AsyncGenerator<Uint8Array, string | undefined, undefined>;

/** What unpacking needs to know beside the octets. */
export interface UnpackOptions {
  readonly compression: Compression;
  /** Of the input, for people. */
  readonly name: string;
  /** Ends programs that are at work. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Unpacks a regular file: with zlib where the runtime can, else with the program of the system.
 *
 * @param progress is told the packed octets read so far
 * @throws InputError when a program is needed and not there
 */
export function unpackDescriptor(
  descriptor: number,
  progress: (octets: number) => void,
  { compression, name, signal }: UnpackOptions,
): Unpacked {
  return isZlib(compression)
    ? unpackFile(compression, descriptor, progress)
    : unpackWithProgram(compression, name, readBlocks(descriptor, progress), signal);
}

/** The same for octets that come one after the other. */
export function unpackChunks(
  chunks: AsyncIterable<Uint8Array>,
  { compression, name, signal }: UnpackOptions,
): Unpacked {
  return isZlib(compression)
    ? unpackStream(compression, chunks)
    : unpackWithProgram(compression, name, chunks, signal);
}

function isZlib(compression: Compression): compression is 'gzip' {
  return (compression === 'gzip' || compression === 'zstd') && hasZlib(compression);
}
