import { ENCRYPTED_MESSAGE, HELLO_RETRY_REQUEST } from '../history.ts';
import { type NameTable, nameOf } from './lookup.ts';

export const HELLO_REQUEST = 0;
export const CLIENT_HELLO = 1;
export const SERVER_HELLO = 2;
export const HELLO_VERIFY_REQUEST = 3;
export const NEW_SESSION_TICKET = 4;
export const END_OF_EARLY_DATA = 5;
/** Up to draft 21 of TLS 1.3, HelloRetryRequest was a message of its own. */
export const DRAFT_HELLO_RETRY_REQUEST = 6;
export const ENCRYPTED_EXTENSIONS = 8;
export const REQUEST_CONNECTION_ID = 9;
export const NEW_CONNECTION_ID = 10;
export const CERTIFICATE = 11;
export const SERVER_KEY_EXCHANGE = 12;
export const CERTIFICATE_REQUEST = 13;
export const SERVER_HELLO_DONE = 14;
export const CERTIFICATE_VERIFY = 15;
export const CLIENT_KEY_EXCHANGE = 16;
export const FINISHED = 20;
export const CERTIFICATE_URL = 21;
export const CERTIFICATE_STATUS = 22;
export const SUPPLEMENTAL_DATA = 23;
export const KEY_UPDATE = 24;
export const COMPRESSED_CERTIFICATE = 25;
/** Never sent: stands in the transcript for the first ClientHello after a HelloRetryRequest. RFC 8446 §4.4.1. */
export const MESSAGE_HASH = 254;

/**
 * Handshake messages. IANA "TLS HandshakeType", checked against Wireshark 4.0.17's table; 67 and 203 belong to the
 * expired Next Protocol Negotiation and Channel ID drafts and were deployed widely.
 */
const HANDSHAKE_TYPES: NameTable = {
  [HELLO_REQUEST]: 'hello_request',
  [CLIENT_HELLO]: 'client_hello',
  [SERVER_HELLO]: 'server_hello',
  [HELLO_VERIFY_REQUEST]: 'hello_verify_request',
  [NEW_SESSION_TICKET]: 'new_session_ticket',
  [END_OF_EARLY_DATA]: 'end_of_early_data',
  [DRAFT_HELLO_RETRY_REQUEST]: 'hello_retry_request',
  [ENCRYPTED_EXTENSIONS]: 'encrypted_extensions',
  [REQUEST_CONNECTION_ID]: 'request_connection_id',
  [NEW_CONNECTION_ID]: 'new_connection_id',
  [CERTIFICATE]: 'certificate',
  [SERVER_KEY_EXCHANGE]: 'server_key_exchange',
  [CERTIFICATE_REQUEST]: 'certificate_request',
  [SERVER_HELLO_DONE]: 'server_hello_done',
  [CERTIFICATE_VERIFY]: 'certificate_verify',
  [CLIENT_KEY_EXCHANGE]: 'client_key_exchange',
  17: 'client_certificate_request',
  [FINISHED]: 'finished',
  [CERTIFICATE_URL]: 'certificate_url',
  [CERTIFICATE_STATUS]: 'certificate_status',
  [SUPPLEMENTAL_DATA]: 'supplemental_data',
  [KEY_UPDATE]: 'key_update',
  [COMPRESSED_CERTIFICATE]: 'compressed_certificate',
  26: 'ekt_key',
  67: 'next_protocol',
  203: 'channel_id',
  [MESSAGE_HASH]: 'message_hash',
  [HELLO_RETRY_REQUEST]: 'hello_retry_request',
  [ENCRYPTED_MESSAGE]: 'encrypted',
};

/**
 * The name of a message as histories number it: `client_hello`, `finished`, …, also `hello_retry_request` and
 * `encrypted`; `unknown_0x…` for others. RFC 8446 §4, RFC 5246 §7.4.
 */
export function handshakeTypeName(type: number): string {
  return nameOf(HANDSHAKE_TYPES, type, 2);
}
