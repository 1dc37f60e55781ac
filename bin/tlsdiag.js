#!/usr/bin/env node
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

// A run lasts seconds, and the optimising compiler takes a large share of them: inlining less makes it finish sooner.
// Read when a function is compiled, so it may be set now.
setFlagsFromString('--max-inlined-bytecode-size-cumulative=300');

// New objects get two halves of up to 16 MiB by default, which is more than all that an analysis keeps. How large they
// may become is settled by now, but not how they grow: from 1 to 2 MiB at once, and no further.
setFlagsFromString('--semi-space-growth-factor=2');
const growing = setInterval(() => {
  const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
  if (young !== undefined && young.space_size < 4 * 1024 * 1024) return;
  setFlagsFromString('--semi-space-growth-factor=1');
  clearInterval(growing);
}, 5).unref();

// Old objects are collected once they have grown by a quarter: they are few, and the default waits for up to four times as many.
setFlagsFromString('--heap-growing-percent=25');

const { main } = await import('../dist/command/main.js');
process.exitCode = await main(process.argv.slice(2), process);
