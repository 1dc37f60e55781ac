import { type NameTable, nameOf } from './lookup.ts';

export const CHANGE_CIPHER_SPEC = 20;
export const ALERT = 21;
export const HANDSHAKE = 22;
export const APPLICATION_DATA = 23;
export const HEARTBEAT = 24;
/** A DTLS record that carries a connection id; the true type is inside. RFC 9146 §4. */
export const TLS12_CID = 25;
export const ACK = 26;

/** Record content types. IANA "TLS ContentType", checked against Wireshark 4.0.17's table. */
const CONTENT_TYPES: NameTable = {
  [CHANGE_CIPHER_SPEC]: 'change_cipher_spec',
  [ALERT]: 'alert',
  [HANDSHAKE]: 'handshake',
  [APPLICATION_DATA]: 'application_data',
  [HEARTBEAT]: 'heartbeat',
  [TLS12_CID]: 'tls12_cid',
  [ACK]: 'ack',
  27: 'return_routability_check',
};

/** `alert`, `handshake`, …; `unknown_0x…` for others. RFC 8446 §5.1, RFC 9147 §4. */
export function contentTypeName(type: number): string {
  return nameOf(CONTENT_TYPES, type, 2);
}
