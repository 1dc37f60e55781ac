import { quicVersionName } from '../model/code-points/quic-versions.ts';
import type { Ending } from './reporter.ts';
import { plural, type Style, wrap } from './style.ts';

/** Server names told; a browser's capture has hundreds. */
const NAMES_TOLD = 5;

/** QUIC connections in a line, so that nobody looks for them above. Nothing where there are none. */
export function quicLines({
  ending,
  style,
}: {
  readonly ending: Ending;
  readonly style: Style;
}): string[] {
  const { connections, omitted } = ending.result.quic;
  const count = connections.length + omitted;
  if (count === 0) return [];
  const names = [
    ...new Set(
      connections.map(({ clientHello, version }) =>
        style.fit(clientHello?.serverName ?? `QUIC ${quicVersionName(version)}`),
      ),
    ),
  ];
  const told = names.slice(0, NAMES_TOLD).join(', ') + (names.length > NAMES_TOLD ? ', ...' : '');
  return wrap(`${plural(count, 'QUIC connection')} (${told}): named, not analysed`, style.width);
}
