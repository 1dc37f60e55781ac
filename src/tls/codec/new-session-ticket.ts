import type { ByteReader } from '../../bytes/reader.ts';
import type { NewSessionTicket } from '../../model/message.ts';
import { type Decoded, decode } from './decoded.ts';
import { readExtensionList } from './extension-list.ts';
import { readVector } from './lists.ts';

/** `NewSessionTicket`, two messages under one type. RFC 8446 §4.6.1, RFC 5077 §3.3. */
export function decodeNewSessionTicket(
  body: Uint8Array,
  tls13: boolean,
): Decoded<NewSessionTicket> {
  return decode(body, tls13 ? readTls13 : readTls12);
}

function readTls12(r: ByteReader): NewSessionTicket {
  return {
    lifetime: r.u32('ticket_lifetime_hint'),
    ticket: readVector(r, 'ticket', 2),
    ageAdd: undefined,
    nonce: undefined,
    extensions: [],
  };
}

function readTls13(r: ByteReader): NewSessionTicket {
  const lifetime = r.u32('ticket_lifetime');
  const ageAdd = r.u32('ticket_age_add');
  const nonce = readVector(r, 'ticket_nonce', 1);
  const ticket = readVector(r, 'ticket', 2);
  return { lifetime, ticket, ageAdd, nonce, extensions: readExtensionList(r).extensions };
}
