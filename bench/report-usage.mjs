// Loaded in front of the command that is measured: tells what the process used, on descriptor 3, when it ends.
import { readFileSync, writeSync } from 'node:fs';

process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  writeSync(3, JSON.stringify({ cpuMicros: userCPUTime + systemCPUTime, rssKib: peakKib(maxRSS) }));
});

/** Linux counts what the parent process had at the time of the fork into `maxRSS`, but not into VmHWM. */
function peakKib(otherwise) {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
  } catch {
    return otherwise;
  }
}
