// Opens what record.mjs recorded and says how much of it authenticates:
//
//   npm run build && node samples/suites/check.mjs FOLDER
//
// One row per stack and version. A connection counts when it is established, every protected record of it authenticated,
// none was left out, and both Finished verify; no finding above info may be about it. Ends with status 1 unless that holds for all.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ONE_RUN = { timeout: 120_000, maxBuffer: 1 << 28 };
/** Of each kind of complaint so many cases are named. */
const CASES_NAMED = 5;
const tlsdiag = fileURLToPath(new URL('../../bin/tlsdiag.js', import.meta.url));
const [folder] = process.argv.slice(2);
if (!folder) throw new Error('check.mjs FOLDER');

const cases = readFileSync(join(folder, 'index.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

const isLoud = ({ severity }) => severity !== 'info';

async function reportOf({ file, keys }) {
  const secrets = keys ? ['--keylog', join(folder, keys)] : [];
  const args = [tlsdiag, 'analyze', join(folder, file), ...secrets, '--json', '--fail-on', 'never'];
  const { stdout } = await promisify(execFile)(process.execPath, args, ONE_RUN);
  return JSON.parse(stdout);
}

/** What is wrong with a connection; nothing when it is as it should be. */
function complaint({ outcome, decryption }) {
  if (outcome !== 'established') return outcome;
  if (!decryption) return 'no secrets used';
  const { authenticated, failed, skipped, finished } = decryption;
  if (failed > 0 || skipped > 0) return `${failed} failed, ${skipped} skipped`;
  if (authenticated === 0) return 'nothing authenticated';
  const [client, server] = [finished?.client, finished?.server];
  return client && server ? undefined : `Finished of client ${client}, of server ${server}`;
}

function judge(one, report) {
  const own = report.connections.filter(({ server }) => server.port === one.port);
  const ids = new Set(own.map(({ id }) => id));
  const findings = report.findings.filter(
    (finding) => isLoud(finding) && finding.connections.some((id) => ids.has(id)),
  );
  const complaints = [
    ...own.flatMap((connection) => complaint(connection) ?? []),
    ...findings.map(({ rule }) => `finding ${rule}`),
    ...(own.length === one.connections ? [] : [`${own.length} connections`]),
  ];
  return { good: own.filter((connection) => !complaint(connection)).length, complaints };
}

const rows = new Map();
const complaints = new Map();
const files = [...new Map(cases.map((one) => [one.file, one])).values()];

async function work() {
  for (let next = files.shift(); next; next = files.shift()) {
    const report = await reportOf(next);
    for (const one of cases.filter(({ file }) => file === next.file)) {
      const verdict = judge(one, report);
      const key = `${one.stack} ${one.version}`;
      const row = rows.get(key) ?? { cases: 0, connections: 0, authenticated: 0 };
      rows.set(key, row);
      row.cases += 1;
      row.connections += one.connections;
      row.authenticated += verdict.good;
      for (const text of new Set(verdict.complaints)) {
        const named = complaints.get(text) ?? [];
        complaints.set(text, named);
        named.push(`${key} ${one.suite} ${JSON.stringify(one.options)}`);
      }
    }
  }
}

await Promise.all(Array.from({ length: availableParallelism() }, work));
console.table(Object.fromEntries([...rows].sort()));
for (const [text, named] of complaints) {
  console.log(`${text}: ${named.length} cases`);
  for (const name of named.slice(0, CASES_NAMED)) console.log(`  ${name}`);
}
const sum = (of) => [...rows.values()].reduce((total, row) => total + row[of], 0);
console.log(
  `${sum('authenticated')} of ${sum('connections')} connections fully authenticated, both Finished verified`,
);
process.exitCode = complaints.size > 0 ? 1 : 0;
