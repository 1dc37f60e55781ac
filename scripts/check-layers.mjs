// Enforces who may import whom under `src`: `node scripts/check-layers.mjs [FOLDER]`, where FOLDER holds `src`. Prints one
// line for each violation, with the place and the reason, and exits 1 if there is one. The table is the architecture;
// docs/design/overview.md tells what the rooms are for.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

/** Room → rooms it may import besides itself. `index` is `src/index.ts`, the door for programs. */
const MAY_IMPORT = {
  bytes: [],
  model: [],
  capture: ['bytes', 'model'],
  decode: ['bytes', 'model'],
  transport: ['bytes', 'model'],
  tls: ['bytes', 'model'],
  crypto: ['bytes', 'model'],
  connection: ['bytes', 'model', 'tls', 'crypto'],
  rules: ['model'],
  checks: ['model'],
  report: ['model'],
  pipeline: ['model', 'capture', 'decode', 'transport', 'tls', 'connection', 'rules'],
  io: ['model'],
  cli: ['model', 'io', 'pipeline', 'checks', 'report'],
  index: ['cli', 'report', 'model'],
};

/** Outside modules, each with the only rooms that may import it and the sentence for everybody else. */
const ONLY_FROM = [
  {
    modules: /^node:(fs|path|os|stream)(\/|$)/,
    rooms: ['io', 'cli'],
    why: 'files, paths and streams belong to the shell: only io and cli touch them',
  },
  {
    modules: /^node:(child_process|net)$/,
    rooms: ['io'],
    why: 'programs that unpack captures, and named pipes, are the business of io',
  },
  {
    modules: /^node:zlib$/,
    rooms: ['io', 'crypto'],
    why: 'captures are decompressed in io, before anybody reads them, and records in crypto',
  },
  {
    modules: /^node:crypto$/,
    rooms: ['crypto'],
    why: 'crypto is the one narrow interface to ciphers and hashes',
  },
  {
    modules: /^pcap-parser$/,
    rooms: ['capture'],
    why: 'pcap-parser is one of the capture readers and nothing else',
  },
  { modules: /^commander$/, rooms: ['cli'], why: 'only cli knows what a command line is' },
  {
    modules: /^(chalk|string-width)$/,
    rooms: ['report'],
    why: 'colours and widths are matters of presentation',
  },
  {
    modules: /^zod$/,
    rooms: ['report', 'checks'],
    why: 'schemas are for what is written for programs and for the files that users write',
  },
];

const RULE_FILE = /= define(?:Connection|Capture)Rule\(/;

const root = resolve(process.argv[2] ?? '.');
const source = join(root, 'src');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .sort()
  .map((name) => readModule(join(source, name)));

const byPath = new Map(files.map((file) => [file.path, file]));
const violations = [...files.flatMap(importsOf), ...cyclesAmong(byPath)];
for (const { file, line, sentence } of violations) {
  console.log(`${relative(root, file)}:${line}: ${sentence}`);
}
const count = files.reduce((sum, file) => sum + file.imports.length, 0);
console.log(
  violations.length === 0
    ? `layers: ${files.length} files, ${count} imports, all allowed`
    : `layers: ${violations.length} of ${count} imports are not allowed`,
);
process.exitCode = violations.length === 0 ? 0 : 1;

function readModule(path) {
  const text = readFileSync(path, 'utf8');
  return {
    path,
    room: roomOf(path),
    isRule: RULE_FILE.test(text),
    imports: [...scanImports(text)],
  };
}

function roomOf(path) {
  const [first, ...rest] = relative(source, path).split(sep);
  return rest.length > 0 ? first : first.replace(/\.ts$/, '');
}

/** Violations among one file's imports. */
function importsOf(file) {
  const at = (line, sentence) => ({ file: file.path, line, sentence });
  if (!Object.hasOwn(MAY_IMPORT, file.room)) {
    return [
      at(1, `'${file.room}' is no room of the architecture: add it to the table or move the file`),
    ];
  }
  return file.imports.flatMap(({ module, line }) => {
    const sentence =
      module === undefined
        ? 'imports a name made at run time, which nobody can check: write it as a string'
        : module.startsWith('.')
          ? insideSentence(file, resolve(dirname(file.path), module))
          : outsideSentence(file, module);
    return sentence === undefined ? [] : [at(line, sentence)];
  });
}

/** What is wrong with importing this file of the project; undefined if nothing is. */
function insideSentence(file, target) {
  if (relative(source, target).startsWith('..')) {
    return `src imports nothing of the project outside src, least of all ${relative(root, target)}`;
  }
  if (!existsSync(target)) return `${relative(root, target)} does not exist`;
  const room = roomOf(target);
  if (room !== file.room && !MAY_IMPORT[file.room].includes(room)) {
    const allowed = MAY_IMPORT[file.room];
    return `${file.room} may not import ${room}: it may import ${allowed.join(', ') || 'nothing'}`;
  }
  if (file.isRule && byPath.get(target)?.isRule) {
    return 'a rule may not import another rule: put what both need into rules/support';
  }
  return undefined;
}

/** What is wrong with importing this package or this module of Node; undefined if nothing is. */
function outsideSentence(file, module) {
  const row = ONLY_FROM.find(({ modules }) => modules.test(module));
  if (row?.rooms.includes(file.room)) return undefined;
  if (row !== undefined) return `${file.room} may not import ${module}: ${row.why}`;
  return `${module} is not in the table of outside modules: add it with the rooms that may import it`;
}

/** One violation for each import that closes a circle. */
function* cyclesAmong(modules) {
  const state = new Map();
  const trail = [];
  function* visit(path) {
    state.set(path, 'open');
    trail.push(path);
    for (const { module, line } of modules.get(path).imports) {
      if (module === undefined || !module.startsWith('.')) continue;
      const target = resolve(dirname(path), module);
      if (!modules.has(target)) continue;
      if (state.get(target) === 'open') {
        const circle = [...trail.slice(trail.indexOf(target)), target];
        const names = circle.map((step) => relative(source, step)).join(' → ');
        yield { file: path, line, sentence: `imports in a circle: ${names}` };
      } else if (!state.has(target)) {
        yield* visit(target);
      }
    }
    trail.pop();
    state.set(path, 'done');
  }
  for (const path of modules.keys()) if (!state.has(path)) yield* visit(path);
}

/**
 * The modules a TypeScript file names in `import`, `export … from` and `import()`, types included, each with its line;
 * `module` is undefined where `import()` is given anything but a plain string.
 */
function* scanImports(text) {
  const tokens = [...tokensOf(text)];
  for (let i = 0; i < tokens.length; i++) {
    const { text: word, line, kind } = tokens[i];
    if (kind !== 'word' || tokens[i - 1]?.text === '.') continue;
    if (word === 'import') {
      const next = tokens[i + 1];
      if (next?.kind === 'string') yield { module: next.text, line };
      else if (next?.text === '(') {
        const [argument, after] = [tokens[i + 2], tokens[i + 3]];
        const plain = argument?.kind === 'string' && (after?.text === ')' || after?.text === ',');
        yield { module: plain ? argument.text : undefined, line };
      } else if (next?.text !== '.') yield* clauseFrom(tokens, i + 1, line);
    } else if (word === 'export') {
      const next = tokens[i + 1]?.text === 'type' ? i + 2 : i + 1;
      if (tokens[next]?.text === '{' || tokens[next]?.text === '*')
        yield* clauseFrom(tokens, next, line);
    }
  }
}

/** The string after `from`, where the clause that begins here has one. */
function* clauseFrom(tokens, start, line) {
  for (let i = start; i < tokens.length; i++) {
    const { kind, text } = tokens[i];
    if (kind === 'string') {
      if (tokens[i - 1].text === 'from') yield { module: text, line };
      else continue;
      return;
    }
    const inClause = kind === 'word' || '{},*'.includes(text);
    if (!inClause || (text === '}' && tokens[i + 1]?.text !== 'from')) return;
  }
}

/** Words, plain strings and punctuation, without comments, templates and regular expressions. */
function* tokensOf(text) {
  const pattern =
    /(?<blank>\s+|\/\/.*|\/\*[\s\S]*?\*\/)|(?<word>[\p{ID_Start}$_#][\p{ID_Continue}$]*|\d[\w.]*)|(?<string>'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*")|(?<other>[\s\S])/uy;
  // One entry for each template that is open; how many braces are open in its current hole.
  const templates = [];
  let line = 1;
  let last;
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    const { blank, word, string, other } = match.groups;
    const token =
      word !== undefined
        ? { kind: 'word', text: word, line }
        : string !== undefined
          ? { kind: 'string', text: string.slice(1, -1), line }
          : { kind: 'other', text: other, line };
    line += match[0].split('\n').length - 1;
    if (blank !== undefined) continue;
    if (other === '{' && templates.length > 0) templates[templates.length - 1]++;
    const endsHole =
      other === '}' && templates.length > 0 && templates[templates.length - 1]-- === 0;
    if (other === '`' || endsHole) {
      if (endsHole) templates.pop();
      const end = templateEnd(text, pattern.lastIndex);
      line += text.slice(pattern.lastIndex, end).split('\n').length - 1;
      if (text[end - 1] === '{') templates.push(0);
      pattern.lastIndex = end;
      last = { kind: 'template', text: '', line };
      yield last;
      continue;
    }
    if (other === '/' && beginsExpression(last)) {
      pattern.lastIndex = regexEnd(text, pattern.lastIndex);
      last = { kind: 'regex', text: '', line };
      yield last;
      continue;
    }
    last = token;
    yield token;
  }
}

/** Where a template's run of plain text ends: behind its last backtick or behind the `{` of its next hole. */
function templateEnd(text, start) {
  for (let i = start; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '`') return i + 1;
    else if (text[i] === '$' && text[i + 1] === '{') return i + 2;
  }
  return text.length;
}

/** Is an operand expected after this token, so that a slash opens a regular expression? */
function beginsExpression(last) {
  if (last === undefined) return true;
  if (last.kind === 'other') return !')]}'.includes(last.text);
  return (
    last.kind === 'word' && /^(return|typeof|case|in|of|do|else|void|yield|await)$/.test(last.text)
  );
}

function regexEnd(text, start) {
  let inClass = false;
  for (let i = start; i < text.length && text[i] !== '\n'; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '[') inClass = true;
    else if (text[i] === ']') inClass = false;
    else if (text[i] === '/' && !inClass) return i + 1;
  }
  return start;
}
