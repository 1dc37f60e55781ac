import type { Alert } from '../../model/message.ts';
import { type Decoded, decode } from './decoded.ts';

/** `struct { AlertLevel level; AlertDescription description; }`, the fragment of an alert record. RFC 8446 §6. */
export function decodeAlert(fragment: Uint8Array): Decoded<Alert> {
  return decode(fragment, (r) => ({ level: r.u8('level'), description: r.u8('description') }));
}
