import { CLIENT_KEY_EXCHANGE, SERVER_HELLO_DONE } from '../../model/code-points/handshake-types.ts';
import type { DtlsAnomaly } from '../../model/dtls-facts.ts';
import type { ConnectionHistory, Role } from '../../model/history.ts';
import { MILLISECOND, type Nanos } from '../../model/time.ts';
import { helloAnswers, shortest } from './hello-answers.ts';

/** An answer to close_notify is prompt within this, whatever the path: a busy client takes as long to read it. */
const PROMPT = 50 * MILLISECOND;
/** The same where the capture does not show how fast the path is. */
const PROMPT_ON_UNKNOWN_PATH = 200 * MILLISECOND;

/** How long a side took to answer in the handshake, as this capture point sees it; undefined if not seen. */
function turnaround(history: ConnectionHistory, side: Role): Nanos | undefined {
  if (side === 'server') return shortest(helloAnswers(history));
  const { messages } = history;
  const done = messages.find(({ type }) => type === SERVER_HELLO_DONE);
  const answer = messages.find(({ type }) => type === CLIENT_KEY_EXCHANGE);
  if (done === undefined || answer === undefined || answer.nanos < done.nanos) {
    return undefined;
  }
  return answer.nanos - done.nanos;
}

/** Did the closing alert follow the peer's as fast as an answer does on this path? */
export function isPromptAnswer(
  history: ConnectionHistory,
  { record, sincePeerClose }: DtlsAnomaly,
): boolean {
  if (sincePeerClose === undefined) return false;
  const usual = turnaround(history, record.from);
  const prompt = usual === undefined ? PROMPT_ON_UNKNOWN_PATH : Math.max(PROMPT, 4 * usual);
  return sincePeerClose <= prompt;
}
