import type { ConnectionRows } from './connection-rows.ts';
import { plural, type Style, wrap } from './style.ts';

/** Connections with connection ids in a line, and how many went on elsewhere. Nothing where there are none. */
export function idLines(rows: ConnectionRows, style: Style): string[] {
  const { count, moved, first } = rows.ids;
  if (count === 0) return [];
  const named = first.map(({ id, ids }) => `${id}: ${ids}`).join(', ');
  const told = named + (count > first.length ? ', ...' : '');
  const more = moved === 0 ? '' : `; ${moved} went on from other addresses or ports`;
  return wrap(
    `${plural(count, 'connection')} with connection ids, to the server/to the client (${told})${more}`,
    style.width,
  );
}
