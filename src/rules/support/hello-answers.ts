import { HELLO_VERIFY_REQUEST, SERVER_HELLO } from '../../model/code-points/handshake-types.ts';
import type { ConnectionHistory } from '../../model/history.ts';
import type { Nanos } from '../../model/time.ts';

/** How long the server’s first answer to a ClientHello took. */
export interface HelloAnswer {
  /** From the first transmission of the ClientHello. */
  readonly took: Nanos;
  /** It was sent once before the answer, so that this is a round trip; else nobody knows which one is answered. */
  readonly once: boolean;
}

/** Of the HelloVerifyRequest and the ServerHello of a DTLS handshake, where the capture has them and what they answer. */
export function helloAnswers({ messages, dtls }: ConnectionHistory): HelloAnswer[] {
  const hellos = dtls?.clientHellos ?? [];
  return messages.flatMap(({ from, type, nanos, packet }) => {
    if (from !== 'server' || (type !== SERVER_HELLO && type !== HELLO_VERIFY_REQUEST)) return [];
    const before = hellos.filter((one) => one.packet < packet);
    const first = before.findLast(({ retransmission }) => !retransmission);
    if (first === undefined) return [];
    return [{ took: nanos - first.nanos, once: first === before.at(-1) }];
  });
}

/** The shortest of these times; undefined of none. */
export function shortest(answers: readonly HelloAnswer[]): Nanos | undefined {
  return answers.length === 0 ? undefined : Math.min(...answers.map(({ took }) => took));
}
