// Builds after an install, so that `npm ci` alone leaves a command that runs. An install without development
// packages has no compiler: then a build that is already there is used, and a missing one is said in one line.
import { existsSync } from 'node:fs';

if (existsSync('node_modules/typescript') && existsSync('node_modules/rolldown')) {
  await import('./build.mjs');
} else if (!existsSync('dist/index.js')) {
  console.log('tlsdiag: not built (no compiler installed); run `npm ci` with development packages');
}
