/*
 * How probable a difference between two groups is if membership is chance. One-sided, exact, by logarithms of factorials.
 */

/** Stirling's series for ln n!; exact to 12 digits above its table. */
function logFactorial(n: number): number {
  if (n < SMALL.length) return SMALL[n] as number;
  const square = n * n;
  return (
    n * Math.log(n) -
    n +
    Math.log(2 * Math.PI * n) / 2 +
    (1 - (1 - 2 / (7 * square)) / (30 * square)) / (12 * n)
  );
}

const SMALL: readonly number[] = Array.from({ length: 32 }, (_, n) => {
  let sum = 0;
  for (let i = 2; i <= n; i++) sum += Math.log(i);
  return sum;
});

const logChoose = (n: number, k: number): number =>
  k < 0 || k > n
    ? Number.NEGATIVE_INFINITY
    : logFactorial(n) - logFactorial(k) - logFactorial(n - k);

/**
 * Fisher's exact test: of `with1 + with2` marked among all, at least `with1` fall into the first group by chance.
 *
 * @param all1 size of the first group; @param with1 how many of it are marked; the same for the second
 */
export function chanceOfSplit(all1: number, with1: number, all2: number, with2: number): number {
  const marked = with1 + with2;
  const whole = logChoose(all1 + all2, marked);
  let sum = 0;
  for (let k = with1; k <= Math.min(all1, marked); k++) {
    const term = Math.exp(logChoose(all1, k) + logChoose(all2, marked - k) - whole);
    sum += term;
    // Terms only fall from here on.
    if (term < sum * 1e-12 && k > (all1 * marked) / (all1 + all2)) break;
  }
  return Math.min(1, sum);
}

/** That the first group's members, in order of time among all, have at most this many of the second between them. */
export function chanceOfSpan(all1: number, all2: number, between: number): number {
  if (all1 < 2) return 1;
  const whole = logChoose(all1 + all2, all1);
  let sum = 0;
  for (let i = 0; i <= Math.min(between, all2); i++)
    sum += Math.exp(Math.log(all2 - i + 1) + logChoose(all1 - 2 + i, i) - whole);
  return Math.min(1, sum);
}

/**
 * Holm's correction: chances as they are after so many comparisons, in the order given.
 *
 * @param comparisons all that were made, those without a result included
 */
export function afterComparisons(chances: readonly number[], comparisons: number): number[] {
  const corrected = new Array<number>(chances.length).fill(1);
  const order = chances
    .map((_, place) => place)
    .sort((a, b) => (chances[a] ?? 1) - (chances[b] ?? 1));
  let highest = 0;
  order.forEach((place, rank) => {
    highest = Math.max(highest, Math.min(1, (chances[place] ?? 1) * (comparisons - rank)));
    corrected[place] = highest;
  });
  return corrected;
}
