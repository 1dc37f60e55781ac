import {
  CONNECTION_ID,
  DRAFT_CONNECTION_ID,
  UNREGISTERED_CONNECTION_ID,
} from '../model/code-points/extensions.ts';
import type { ClientHello, ServerHello } from '../model/message.ts';
import { decodeClientHello } from '../tls/codec/client-hello.ts';
import { decodeExtension } from '../tls/codec/extensions.ts';
import { decodeServerHello } from '../tls/codec/server-hello.ts';

const EXTENSIONS: readonly number[] = [
  CONNECTION_ID,
  DRAFT_CONNECTION_ID,
  UNREGISTERED_CONNECTION_ID,
];

/** What both hellos say about connection ids: each has the one that its sender wants to receive. */
export interface NegotiatedIds {
  readonly extension: number;
  /** Undefined where the ClientHello is missing. */
  readonly toClient: Uint8Array | undefined;
  readonly toServer: Uint8Array;
}

/** Undefined if the server's hello has none, or answers what the client's did not offer. RFC 9146 §3. */
export function negotiatedIds(
  client: Uint8Array | undefined,
  server: Uint8Array,
): NegotiatedIds | undefined {
  return negotiatedBy(
    client && decodeClientHello(client, true).message,
    decodeServerHello(server).message,
  );
}

/** The same of messages that are decoded already. */
export function negotiatedBy(
  client: ClientHello | undefined,
  server: ServerHello,
): NegotiatedIds | undefined {
  for (const extension of EXTENSIONS) {
    const toServer = idIn(server, extension);
    if (toServer === undefined) continue;
    const toClient = client && idIn(client, extension);
    if (client === undefined || toClient !== undefined) return { extension, toClient, toServer };
  }
  return undefined;
}

/** A copy of the id; undefined without the extension, or where it is damaged. */
function idIn({ extensions }: ClientHello | ServerHello, type: number): Uint8Array | undefined {
  const extension = extensions.findLast((e) => e.type === type);
  const decoded = extension && decodeExtension(extension, 'CH');
  return decoded?.value instanceof Uint8Array && decoded.shortfalls.length === 0
    ? decoded.value.slice()
    : undefined;
}
