import { ByteReader, type Shortfall } from '../../bytes/reader.ts';

/** What a codec made of the octets, with everything that did not fit. Views in `message` share memory with the body. */
export interface Decoded<Message> {
  readonly message: Message;
  /** Fields that wanted more octets than there were. Offsets count from the start of the body. */
  readonly shortfalls: readonly Shortfall[];
  /** Octets behind the last field of the message. */
  readonly strayOctets: number;
}

/** Runs `read` over the body of a message (no handshake header). */
export function decode<Message>(
  body: Uint8Array,
  read: (r: ByteReader) => Message,
): Decoded<Message> {
  const r = new ByteReader(body);
  const message = read(r);
  return { message, shortfalls: r.shortfalls, strayOctets: r.remaining };
}
