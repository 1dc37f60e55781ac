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
