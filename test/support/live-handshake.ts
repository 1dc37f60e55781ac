import { Duplex } from 'node:stream';
import tls from 'node:tls';
import { readU24 } from '../../src/bytes/scalars.ts';
import type { DirectionKeys, Protection } from '../../src/crypto/protection.ts';
import { RecordOpener } from '../../src/crypto/record-opener.ts';
import type { TranscriptMessage } from '../../src/crypto/transcript.ts';
import { THROW_AWAY } from './throw-away-keys.ts';

export interface LiveOptions {
  readonly version: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  readonly ciphers?: string;
  readonly key?: keyof typeof THROW_AWAY;
  /** Ask the client for a certificate, which it has. */
  readonly clientKey?: keyof typeof THROW_AWAY;
  readonly sigalgs?: string;
  /** Both sides have this key, under the identity `someone`. */
  readonly psk?: Uint8Array;
  readonly groups?: { readonly client: string; readonly server: string };
}

interface LiveRecord {
  readonly from: 'client' | 'server';
  readonly type: number;
  readonly version: number;
  readonly fragment: Uint8Array;
}

/** What two of this machine's TLS stacks said to each other, without a network. */
export interface LiveHandshake {
  readonly keyLog: string;
  readonly records: readonly LiveRecord[];
}

/** Lets OpenSSL, by way of `node:tls`, hold a handshake with itself. */
export async function liveHandshake(options: LiveOptions): Promise<LiveHandshake> {
  const { version, key = 'rsa', clientKey, psk, sigalgs, groups } = options;
  const chosen = options.ciphers ?? 'ALL';
  const ciphers = version === 'TLSv1.3' ? chosen : `${chosen}:@SECLEVEL=0`;
  const records: LiveRecord[] = [];
  const [clientEnd, serverEnd] = pipe(records);
  const common = {
    minVersion: version,
    maxVersion: version,
    ciphers,
    ...(sigalgs === undefined ? {} : { sigalgs }),
    ...(psk === undefined ? {} : { dhparam: 'auto' as const }),
  };
  const server = tls.createServer({
    ...common,
    key: THROW_AWAY[key].key,
    cert: THROW_AWAY[key].certificate,
    requestCert: clientKey !== undefined,
    rejectUnauthorized: false,
    ...(groups === undefined ? {} : { ecdhCurve: groups.server }),
    ...(psk === undefined ? {} : { pskCallback: () => psk }),
  });
  let keyLog = '';
  const done = new Promise<void>((resolve, reject) => {
    let open = 2;
    const opened = (socket: tls.TLSSocket) => {
      socket.resume();
      if (--open === 0) setImmediate(resolve);
    };
    server.on('secureConnection', opened);
    server.on('tlsClientError', reject);
    server.emit('connection', serverEnd);
    const client = tls.connect({
      ...common,
      socket: clientEnd,
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      ...(clientKey === undefined
        ? {}
        : { key: THROW_AWAY[clientKey].key, cert: THROW_AWAY[clientKey].certificate }),
      ...(groups === undefined ? {} : { ecdhCurve: groups.client }),
      ...(psk === undefined ? {} : { pskCallback: () => ({ psk, identity: 'someone' }) }),
    });
    client.on('keylog', (line: Buffer) => {
      keyLog += line.toString('latin1');
    });
    client.on('error', reject);
    client.on('secureConnect', () => opened(client));
  });
  await done;
  clientEnd.destroy();
  serverEnd.destroy();
  server.close();
  return { keyLog, records };
}

/** Two ends of a connection; each writes into the other, and into the list. */
function pipe(records: LiveRecord[]): [Duplex, Duplex] {
  const ends: Duplex[] = [];
  const end = (from: 'client' | 'server', other: number): Duplex => {
    let rest = Buffer.alloc(0);
    return new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, callback) {
        rest = Buffer.concat([rest, chunk]);
        while (rest.length >= 5 && rest.length >= 5 + rest.readUInt16BE(3)) {
          const length = rest.readUInt16BE(3);
          records.push({
            from,
            type: rest.readUInt8(0),
            version: rest.readUInt16BE(1),
            fragment: Uint8Array.from(rest.subarray(5, 5 + length)),
          });
          rest = rest.subarray(5 + length);
        }
        ends[other]?.push(chunk);
        callback();
      },
    });
  };
  const [client, server] = [end('client', 1), end('server', 0)];
  ends.push(client, server);
  return [client, server];
}

/**
 * The handshake messages in the order sent. Those after ChangeCipherSpec, or in records of type 23, are opened with the
 * keys given; without keys they are left out.
 */
export function messagesOf(
  { records }: LiveHandshake,
  protection?: Protection,
  keys?: { readonly client: DirectionKeys; readonly server: DirectionKeys },
): TranscriptMessage[] {
  const messages: TranscriptMessage[] = [];
  const sides = {
    client: { rest: new Uint8Array(0), secret: false, sequence: 0, opener: opener(keys?.client) },
    server: { rest: new Uint8Array(0), secret: false, sequence: 0, opener: opener(keys?.server) },
  };
  for (const { from, type, version, fragment } of records) {
    const side = sides[from];
    const tls13 = protection?.suite.tls13 === true;
    if (type === 20) {
      if (!tls13) side.secret = true;
      continue;
    }
    let content = fragment;
    if (side.secret || type === 23) {
      const sealed = { type, version, bytes: fragment, start: 0, end: fragment.length };
      const opening = side.opener?.open(sealed, side.sequence++);
      if (opening?.kind !== 'opened' || opening.type !== 22) continue;
      content = opening.content;
    } else if (type !== 22) continue;
    side.rest = Uint8Array.from(Buffer.concat([side.rest, content]));
    for (;;) {
      if (side.rest.length < 4) break;
      const length = 4 + readU24(side.rest, 1);
      if (side.rest.length < length) break;
      const octets = side.rest.slice(0, length);
      messages.push({ from, type: octets[0] as number, octets });
      side.rest = side.rest.slice(length);
    }
  }
  return messages;

  function opener(direction: DirectionKeys | undefined): RecordOpener | undefined {
    return direction === undefined || protection === undefined
      ? undefined
      : new RecordOpener(protection, direction);
  }
}
