import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

// The optimising compiler takes a large share of a run of seconds: inlining less makes it finish sooner.
// Read when a function is compiled, so it may be set now.
setFlagsFromString('--max-inlined-bytecode-size-cumulative=300');

// New objects get two halves of up to 16 MiB by default, which is more than all that an analysis keeps. How large they
// may become is settled by now, but not how they grow: from 1 to 2 MiB at once; tlsdiag.js sees that it is no further.
setFlagsFromString('--semi-space-growth-factor=2');

// Old objects are collected once they have grown by a quarter: they are few, and the default waits for up to four times as many.
setFlagsFromString('--heap-growing-percent=25');

const folder = fileURLToPath(new URL('../dist/command/', import.meta.url));
const packages = createRequire(import.meta.url);
const modules = new Map();

/**
 * Loads one file of the built command, and what it requires of the others.
 *
 * Half the time of a small analysis goes into compiling the command. So the build leaves beside a file what the engine
 * made of it (`*.cache`), which is taken if engine and flags are the same, hence the flags above; else it is compiled.
 */
export function load(name) {
  const known = modules.get(name);
  if (known !== undefined) return known.exports;
  const filename = folder + name;
  const script = new Script(readFileSync(filename, 'latin1'), {
    filename,
    cachedData: cached(`${filename}.cache`),
  });
  const module = { exports: {}, script };
  modules.set(name, module);
  const require = (id) => (id.startsWith('./') ? load(id.slice(2)) : packages(id));
  script.runInThisContext()(module.exports, require, (id) => import(id), filename);
  return module.exports;
}

function cached(path) {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** The files loaded so far, for the build, which keeps what became of them. */
export function scripts() {
  return [...modules].map(([name, { script }]) => ({ path: folder + name, script }));
}
