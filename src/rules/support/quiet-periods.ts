import type { CaptureIndex } from '../../model/capture-index.ts';
import { formatDuration, MILLISECOND, SECOND } from '../../model/time.ts';

type Table = readonly (readonly string[])[];

/** Candidates for how long a closed 5-tuple is left alone; the last is twice the usual maximum segment lifetime. */
const QUIET_PERIODS = [
  100 * MILLISECOND,
  250 * MILLISECOND,
  500 * MILLISECOND,
  SECOND,
  2 * SECOND,
  5 * SECOND,
  10 * SECOND,
  30 * SECOND,
  60 * SECOND,
  240 * SECOND,
];

const tables = new WeakMap<CaptureIndex, Table>();

/**
 * How many of the closing alerts that followed the peer's each quiet period would have absorbed, up to the first that
 * absorbs all, with the longest delay itself before that. Undefined where the capture lists none.
 */
export function quietPeriods(index: CaptureIndex): Table | undefined {
  const known = tables.get(index);
  if (known !== undefined) return known;
  const delays = index.lateCloses.map(({ lateNanos }) => lateNanos);
  if (delays.length === 0) return undefined;
  const longest = delays.reduce((a, b) => Math.max(a, b), 0);
  const absorbed = (period: number): string =>
    `${delays.filter((delay) => delay <= period).length} of ${delays.length}`;
  const shorter = QUIET_PERIODS.filter((period) => period < longest);
  const enough = QUIET_PERIODS[shorter.length];
  const table: Table = [
    ['quiet period after the close', 'closing alerts of the peer that fall into it'],
    ...shorter.map((period) => [formatDuration(period), absorbed(period)]),
    [`${formatDuration(longest)} (the longest seen)`, absorbed(longest)],
    ...(enough === undefined ? [] : [[formatDuration(enough), absorbed(enough)]]),
  ];
  tables.set(index, table);
  return table;
}
