/** Tests of bounds that prove that the bound is what they reach: each is told twice, with the bound and without it. */
import { expect, it } from 'vitest';
import { LIMITS } from '../../src/model/limits.ts';

/** The name of a bound. */
export type Bound = keyof typeof LIMITS;

const limits: Record<string, number> = LIMITS;
const given: Readonly<Record<Bound, number>> = { ...LIMITS };

/** Does a task with bounds set otherwise, and sets them back. */
export async function withBounds<Result>(
  bounds: Partial<Record<Bound, number>>,
  task: () => Result | Promise<Result>,
): Promise<Result> {
  const before = { ...limits };
  try {
    Object.assign(limits, bounds);
    return await task();
  } finally {
    Object.assign(limits, before);
  }
}

/**
 * A test of what happens where a bound is reached. The story is told with the bound set to `small`, which it gets and goes
 * beyond, and has to hold. Then it is told again with the bound as it is given, or a thousandfold where `small` is that
 * already: now it must not hold, or it was not about this bound.
 */
export function reaches(
  name: Bound,
  small: number,
  title: string,
  story: (bound: number) => void | Promise<void>,
): void {
  it(`${title} (${name})`, async () => {
    await withBounds({ [name]: small }, () => story(small));
    const other = small === given[name] ? 1024 * small : given[name];
    const failure = await withBounds({ [name]: other }, () => failureOf(() => story(small)));
    expect(failure, `holds without the bound ${name} as well`).toMatch(/^AssertionError/);
  });
}

let loads = 0;
/** A module of `src` that works something out of bounds when it is loaded, loaded once more. */
export const afresh = (path: string) =>
  import(/* @vite-ignore */ `${import.meta.dirname}/../../src/${path}?${++loads}`);

async function failureOf(task: () => void | Promise<void>): Promise<string> {
  try {
    await task();
    return 'none';
  } catch (error) {
    return String(error instanceof Error ? `${error.name}: ${error.message}` : error);
  }
}
