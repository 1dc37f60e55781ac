import type { Ending } from './reporter.ts';
import { indented, plural, type Style } from './style.ts';

/** Comments told; who made more knows where they are. */
const COMMENTS_TOLD = 10;

/** What somebody noted in the captures, so that it stands beside what was found. Nothing where there is none. */
export function commentLines({
  ending,
  style,
}: {
  readonly ending: Ending;
  readonly style: Style;
}): string[] {
  const { captures } = ending.result;
  const all = captures.flatMap((capture) =>
    capture.comments.map(({ packet, text }) => ({ packet, text, path: capture.path })),
  );
  if (all.length === 0) return [];
  const place = (packet: number, path: string) => {
    const file = captures.length > 1 || packet === 0 ? style.fit(path) : '';
    return [file, packet === 0 ? '' : `packet ${packet}`].filter(Boolean).join(', ');
  };
  const told = all
    .slice(0, COMMENTS_TOLD)
    .map(({ packet, text, path }) => `${place(packet, path)}: ${style.fit(text)}`);
  const more = captures.reduce((sum, one) => sum + one.commentsOmitted, all.length) - told.length;
  if (more > 0) told.push(`${plural(more, 'more comment')}; --json has them`);
  return [style.paint.strong('comments in the capture'), ...indented(told, style.width)];
}
