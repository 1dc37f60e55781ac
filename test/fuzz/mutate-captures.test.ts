import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const script = fileURLToPath(new URL('mutate-captures.mjs', import.meta.url));

/** A short run, always the same; `npm run fuzz` makes longer ones. Works on what `npm run build` made. */
it('mutated captures break nothing', { timeout: 120_000 }, () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [script, '--runs', '300', '--seed', '1000000'],
    { encoding: 'utf8' },
  );
  expect(stdout + stderr).toMatch(/^fuzz: 300 executions from seed 1000000 in \d+ s, 0 failures;/);
  expect(status).toBe(0);
});
