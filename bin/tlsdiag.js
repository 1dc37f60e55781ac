#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';

// A run lasts seconds, and the optimising compiler takes a large share of them: inlining less makes it finish sooner.
// Read when a function is compiled, so it may be set now.
setFlagsFromString('--max-inlined-bytecode-size-cumulative=300');

const { main } = await import('../dist/command/main.js');
process.exitCode = await main(process.argv.slice(2), process);
