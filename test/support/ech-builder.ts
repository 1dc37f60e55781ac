/**
 * A TLS 1.3 handshake whose ClientHello was encrypted (RFC 9849) and accepted: HPKE, the server's signal, and records under
 * secrets that are made up, as nothing checks where they come from. Shares no code with the reader.
 */
import { createCipheriv, createHash, createHmac } from 'node:crypto';
import {
  ascii,
  type ClientHelloSpec,
  clientHello,
  concat,
  type ExtensionSpec,
  ext,
  filled,
  handshakeMessage,
  hex,
  type Octets,
  serverHello,
  tlsRecord,
  u8,
  u16,
  uint,
  vector,
} from './hello-builder.ts';
import { TcpFlow } from './network.ts';

const NONE = new Uint8Array(0);
export const KEM = 0x0020;
export const hmac = (key: Octets, ...data: Octets[]): Octets => {
  const state = createHmac('sha256', key);
  for (const part of data) state.update(part);
  return state.digest();
};
const sha256 = (...data: Octets[]): Octets =>
  createHash('sha256')
    .update(concat(...data))
    .digest();
/** One round is enough for 32 octets. */
const expand = (secret: Octets, info: Octets, octets: number): Octets =>
  hmac(secret, info, u8(1)).subarray(0, octets);
const expandLabel = (secret: Octets, label: string, context: Octets, octets: number): Octets =>
  expand(
    secret,
    concat(u16(octets), vector(1, ascii(`tls13 ${label}`)), vector(1, context)),
    octets,
  );

function aead(name: 'aes-128-gcm', key: Octets, nonce: Octets, aad: Octets, content: Octets) {
  const cipher = createCipheriv(name, key, nonce);
  cipher.setAAD(aad);
  return concat(cipher.update(content), cipher.final(), cipher.getAuthTag());
}

/** `Context.Seal` with DHKEM(X25519), HKDF-SHA256 and AES-128-GCM. RFC 9180 §5.1. */
export function hpkeSeal(
  shared: Octets,
  info: Octets,
  sequence: number,
  aad: Octets,
  content: Octets,
): Octets {
  const suite = concat(ascii('HPKE'), u16(KEM), u16(1), u16(1));
  const extract = (salt: Octets, label: string, input: Octets) =>
    hmac(salt, ascii('HPKE-v1'), suite, ascii(label), input);
  const labeled = (label: string, context: Octets, octets: number) =>
    expand(secret, concat(u16(octets), ascii('HPKE-v1'), suite, ascii(label), context), octets);
  const context = concat(
    u8(0),
    extract(NONE, 'psk_id_hash', NONE),
    extract(NONE, 'info_hash', info),
  );
  const secret = extract(shared, 'secret', NONE);
  const nonce = labeled('base_nonce', context, 12).map((octet, i) =>
    i === 11 ? octet ^ sequence : octet,
  );
  return aead('aes-128-gcm', labeled('key', context, 16), nonce, aad, content);
}

/** `ECHConfig`. RFC 9849 §4. */
export const echConfig = (publicName: string): Octets => {
  const contents = concat(
    u8(0x2a),
    u16(KEM),
    vector(2, filled(32, 0x9b)),
    vector(2, u16(1), u16(1)),
    u8(64),
    vector(1, ascii(publicName)),
    vector(2),
  );
  return concat(u16(0xfe0d), vector(2, contents));
};

export interface EchSpec {
  readonly innerName?: string;
  readonly publicName?: string;
  /** The server asks for another key share first. */
  readonly retry?: boolean;
  /** The server's signal is wrong: it went on with the outer hello, or says so. */
  readonly isRefused?: boolean;
}

export class EchHandshake {
  readonly shared = filled(32, 0x5a);
  readonly config: Octets;
  readonly innerRandom = filled(32, 0x1e);
  readonly outerRandom = filled(32, 0x0e);
  readonly secrets = {
    client: [filled(32, 0xc1), filled(32, 0xc2)],
    server: [filled(32, 0x51), filled(32, 0x52)],
  };
  readonly flow = new TcpFlow().open();
  private readonly spec: EchSpec;
  private readonly transcript: Octets[] = [];

  constructor(spec: EchSpec = {}) {
    this.spec = spec;
    this.config = echConfig(spec.publicName ?? 'public.example');
    const retry = handshakeMessage(
      2,
      serverHello({
        random: sha256(ascii('HelloRetryRequest')),
        sessionId: filled(32, 9),
        cipherSuite: 0x1301,
        extensions: [
          ext.selectedVersion(0x0304),
          ext.keyShareRequest(23),
          { type: 0xfe0d, data: filled(8, 3) },
        ],
      }),
    );
    this.hello(0, 29);
    if (spec.retry) {
      const [first] = this.transcript.splice(0);
      this.transcript.push(concat(hex('fe000020'), sha256(first as Octets)), retry);
      this.flow.send('server', tlsRecord(22, 0x0303, retry));
      this.hello(1, 23);
    }
    this.answer();
  }

  private hello(sequence: number, group: number): void {
    const { spec } = this;
    const common: ExtensionSpec[] = [
      ext.supportedVersions([0x0304]),
      ext.supportedGroups([29, 23]),
      ext.keyShares([group]),
    ];
    const base: ClientHelloSpec = { cipherSuites: [0x1301], sessionId: filled(32, 9) };
    const own: ExtensionSpec[] = [
      ext.serverName(spec.innerName ?? 'private.example'),
      { type: 0xfe0d, data: u8(1) },
    ];
    const inner = handshakeMessage(
      1,
      clientHello({ ...base, random: this.innerRandom, extensions: [...own, ...common] }),
    );
    const types = vector(1, ...common.map(({ type }) => u16(type)));
    const encoded = concat(
      clientHello({
        ...base,
        random: this.innerRandom,
        sessionId: NONE,
        extensions: [...own, { type: 0xfd00, data: types }],
      }),
      filled(17, 0),
    );
    const outer = (payload: Octets): Octets =>
      clientHello({
        ...base,
        random: this.outerRandom,
        extensions: [
          ext.serverName(spec.publicName ?? 'public.example'),
          {
            type: 0xfe0d,
            data: concat(
              hex('00 0001 0001 2a'),
              vector(2, sequence === 0 ? filled(32, 0xec) : NONE),
              vector(2, payload),
            ),
          },
          ...common,
        ],
      });
    const aad = outer(filled(encoded.length + 16, 0));
    const info = concat(ascii('tls ech'), u8(0), this.config);
    const wire = outer(hpkeSeal(this.shared, info, sequence, aad, encoded));
    this.transcript.push(inner);
    this.flow.send('client', tlsRecord(22, 0x0301, handshakeMessage(1, wire)));
  }

  private answer(): void {
    const hello = (signal: Octets): Octets =>
      handshakeMessage(
        2,
        serverHello({
          random: concat(filled(24, 0x77), signal),
          sessionId: filled(32, 9),
          cipherSuite: 0x1301,
          extensions: [ext.selectedVersion(0x0304), ext.keyShare(29)],
        }),
      );
    const context = sha256(...this.transcript, hello(filled(8, 0)));
    const extracted = hmac(filled(32, 0), this.innerRandom);
    const signal = expandLabel(extracted, 'ech accept confirmation', context, 8);
    const sent = hello(this.spec.isRefused ? filled(8, 0x99) : signal);
    this.transcript.push(sent);
    this.flow.send('server', tlsRecord(22, 0x0303, sent));
    const extensions = handshakeMessage(8, vector(2));
    this.transcript.push(extensions);
    this.sealed('server', 0, 0, 22, extensions);
    this.sealed('server', 0, 1, 22, this.finished('server'));
    this.sealed('client', 0, 0, 22, this.finished('client'));
    for (let n = 0; n < 3; n++) {
      this.sealed('client', 1, n, 23, ascii('request'));
      this.sealed('server', 1, n, 23, ascii('answer'));
    }
  }

  private finished(from: 'client' | 'server'): Octets {
    const key = expandLabel(this.secrets[from][0] as Octets, 'finished', NONE, 32);
    const message = handshakeMessage(20, hmac(key, sha256(...this.transcript)));
    this.transcript.push(message);
    return message;
  }

  private sealed(
    from: 'client' | 'server',
    generation: number,
    sequence: number,
    type: number,
    content: Octets,
  ): void {
    const secret = this.secrets[from][generation] as Octets;
    const nonce = expandLabel(secret, 'iv', NONE, 12).map(
      (octet, i) => octet ^ (uint(sequence, 12)[i] as number),
    );
    const inner = concat(content, u8(type));
    const header = concat(hex('17 0303'), u16(inner.length + 16));
    const body = aead('aes-128-gcm', expandLabel(secret, 'key', NONE, 16), nonce, header, inner);
    this.flow.send(from, concat(header, body));
  }

  /** Lines of a key log: what opens the hello, what opens the records, or both. */
  keyLog(parts: 'ech' | 'traffic' | 'both' = 'both'): Octets {
    const line = (label: string, random: Octets, secret: Octets) =>
      `${label} ${Buffer.from(random).toString('hex')} ${Buffer.from(secret).toString('hex')}\n`;
    const { outerRandom, innerRandom, secrets } = this;
    const ech = [
      line('ECH_SECRET', outerRandom, this.shared),
      line('ECH_CONFIG', outerRandom, this.config),
    ];
    const traffic = (['client', 'server'] as const).flatMap((from) => [
      line(
        `${from.toUpperCase()}_HANDSHAKE_TRAFFIC_SECRET`,
        innerRandom,
        secrets[from][0] as Octets,
      ),
      line(`${from.toUpperCase()}_TRAFFIC_SECRET_0`, innerRandom, secrets[from][1] as Octets),
    ]);
    const lines = [...(parts === 'traffic' ? [] : ech), ...(parts === 'ech' ? [] : traffic)];
    return ascii(lines.join(''));
  }
}
