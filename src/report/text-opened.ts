import { type Obstacle, SECRET_SOURCES, type SecretSource } from '../model/decryption.ts';
import type { ConnectionRows, Hindered } from './connection-rows.ts';
import { plural, type Style, wrap } from './style.ts';

/** What kept records from being opened, and what would help. */
const OBSTACLE_TEXTS: Readonly<Record<Obstacle, string>> = {
  'no-matching-secret':
    'no secret was given for them; set SSLKEYLOGFILE before the program starts, on either side, and give the log of this very run',
  'label-missing':
    'the key log knows their random, but not the secret that is needed; some stacks write only a part of the lines',
  'start-not-captured':
    'their hellos are not in the capture, so that no secret can be found for them; start the capture first',
  'resumed-without-original':
    'they resume sessions whose first handshake is not in the capture; give a key log, or capture from the first handshake on',
  'rsa-key-not-enough':
    'their key exchange has forward secrecy, which an RSA key does not undo; give a key log',
  'psk-not-enough':
    'their key exchange needs another secret beside the pre-shared key; give a key log',
  'lost-bytes':
    'octets are missing from the capture, and behind them no number that a record may have opens it; capture with a larger buffer (tcpdump -B)',
  'cipher-unsupported': 'this machine, or this version, lacks their cipher',
  'secret-does-not-fit':
    'not one record opens under the secret that was given for them: it is that of another run or another side, or a key that was mistyped',
};

/** With secrets: how much they opened, and what kept the rest shut. Nothing without. */
export function openedLines(rows: ConnectionRows, style: Style): string[] {
  const { connections, authenticated, failed, skipped } = rows.opened;
  const { obstacles } = rows;
  if (authenticated + failed + skipped === 0 && obstacles.length === 0) return [];
  const parts = [
    authenticated === 0
      ? 'no protected record opened'
      : `${plural(authenticated, 'protected record')} of ${plural(connections, 'connection')} opened${sourceText(rows)}`,
    ...(failed > 0 ? [`${failed} did not authenticate`] : []),
    ...(skipped > 0 ? [`${skipped} could not be tried`] : []),
  ];
  const lines = wrap(parts.join(', '), style.width);
  if (obstacles.length === 0) return lines;
  return [
    ...lines,
    style.paint.strong('not opened'),
    ...obstacles.flatMap(([obstacle, hindered]) => obstacleLines(obstacle, hindered, style)),
  ];
}

/** ` by a key log`; with the connections of each where there are several kinds. */
function sourceText({ opened: { by } }: ConnectionRows): string {
  const used = SECRET_SOURCES.filter((source) => by[source] > 0);
  const parts = used.map((source) =>
    used.length === 1 ? SOURCES[source] : `${SOURCES[source]} (${by[source]})`,
  );
  return parts.length === 0 ? '' : ` by ${parts.join(', ')}`;
}

const SOURCES: Readonly<Record<SecretSource, string>> = {
  'key-log': 'a key log',
  'rsa-key': 'an RSA key',
  psk: 'a PSK',
};

function obstacleLines(obstacle: Obstacle, { count, first }: Hindered, style: Style): string[] {
  const ids = first.map(({ id }) => id);
  const named = `${ids.join(', ')}${count > ids.length ? ', ...' : ''}`;
  const details = new Set(first.flatMap(({ detail }) => (detail === undefined ? [] : [detail])));
  const more = details.size > 0 ? ` (${[...details].map((one) => style.fit(one)).join('; ')})` : '';
  const text = `${obstacle}, ${plural(count, 'connection')} (${named}): ${OBSTACLE_TEXTS[obstacle]}${more}`;
  return wrap(text, style.width - 4).map((line, index) =>
    index === 0 ? `  ${line}` : `    ${line}`,
  );
}
