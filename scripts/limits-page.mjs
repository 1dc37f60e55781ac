// Writes docs/design/limits.md: every bound with its value, the rooms that keep to it, its reason and what happens there.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const TEXT = `# Limits

A capture is hostile input: whatever grows with it has a bound in \`src/model/limits.ts\`. A bound that is reached costs a
part of the analysis, never a crash and never an accusation: what was read before is reported, and what was not is a notice,
a count, a blind spot of the connection or a line of coverage. Where only work is saved (a cache, a room kept for the next
connection) nothing is said, since nothing is lost. Lists that a finding counts say "at least"; rules that have to know that
nothing else happened stay silent where it may have (\`completeUntil\`, \`randomsComparedUntil\`, \`issuedBy\`).

Each bound has a test that reaches it, by \`reaches\` in \`test/support/reaches.ts\`: the story of the test is told with the bound
set low, and has to hold; then with the bound as it is given, and must no longer hold. A test that does not depend on its bound
fails, and so does a bound without a test (\`test/properties/limits.test.ts\`). The same file sets each bound to one over the
samples: nobody may be accused of anything that was not said before. A part that works something out of a bound when it is
loaded is loaded again for the test.

\`bench/floods.mjs\` pipes n and 2n of some hundred things into the command (connections refused, begun, failed, complete,
each from another client, to another server, or all on one 5-tuple; records, alerts and messages of one connection; what
pcapng carries) and tells the peak of memory for both: where a bound was reached in between, the second costs no more.

This page is written by \`npm run pages\`.

| bound | value | rooms | reason, and what happens there |
|---|---|---|---|
`;

/** @returns {string} the page, from the source of the limits and of what uses them */
export function limitsPage() {
  const source = readFileSync('src/model/limits.ts', 'utf8');
  const rooms = roomsOf();
  const rows = [];
  let comment = '';
  for (const [, block, line, name, value] of source.matchAll(
    /^ {2}\/\*\*\n((?: {3}\* .*\n)+) {3}\*\/$|^ {2}\/\*\* (.*) \*\/$|^ {2}(\w+): (.*),$/gm,
  )) {
    if (name === undefined) {
      const text = line ?? block.replace(/^ {3}\* /gm, '').replaceAll('\n', ' ');
      comment = text.trim().replaceAll('|', '\\|');
    } else rows.push(`| \`${name}\` | ${value} | ${rooms.get(name) ?? ''} | ${comment} |\n`);
  }
  return TEXT + rows.join('');
}

function roomsOf() {
  const rooms = new Map();
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && file !== 'model/limits.ts',
  );
  for (const file of files.map((one) => one.replaceAll('\\', '/')).sort()) {
    const text = readFileSync(`src/${file}`, 'utf8').replace(/\/\*\*[\s\S]*?\*\//g, '');
    for (const [, name] of text.matchAll(/\bLIMITS\.(\w+)/g)) {
      const known = rooms.get(name) ?? [];
      const [room] = file.split('/');
      if (!known.includes(room)) rooms.set(name, [...known, room]);
    }
  }
  return new Map([...rooms].map(([name, list]) => [name, list.join(', ')]));
}

if (process.argv[1]?.endsWith('limits-page.mjs'))
  writeFileSync('docs/design/limits.md', limitsPage());
