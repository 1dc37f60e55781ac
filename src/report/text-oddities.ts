import type { AnalysisResult } from '../model/analysis.ts';
import type { SoundOddity } from '../model/sound-oddities.ts';
import { grouped, type Style, wrap } from './style.ts';

const NAMES: Readonly<Record<SoundOddity, string>> = {
  'repeated-flight': 'flights sent again',
  'hello-verify-request': 'HelloVerifyRequest',
  'hello-retry-request': 'HelloRetryRequest',
  'dummy-ccs': 'ChangeCipherSpec in TLS 1.3',
  'answered-close': 'close_notify answered by close_notify',
  'reset-after-close': 'RST after close_notify',
  'replayed-datagram': 'datagram that came twice',
};

interface Told {
  readonly ending: { readonly result: Pick<AnalysisResult, 'oddities'> };
  readonly style: Style;
}

/** One remark for all that somebody who looks at the packets might stumble over. */
export function oddityLines({ ending, style }: Told): string[] {
  const { oddities } = ending.result;
  if (oddities.length === 0) return [];
  const kinds = oddities.map(({ kind, connections }) => `${NAMES[kind]} (${grouped(connections)})`);
  return wrap(
    `normal, though it may look odd, by number of connections: ${kinds.join(', ')}`,
    style.width,
  );
}
