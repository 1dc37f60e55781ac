import { EC_POINT_FORMATS, PSK_KEY_EXCHANGE_MODES } from '../../model/code-points/extensions.ts';
import { TLS_1_3, tlsEquivalent } from '../../model/code-points/versions.ts';
import type { ClientHello, Extension, ServerHello } from '../../model/message.ts';
import type { StackGuess, StackName } from '../../model/stack.ts';
import { CLIENT_HABITS } from './client-habits.ts';
import type { Habit, Topic } from './habit.ts';
import { SERVER_HABITS, type ServerContext } from './server-habits.ts';

/** The stack for which two topics speak, and more than twice as many as for any other; undefined where none is. */
function guess<View>(habits: readonly Habit<View>[], view: View): StackGuess | undefined {
  const shown = habits.filter((habit) => habit.shows(view));
  const topics = new Map<StackName, Set<Topic>>();
  for (const { stack, topic } of shown)
    topics.set(stack, (topics.get(stack) ?? new Set()).add(topic));
  const [best, next] = [...topics].sort(([, a], [, b]) => b.size - a.size);
  if (best === undefined || best[1].size < 2) return undefined;
  if ((next?.[1].size ?? 0) * 2 >= best[1].size) return undefined;
  const [stack] = best;
  return {
    stack,
    habits: shown
      .filter((habit) => habit.stack === stack)
      .map(({ topic, text }) => `${topic}: ${text}`),
  };
}

const bodyOf = (extensions: readonly Extension[], wanted: number): string =>
  (extensions.find(({ type }) => type === wanted)?.data ?? []).join();

const typesOf = (extensions: readonly Extension[]): readonly number[] =>
  extensions.map(({ type }) => type);

/** @param hasTime the first four octets of the random are about the time of the capture */
export function guessClient(hello: ClientHello, hasTime: boolean): StackGuess | undefined {
  return guess(CLIENT_HABITS, {
    extensions: typesOf(hello.extensions),
    suites: hello.cipherSuites,
    signatures: hello.signatureAlgorithms,
    groups: hello.supportedGroups,
    pointFormats: bodyOf(hello.extensions, EC_POINT_FORMATS),
    pskModes: bodyOf(hello.extensions, PSK_KEY_EXCHANGE_MODES),
    versions: hello.versions,
    hasTime,
  });
}

/** TLS 1.3 shows two extensions in the clear, which is too little. */
export function guessServer(hello: ServerHello, context: ServerContext): StackGuess | undefined {
  if (tlsEquivalent(hello.version) >= TLS_1_3) return undefined;
  return guess(SERVER_HABITS, {
    extensions: typesOf(hello.extensions),
    pointFormats: bodyOf(hello.extensions, EC_POINT_FORMATS),
    sessionIdOctets: hello.sessionId.length,
    ...context,
  });
}
