import type { CaptureIndex, ServerFacts } from '../../model/capture-index.ts';
import { isTlsPort } from '../../model/tls-ports.ts';

/** Servers of the capture that speak TLS in it, or have a port that is known for it. */
export function* tlsServers(index: CaptureIndex): Iterable<ServerFacts> {
  for (const server of index.servers())
    if (server.speaksTls || isTlsPort(server.endpoint.port)) yield server;
}
