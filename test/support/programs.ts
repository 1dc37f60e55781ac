import { spawnSync } from 'node:child_process';

/** Whether these programs are on this machine; says which tests are skipped when one is not. */
export function haveAll(...programs: readonly string[]): boolean {
  const missing = programs.filter(
    (program) => spawnSync(program, ['--version']).error !== undefined,
  );
  if (missing.length > 0) console.log(`skipped: ${missing.join(', ')} not installed`);
  return missing.length === 0;
}

/** Runs a program of the system on `input` and gives what it wrote. */
export function runProgram(
  program: string,
  words: readonly string[],
  input: Uint8Array = new Uint8Array(0),
): Buffer {
  const ran = spawnSync(program, words, { input, maxBuffer: 1 << 30 });
  if (ran.status !== 0) throw new Error(`${program} ${words.join(' ')}: ${ran.stderr}`);
  return ran.stdout;
}
