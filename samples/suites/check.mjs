// Opens what record.mjs recorded and says how much of it authenticates:
//
//   npm run build && node samples/suites/check.mjs FOLDER
//
// One row per stack and version. A connection counts when it is established, every protected record of it authenticated,
// and none was left out; no finding above info may be about it. Ends with status 1 unless that holds for all.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ONE_RUN = { timeout: 120_000, maxBuffer: 1 << 28 };
const COMPLAINTS_SHOWN = 40;
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
  const { authenticated, failed, skipped } = decryption;
  if (failed > 0 || skipped > 0) return `${failed} failed, ${skipped} skipped`;
  return authenticated > 0 ? undefined : 'nothing authenticated';
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
const complaints = [];
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
      for (const text of new Set(verdict.complaints))
        complaints.push(`${key} ${one.suite} ${JSON.stringify(one.options)}: ${text}`);
    }
  }
}

await Promise.all(Array.from({ length: availableParallelism() }, work));
console.table(Object.fromEntries([...rows].sort()));
for (const line of complaints.slice(0, COMPLAINTS_SHOWN)) console.log(line);
if (complaints.length > COMPLAINTS_SHOWN)
  console.log(`and ${complaints.length - COMPLAINTS_SHOWN} more`);
const sum = (of) => [...rows.values()].reduce((total, row) => total + row[of], 0);
console.log(`${sum('authenticated')} of ${sum('connections')} connections fully authenticated`);
process.exitCode = complaints.length > 0 ? 1 : 0;
