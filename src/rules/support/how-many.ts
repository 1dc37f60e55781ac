/**
 * How many of something there are, in words.
 *
 * @param one what to say of a single one, `several` of more, behind their number
 * @param omitted how many were counted only and may be of the same kind
 */
export function howMany(count: number, one: string, several: string, omitted: number): string {
  const told = count === 1 ? one : `${count} ${several}`;
  return omitted > 0 ? `at least ${told}` : told;
}

/** `1 record`, `3 records`. */
export const counted = (count: number, one: string, several = `${one}s`): string =>
  `${count} ${count === 1 ? one : several}`;

/** How unlikely chance is, where one of so many trials matched. */
export const byChance = (trials: number, oddsLog2: number): string =>
  `by chance ${trials === 1 ? 'that would be so' : `one of ${trials} trials would do that`} in one of 2^${-oddsLog2} cases`;
