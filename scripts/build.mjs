// Builds: the compiler writes one file for each source file (the library, its types, stack traces that map simply), then
// the command is bundled from them. Loading a hundred modules takes as long as analysing a small capture; one takes none.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { rolldown } from 'rolldown';

const compiler = 'node_modules/typescript/bin/tsc';
const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);

rmSync('dist/command', { recursive: true, force: true });
const bundle = await rolldown({
  input: 'dist/cli/main.js',
  platform: 'node',
  // Packages stay what they are: dependencies, found at run time.
  external: [/^[^./]/],
});
await bundle.write({
  dir: 'dist/command',
  format: 'esm',
  entryFileNames: 'main.js',
  // What only people read is parsed and kept in memory at each start, in two octets a character where one is beyond
  // Latin-1. Names stay, for stack traces.
  minify: { compress: false, mangle: false, codegen: true },
  charset: 'ascii',
});
await bundle.close();
