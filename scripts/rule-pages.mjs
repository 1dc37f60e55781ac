// Writes what follows from rules and samples: which samples show which rule (a table in the source), and a page for each
// rule, with the text of `tlsdiag explain`; and the lists of the README. Tests fail when any of it is out of date.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const SECRETS = [
  ['findings', () => ''],
  ['findingsWithKeys', (sample) => `--keylog samples/${sample}/keys.log`],
  ['findingsWithServerKey', (sample) => `--rsa-key samples/${sample}/server.key`],
];

/** Samples named for a rule, of those that need secrets and of the others. */
const MOST = 3;

/** @returns {Map<string, {capture: string, secrets: string}[]>} by rule, in the order of rules and samples */
function samplesOfRules() {
  const byRule = new Map();
  for (const [sample, expected] of expectations()) {
    const told = new Set();
    for (const [part, secretsOf] of SECRETS)
      for (const { rule } of expected[part] ?? []) {
        // Once without secrets is enough; with them only what needs them.
        if (told.has(rule)) continue;
        told.add(rule);
        const shown = { capture: `samples/${sample}/capture.pcap`, secrets: secretsOf(sample) };
        const known = byRule.get(rule) ?? [];
        const alike = known.filter(({ secrets }) => (secrets === '') === (shown.secrets === ''));
        if (alike.length < MOST) byRule.set(rule, [...known, shown]);
      }
  }
  return new Map([...byRule].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Samples that show little else come first. */
function expectations() {
  const count = ({ findings = [], findingsWithKeys = [] }) =>
    findings.length + findingsWithKeys.length;
  return readdirSync('samples')
    .filter((sample) => existsSync(`samples/${sample}/expected.json`))
    .sort()
    .map((sample) => [sample, JSON.parse(readFileSync(`samples/${sample}/expected.json`, 'utf8'))])
    .sort(([, a], [, b]) => count(a) - count(b));
}

const table = [...samplesOfRules()].map(
  ([rule, shown]) => `  '${rule}': ${JSON.stringify(shown)},`,
);
writeFileSync(
  'src/rules/rule-samples.ts',
  `// Written by scripts/rule-pages.mjs from samples/*/expected.json.
import type { RuleSample } from '../model/rule.ts';

/** Captures of the project that show a rule, and the options with the secrets that it takes. */
export const RULE_SAMPLES: Readonly<Record<string, readonly RuleSample[]>> = {
${table.join('\n')}
};
`,
);
run('node_modules/.bin/biome', ['check', '--write', 'src/rules/rule-samples.ts']);
run(process.execPath, ['scripts/build.mjs']);

const { RULES } = await import('../dist/pipeline/analysis.js');
const { rulePage, ruleIndex } = await import('../dist/report/rule-page.js');
rmSync('docs/rules', { recursive: true, force: true });
mkdirSync('docs/rules');
for (const rule of RULES) writeFileSync(`docs/rules/${rule.id}.md`, rulePage(rule));
writeFileSync('docs/rules/README.md', ruleIndex(RULES));

function run(command, argv) {
  const { status } = spawnSync(command, argv, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) process.exit(status ?? 1);
}

// The lists of the README: each has the rules of one group.
const row = ({ id, severity, title }) => `| \`${id}\` | ${severity} | ${title} |\n`;
const lists = /(?:^\| `[a-z0-9-]+` \| \w+ \| .* \|\n)+/gm;
const readme = readFileSync('README.md', 'utf8').replace(lists, (list) => {
  const [, first] = /`([a-z0-9-]+)`/.exec(list);
  const group = RULES.find(({ id }) => id === first)?.group;
  return RULES.filter((rule) => rule.group === group)
    .map(row)
    .join('');
});
writeFileSync('README.md', readme);
