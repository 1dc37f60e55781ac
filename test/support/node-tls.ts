import { type AddressInfo, connect as dial, createServer as listen, type Server } from 'node:net';
import { connect, createServer, type SecureVersion } from 'node:tls';
import type { Octets } from './hello-builder.ts';
import type { Peer } from './network.ts';

/** What one end wrote, in order. */
export interface Said {
  readonly from: Peer;
  readonly octets: Octets;
}

/** What Node's own TLS stack said to itself over loopback, connection by connection, and the key log of all. */
export interface Conversations {
  readonly said: readonly (readonly Said[])[];
  readonly keyLog: Octets;
}

const PSK = new Uint8Array(16).fill(7);
const CIPHERS = 'PSK-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256';

/** Holds as many conversations, one after the other, each with some exchanges of a question and its answer. */
export async function converse(
  versions: readonly SecureVersion[],
  exchanges: number,
): Promise<Conversations> {
  const tls = createServer({ ciphers: CIPHERS, pskCallback: () => PSK }, (socket) => {
    socket.on('data', (question) => socket.write(`${question.length} octets: ${question}`));
    socket.on('error', () => socket.destroy());
  });
  const port = await started(tls);
  const said: Said[][] = [];
  // A tap in between: what it passes on is what a capture would show.
  const tap = listen((client) => {
    const present: Said[] = [];
    said.push(present);
    const server = dial(port, '127.0.0.1');
    const pass = (from: Peer, [source, target]: readonly [typeof client, typeof client]) => {
      source.on('data', (octets) => {
        present.push({ from, octets: Uint8Array.from(octets) });
        target.write(octets);
      });
      source.on('end', () => target.end());
      source.on('error', () => target.destroy());
    };
    pass('client', [client, server]);
    pass('server', [server, client]);
  });
  const tapPort = await started(tap);
  const lines: string[] = [];
  for (const version of versions) lines.push(await talk(tapPort, version, exchanges));
  tap.close();
  tls.close();
  return { said, keyLog: new TextEncoder().encode(lines.join('')) };
}

function started(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** @returns the key log of the conversation */
function talk(port: number, version: SecureVersion, exchanges: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let keyLog = '';
    let left = exchanges;
    const client = connect({
      port,
      host: '127.0.0.1',
      minVersion: version,
      maxVersion: version,
      ciphers: CIPHERS,
      pskCallback: () => ({ identity: 'me', psk: PSK }),
      checkServerIdentity: () => undefined,
    });
    const ask = () => (left-- > 0 ? client.write(`question ${left}`) : client.end());
    client.on('keylog', (line) => {
      keyLog += line.toString('latin1');
    });
    client.on('secureConnect', ask);
    client.on('data', ask);
    client.on('close', () => resolve(keyLog));
    client.on('error', reject);
  });
}
