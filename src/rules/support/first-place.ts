/** The first of the places 0 to `count` - 1 from which on this holds; `count` where it does not. */
export function firstPlace(count: number, holds: (at: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
