// Builds: the compiler writes one file for each source file (the library, its types, stack traces that map simply), then
// the command is bundled from them. Loading a hundred modules takes as long as analysing a small capture; one takes none.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
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
  preserveEntrySignatures: 'allow-extension',
  checks: { ineffectiveDynamicImport: false },
  // Text that was compiled earlier has lost what `import()` starts from: bin/load.js stands in.
  plugins: [
    {
      name: 'import-package',
      renderChunk: (code) => code.replaceAll(/\bimport\((?=["'`])/g, 'importPackage('),
    },
  ],
});
await bundle.write({
  dir: 'dist/command',
  format: 'cjs',
  entryFileNames: 'main.cjs',
  chunkFileNames: '[name].cjs',
  // One function a file, which bin/load.js calls.
  banner: '(function (exports, require, importPackage, __filename) { "use strict";',
  footer: '})',
  // What nearly every run needs is one file, for calls between files are dearer; other outputs and what checks files
  // stay apart.
  codeSplitting: {
    includeDependenciesRecursively: false,
    groups: [{ name: 'engine', test: isOfEngine }],
  },
  // What only people read is parsed and kept in memory at each start, in two octets a character where one is beyond
  // Latin-1. Names stay, for stack traces.
  minify: { compress: false, mangle: false, codegen: true },
  charset: 'ascii',
});
await bundle.close();
await keepCompiled();

function isOfEngine(path) {
  const [room, file] = path.split(/[\\/]/).slice(-2);
  if (room === 'report') return !/^(schema|html|markdown|document|sarif|printable)/.test(file);
  if (room === 'cli') return !/^(main|version|usage-error|status)/.test(file);
  return room !== 'checks';
}

// Analyses a few samples, then leaves what became of the command's text beside it: see bin/load.js.
async function keepCompiled() {
  const { load, scripts } = await import('../bin/load.js');
  // What ran once and long ago would be thrown away, such as what sets everything up.
  setFlagsFromString('--no-flush-bytecode');
  const { main } = load('main.cjs');
  const nowhere = { write: () => true };
  const streams = { stdin: process.stdin, stdout: nowhere, stderr: nowhere, env: {} };
  const samples = [
    'go-panic-single',
    'dtls-late-close-notify-in-handshake',
    'tls-stacks',
    'tls-psk-mismatch',
  ];
  for (const name of samples.filter((name) => existsSync(`samples/${name}`))) {
    for (const format of ['text', 'ndjson', 'json']) {
      const words = ['analyze', `samples/${name}`, '--format', format, '--fail-on', 'never'];
      const status = await main(words, streams);
      if (status !== 0) throw new Error(`${words.join(' ')}: exit status ${status}`);
    }
  }
  setFlagsFromString('--flush-bytecode');
  for (const { path, script } of scripts())
    writeFileSync(`${path}.cache`, script.createCachedData());
}
