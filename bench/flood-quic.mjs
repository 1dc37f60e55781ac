// Initial packets of QUIC version 1 that open, RFC 9001 §5.
import { createCipheriv, createHmac } from 'node:crypto';
import { hello } from './flood-handshakes.mjs';
import { extension, message, randomOf, u16, vector } from './packets.mjs';

const SALT = Buffer.from('38762cf7f55934b34d179ae6a4c80cadccbb7f0a', 'hex');
const TAG = 16;
const DATAGRAM = 1200;

/** The first datagram of the client with this number: its ids and its hello are others for each. */
export function initial(n) {
  const id = randomOf(n, 1).subarray(0, 8);
  const secret = expand(hmac(SALT, id), 'client in', 32);
  const name = Buffer.from(`${n}.example.org`);
  const body = hello({
    random: randomOf(n, 2),
    session: Buffer.alloc(0),
    extensions: [
      extension(0, vector(2, Buffer.concat([Buffer.of(0), vector(2, name)]))),
      extension(43, vector(1, u16(0x0304))),
    ],
  });
  const crypto = message(1, body);
  const head = Buffer.concat([
    Buffer.of(0xc3, 0, 0, 0, 1),
    vector(1, id),
    vector(1, id),
    Buffer.of(0),
  ]);
  const numbered = 4;
  const length = DATAGRAM - head.length - 2;
  const plain = Buffer.alloc(length - numbered - TAG);
  plain.set(Buffer.concat([Buffer.of(6, 0), u16(0x4000 | crypto.length), crypto]));
  const header = Buffer.concat([head, u16(0x4000 | length), Buffer.alloc(numbered)]);
  const cipher = createCipheriv(
    'aes-128-gcm',
    expand(secret, 'quic key', 16),
    expand(secret, 'quic iv', 12),
  );
  cipher.setAAD(header);
  const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  const mask = createCipheriv('aes-128-ecb', expand(secret, 'quic hp', 16), null).update(
    sealed.subarray(0, 16),
  );
  header[0] ^= mask[0] & 0x0f;
  for (let i = 0; i < numbered; i++) header[header.length - numbered + i] ^= mask[1 + i];
  return Buffer.concat([header, sealed]);
}

/** HKDF-Expand-Label of at most one block of SHA-256, RFC 8446 §7.1. */
function expand(secret, label, length) {
  const info = [u16(length), vector(1, Buffer.from(`tls13 ${label}`)), Buffer.of(0, 1)];
  return hmac(secret, Buffer.concat(info)).subarray(0, length);
}

const hmac = (key, octets) => createHmac('sha256', key).update(octets).digest();
