import { Duplex } from 'node:stream';
import tls from 'node:tls';
import { readU16, readU24 } from '../../src/bytes/scalars.ts';
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

/** What the records of both sides are protected with. */
export interface LiveKeys {
  readonly protection: Protection;
  readonly client: DirectionKeys;
  readonly server: DirectionKeys;
}

/**
 * The handshake messages in the order sent. For those after a ChangeCipherSpec, or in records of type 23, `keysOf` is
 * asked with the messages so far; what it has no keys for is left out.
 */
export function messagesOf(
  { records }: Pick<LiveHandshake, 'records'>,
  keysOf: (messages: readonly TranscriptMessage[]) => LiveKeys | undefined = () => undefined,
): TranscriptMessage[] {
  const messages: TranscriptMessage[] = [];
  const sides = { client: new LiveSide('client'), server: new LiveSide('server') };
  for (const { from, type, version, fragment } of records) {
    const side = sides[from];
    // In TLS 1.3 it means nothing, and what is protected has type 23.
    if (type === 20 && !messages.some(isTls13)) {
      side.changed = true;
      side.opener = undefined;
    }
    if (type !== 22 && type !== 23) continue;
    let content = fragment;
    if (type === 23 || side.changed) {
      side.open(keysOf, messages);
      const sealed = { type, version, bytes: fragment, start: 0, end: fragment.length };
      const opening = side.opener?.open(sealed, side.sequence++);
      if (opening?.kind !== 'opened' || opening.type !== 22) continue;
      content = opening.content;
    }
    messages.push(...side.messagesWith(content));
  }
  return messages;
}

class LiveSide {
  changed = false;
  sequence = 0;
  opener: RecordOpener | undefined;
  private rest = new Uint8Array(0);
  private readonly from: 'client' | 'server';

  constructor(from: 'client' | 'server') {
    this.from = from;
  }

  /** New keys count from 0. */
  open(
    keysOf: (messages: readonly TranscriptMessage[]) => LiveKeys | undefined,
    messages: readonly TranscriptMessage[],
  ): void {
    if (this.opener !== undefined) return;
    const keys = keysOf(messages);
    if (keys !== undefined) this.opener = new RecordOpener(keys.protection, keys[this.from]);
    this.sequence = 0;
  }

  messagesWith(content: Uint8Array): TranscriptMessage[] {
    const messages: TranscriptMessage[] = [];
    this.rest = Uint8Array.from([...this.rest, ...content]);
    while (this.rest.length >= 4 && this.rest.length >= 4 + readU24(this.rest, 1)) {
      const octets = this.rest.slice(0, 4 + readU24(this.rest, 1));
      messages.push({ from: this.from, type: octets[0] as number, octets });
      this.rest = this.rest.slice(octets.length);
    }
    return messages;
  }
}

function isTls13({ type, octets }: TranscriptMessage): boolean {
  return type === 2 && chosen(octets).version === 0x0304;
}

/** The version, suite and extensions that a ServerHello chose. */
export function chosen(hello: Uint8Array): {
  version: number;
  suite: number;
  extensions: Map<number, Uint8Array>;
} {
  let at = 39 + (hello[38] as number);
  const suite = readU16(hello, at);
  const extensions = new Map<number, Uint8Array>();
  for (at += 5; at + 4 <= hello.length; at += 4 + readU16(hello, at + 2))
    extensions.set(readU16(hello, at), hello.slice(at + 4, at + 4 + readU16(hello, at + 2)));
  const version = extensions.has(43)
    ? readU16(extensions.get(43) as Uint8Array, 0)
    : readU16(hello, 4);
  return { version, suite, extensions };
}
