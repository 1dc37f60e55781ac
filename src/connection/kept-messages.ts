import type { Side } from '../model/stream.ts';
import { clearMessages } from './clear-messages.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import type { HandshakeMessages } from './unsealing/handshake-messages.ts';

/** Messages that were kept of a handshake that was not completed; undefined without those of the server. */
export function keptMessagesOf(
  facts: FactsRecorder,
  row: number,
  client: Side,
  isDtls: boolean,
): HandshakeMessages | undefined {
  const { clear, hellos, table } = facts;
  const hello = (handle: number, length: number) =>
    handle === 0 ? undefined : hellos.slab.view(handle, length);
  const ofClient = {
    hello: hello(table.clientHello[row] as number, table.clientHelloLength[row] as number),
    octets: clear.of(2 * row + client),
  };
  const ofServer = {
    hello: hello(table.serverHello[row] as number, table.serverHelloLength[row] as number),
    octets: clear.of(2 * row + 1 - client),
  };
  if (ofServer.octets === undefined) return undefined;
  return clearMessages({ client: ofClient, server: ofServer }, isDtls);
}
