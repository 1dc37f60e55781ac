// Analyses mutated captures and checks that nothing breaks: no exception, no fault of the tool, reports of the right shape
// whatever the sizes of the pieces read, within bounds of time and memory. A process of its own does the work, so that a
// hang can be ended and named.
//
//   npm run fuzz                          2,000 mutations of the samples
//   npm run fuzz -- --runs N --seed S     others; the seed of the first one is S, of the next S + 1, …
//   npm run fuzz -- --replay S            one of them again, with what was done to it
import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadSamples, MAX_RSS_OCTETS, MAX_SECONDS, mutatedCapture, runSeed } from './one-run.mjs';

/** Three analyses are made of each capture, and one in pieces of an octet. */
const PATIENCE_SECONDS = 4 * MAX_SECONDS;
const FAILURES_TOLD = 20;

const script = fileURLToPath(import.meta.url);
const captures = loadSamples();
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    replay: { type: 'string' },
    child: { type: 'boolean', default: false },
  },
});
if (values.child) await work(Number(values.seed), Number(values.runs));
else if (values.replay !== undefined) process.exitCode = await replay(Number(values.replay));
else process.exitCode = await supervise(Number(values.seed), Number(values.runs));

/** In the child: runs seed after seed and says so before and after each. */
async function work(first, runs) {
  for (let seed = first; seed < first + runs; seed++) {
    process.send({ seed });
    const began = performance.now();
    const complaints = await runSeed(seed, captures);
    const rss = process.memoryUsage.rss();
    if (rss > MAX_RSS_OCTETS) complaints.push(`the process takes ${Math.round(rss / 2 ** 20)} MiB`);
    process.send({ seed, complaints, millis: performance.now() - began, rss });
    // Memory cannot be told apart any more between this seed and the next ones: begin afresh.
    if (rss > MAX_RSS_OCTETS) process.exit();
  }
  process.disconnect();
}

/** Has a child run the seeds, and another the rest whenever one hangs or dies. */
async function supervise(first, runs) {
  const total = { runs: 0, slowest: { millis: 0 }, rss: 0, failures: [] };
  const began = performance.now();
  for (let next = first; next < first + runs; )
    next = await untilTrouble(next, first + runs, total);
  const seconds = (performance.now() - began) / 1000;
  const { failures, slowest } = total;
  console.log(
    `fuzz: ${total.runs} executions from seed ${first} in ${seconds.toFixed(0)} s, ${failures.length} failures; ` +
      `slowest ${slowest.millis.toFixed(0)} ms (seed ${slowest.seed}), at most ${Math.round(total.rss / 2 ** 20)} MiB`,
  );
  return failures.length === 0 ? 0 : 1;
}

/** @returns the seed to go on with */
function untilTrouble(from, end, total) {
  return new Promise((resolve) => {
    const child = fork(script, ['--child', '--seed', `${from}`, '--runs', `${end - from}`]);
    let seed = from;
    let done = from;
    let hung = false;
    let timer;
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        hung = true;
        child.kill('SIGKILL');
      }, PATIENCE_SECONDS * 1000);
    };
    wait();
    child.on('message', (said) => {
      wait();
      seed = said.seed;
      if (said.complaints === undefined) return;
      done = seed + 1;
      total.runs++;
      total.rss = Math.max(total.rss, said.rss);
      if (said.millis > total.slowest.millis) total.slowest = said;
      if (said.complaints.length > 0) fail(seed, said.complaints, total);
    });
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      if (done > seed) return resolve(done);
      total.runs++;
      const words = hung
        ? `no answer within ${PATIENCE_SECONDS} s`
        : `the process ended (${signal ?? code})`;
      fail(seed, [words], total);
      resolve(seed + 1);
    });
  });
}

function fail(seed, complaints, { failures }) {
  failures.push(seed);
  if (failures.length > FAILURES_TOLD) return;
  const { octets, steps } = mutatedCapture(seed, captures);
  const file = join(tmpdir(), `tlsdiag-fuzz-${seed}.pcap`);
  writeFileSync(file, octets);
  console.log(`seed ${seed} (${steps.join(', ')}), kept as ${file}`);
  for (const complaint of complaints) console.log(`  ${complaint.replaceAll('\n', '\n  ')}`);
  console.log(`  again: npm run fuzz -- --replay ${seed}`);
}

async function replay(seed) {
  const total = { failures: [] };
  const complaints = await runSeed(seed, captures);
  if (complaints.length > 0) fail(seed, complaints, total);
  else
    console.log(
      `seed ${seed} (${mutatedCapture(seed, captures).steps.join(', ')}): nothing to complain about`,
    );
  return complaints.length === 0 ? 0 : 1;
}
