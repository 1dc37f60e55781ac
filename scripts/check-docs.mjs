// Enforces that whatever `src` exports says what it is for: `node scripts/check-docs.mjs [FOLDER]`, where FOLDER holds `src`.
// Prints one line for each export without a comment of its own and exits 1 if there is one. It reads lines, not syntax: the
// formatter puts every export of a module at the beginning of a line, and its comment right above.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';

/** Named as in the registry, with the registry and its date at the head of the file: a comment could only repeat the name. */
const CODE_POINTS = /^src\/model\/code-points\//;

/** A type that the compiler reads from a value or a schema, which is where it is explained. */
const DERIVED = /^export type \w+ =\s(?:keyof typeof |\(typeof |z\.infer<typeof |Extract<)/;

/** Hands on what another file exports and explains. */
const HANDED_ON = /^export (?:type )?[{*]/;

/** The name that an export declares. */
const DECLARED =
  /^export (?:default )?(?:declare )?(?:abstract )?(?:async )?(?:class|const|enum|function\*?|interface|let|namespace|type) (?<name>[\w$]+)/;

/** The comment at the head of a file explains the class that the file is named for. */
const kebab = (name) => name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase();

/** Words that say nothing by themselves. */
const EMPTY_WORDS = new Set(
  'a an and class const for function in interface is of or that the this to type'.split(' '),
);

/** A whole declaration in one line: several of them in a row may share the comment of the first. */
const ONE_LINE = /^export (?:const|type) .*;$/;

const root = resolve(process.argv[2] ?? '.');
const source = join(root, 'src');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .sort();
let count = 0;
const silent = files.flatMap((name) => [...silentExports(join(source, name))]);
for (const line of silent) console.log(line);
console.log(
  silent.length === 0
    ? `docs: ${count} exports, all explained`
    : `docs: ${silent.length} of ${count} exports do not say what they are for`,
);
process.exitCode = silent.length === 0 ? 0 : 1;

/** A sentence for each export of this file that has no comment, or one that only repeats its name. */
function* silentExports(path) {
  const place = relative(root, path);
  const lines = readFileSync(path, 'utf8').split('\n');
  for (const [index, line] of lines.entries()) {
    if (!line.startsWith('export ') || HANDED_ON.test(line)) continue;
    count++;
    if (CODE_POINTS.test(place) || DERIVED.test(line)) continue;
    const name = DECLARED.exec(line)?.groups.name ?? line;
    const isNamesake = lines[0].startsWith('/**') && kebab(name) === basename(path, '.ts');
    const comment = commentAbove(lines, index, name);
    if (comment === undefined && isNamesake) continue;
    if (comment === undefined)
      yield `${place}:${index + 1}: ${name} has no comment that says what it is for`;
    else if (onlyRepeats(comment, name))
      yield `${place}:${index + 1}: the comment of ${name} only repeats its name`;
  }
}

/** The comment right above this line, or above the row of one-line declarations or of overloads that it is in. */
function commentAbove(lines, index, name) {
  const inRow = ONE_LINE.test(lines[index]);
  const belongs = (line) =>
    line.startsWith('// biome-ignore') ||
    (inRow && ONE_LINE.test(line)) ||
    DECLARED.exec(line)?.groups.name === name;
  let last = index - 1;
  while (last >= 0 && belongs(lines[last])) last--;
  if (last < 0 || !lines[last].endsWith('*/')) return undefined;
  let first = last;
  while (first > 0 && !lines[first].startsWith('/*')) first--;
  return lines[first].startsWith('/**') ? lines.slice(first, last + 1).join('\n') : undefined;
}

/** Has the comment no word that the name does not have? */
function onlyRepeats(comment, name) {
  const stem = (word) => word.toLowerCase().replace(/s$/, '');
  const inName = new Set(kebab(name).split(/[-_]/).map(stem));
  const words = comment.match(/\p{L}[\p{L}\d]*/gu) ?? [];
  return words.every((word) => EMPTY_WORDS.has(word.toLowerCase()) || inName.has(stem(word)));
}
