import type { NewConnectionId } from '../../model/message.ts';
import { type Decoded, decode } from './decoded.ts';
import { readVectors, readWindow } from './lists.ts';

/** `NewConnectionId`: ids that the sender wants to receive from now on. RFC 9147 §9. */
export function decodeNewConnectionId(body: Uint8Array): Decoded<NewConnectionId> {
  return decode(body, (r) => ({
    cids: readVectors(readWindow(r, 'cids', 2), 'cid', 1),
    usage: r.u8('usage'),
  }));
}
