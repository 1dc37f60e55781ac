import type { HelloVerifyRequest } from '../../model/message.ts';
import { type Decoded, decode } from './decoded.ts';
import { readVector } from './lists.ts';

/** `struct { ProtocolVersion server_version; opaque cookie<0..2^8-1>; }`. RFC 6347 §4.2.1. */
export function decodeHelloVerifyRequest(body: Uint8Array): Decoded<HelloVerifyRequest> {
  return decode(body, (r) => ({
    version: r.u16('server_version'),
    cookie: readVector(r, 'cookie', 1),
  }));
}
