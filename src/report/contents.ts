import type { AnalysisResult } from '../model/analysis.ts';
import { plural } from './style.ts';

/** Kinds of packets named one by one. */
const KINDS_LIMIT = 8;

/** What there is instead of TLS and DTLS, in a sentence, so that a user sees why nothing was judged. */
export function contentsText({ captures, packets, flows, tcpStreams }: AnalysisResult): string {
  if (packets === 0) return 'It holds no packet.';
  const udpFlows = flows - tcpStreams;
  const kinds = new Map<string, number>();
  for (const { kind, packets } of captures.flatMap(({ passedOver = [] }) => passedOver))
    kinds.set(kind, packets + (kinds.get(kind) ?? 0));
  const named = [...kinds].sort(([, a], [, b]) => b - a);
  const rest = named.slice(KINDS_LIMIT);
  const parts = [
    ...(tcpStreams > 0 ? [`${plural(tcpStreams, 'TCP stream')} without TLS`] : []),
    ...(udpFlows > 0 ? [`${plural(udpFlows, 'UDP flow')} without DTLS`] : []),
    ...named
      .slice(0, KINDS_LIMIT)
      .map(([kind, packets]) => `${plural(packets, 'packet')} of ${kind}`),
    ...(rest.length > 0 ? [plural(rest.length, 'further kind')] : []),
  ];
  return parts.length === 0 ? 'No packet led to TCP or UDP.' : `It holds ${parts.join(', ')}.`;
}
