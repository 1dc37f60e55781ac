import type { ConnectionRows } from './connection-rows.ts';
import { plural, type Style, wrap } from './style.ts';

/** What an encrypted ClientHello means for the names above. Nothing where there is none, or none that matters. */
export function echLines({ ech }: ConnectionRows, style: Style): string[] {
  const texts = [
    ...(ech.accepted > 0
      ? [
          `${plural(ech.accepted, 'connection')} with an encrypted ClientHello that the server accepted: their names are the public ones of the server’s ECH configuration, and those asked for are not in the capture`,
        ]
      : []),
    ...(ech.offered > 0
      ? [
          `${plural(ech.offered, 'connection')} with an encrypted ClientHello or with GREASE, which looks the same: without secrets nobody can tell whether their names are those asked for`,
        ]
      : []),
  ];
  return texts.flatMap((text) => wrap(text, style.width));
}
