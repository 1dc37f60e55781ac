import {
  HANDSHAKE_FAILURE,
  ILLEGAL_PARAMETER,
  UNSUPPORTED_EXTENSION,
} from '../../model/code-points/alerts.ts';
import type { AlertFact, ConnectionHistory } from '../../model/history.ts';
import { endingOf } from './ending.ts';

type Hellos = Pick<ConnectionHistory, 'clientHello' | 'serverHello'>;

/** Is the extension in the last ClientHello? Undefined where that was not captured. Decodes it: not for every connection. */
export const isOffered = ({ clientHello }: Hellos, type: number): boolean | undefined =>
  clientHello?.extensions.some((extension) => extension.type === type);

/** Is it in the ServerHello? */
export const isAnswered = ({ serverHello }: Hellos, type: number): boolean | undefined =>
  serverHello?.extensions.some((extension) => extension.type === type);

const REFUSALS = [UNSUPPORTED_EXTENSION, ILLEGAL_PARAMETER, HANDSHAKE_FAILURE];

/** The alert with which a client up to TLS 1.2 gave up on the server's first flight, if it can be about an extension. */
export function refusalOfServerHello(history: ConnectionHistory): AlertFact | undefined {
  if (history.stage !== 'server-flight' && history.stage !== 'client-flight') return undefined;
  const alert = endingOf(history)?.alert;
  return alert?.from === 'client' && REFUSALS.includes(alert.description ?? 0) ? alert : undefined;
}
