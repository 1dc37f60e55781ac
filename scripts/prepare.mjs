// Builds after an install, so that `npm ci` alone leaves a command that runs. An install without development
// packages has no compiler: then a build that is already there is used, and a missing one is said in one line.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const compiler = 'node_modules/typescript/bin/tsc';
if (existsSync(compiler)) {
  const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} else if (!existsSync('dist/index.js')) {
  console.log('tlsdiag: not built (no compiler installed); run `npm ci` with development packages');
}
