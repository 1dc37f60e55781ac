import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const project = fileURLToPath(new URL('..', import.meta.url));

interface Said {
  readonly status: number | null;
  /** The last one is the total. */
  readonly lines: readonly string[];
}

/** What one of the checks says about the `src` in this folder. */
const checkWith =
  (script: string) =>
  (folder: string): Said => {
    const path = join(project, 'scripts', script);
    const { status, stdout } = spawnSync(process.execPath, [path, folder], { encoding: 'utf8' });
    return { status, lines: stdout.trimEnd().split('\n') };
  };

const checkLayers = checkWith('check-layers.mjs');
const checkDocs = checkWith('check-docs.mjs');

interface Planted {
  readonly name: string;
  /** Files to add under `src`. */
  readonly files: Readonly<Record<string, string>>;
  readonly says: readonly string[];
}

/** A file that is planted as `src/<room>/planted.ts`. */
const plant = (name: string, room: string, text: string, ...says: string[]): Planted => ({
  name,
  files: { [`${room}/planted.ts`]: text },
  says: says.map((line) => `src/${room}/planted.ts:${line}`),
});

const PLANTED: readonly Planted[] = [
  plant(
    'a stage that imports a later one',
    'tls',
    "import { RULES } from '../pipeline/analysis.ts';\n",
    '1: tls may not import pipeline: it may import bytes, model',
  ),
  plant(
    'a rule that reads octets',
    'rules',
    "\n\nimport { readU16 } from '../bytes/scalars.ts';\n",
    '3: rules may not import bytes: it may import model',
  ),
  plant(
    'an import of types only',
    'report',
    "import type { Tcp } from '../transport/tcp.ts';\n",
    '1: report may not import transport: it may import model',
  ),
  plant(
    'bytes that import anything',
    'bytes',
    "export { BILLION } from '../model/time.ts';\n",
    '1: bytes may not import model: it may import nothing',
  ),
  plant(
    'an export of everything',
    'model',
    "export * from '../bytes/scalars.ts';\nexport * as all from '../bytes/scalars.ts';\n",
    '1: model may not import bytes: it may import nothing',
    '2: model may not import bytes: it may import nothing',
  ),
  plant(
    'a clause over several lines with a comment in it',
    'decode',
    "export type {\n  A, // from './frame.ts'\n  B as C,\n} from '../tls/record-tls.ts';\n",
    '1: decode may not import tls: it may import bytes, model',
  ),
  plant(
    'an import for its effect',
    'transport',
    "import '../tls/record-tls.ts';\n",
    '1: transport may not import tls: it may import bytes, model',
  ),
  plant(
    'an import at run time',
    'io',
    "export const late = () => import('../report/text.ts');\n",
    '1: io may not import report: it may import model',
  ),
  plant(
    'an import in the hole of a template',
    'io',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the planted text has the template
    "export const late = `${{ a: await import('../report/text.ts') }.a}`;\n",
    '1: io may not import report: it may import model',
  ),
  plant(
    'an import of a type in place',
    'capture',
    "export type Late = import('../decode/frame.ts').Frame;\n",
    '1: capture may not import decode: it may import bytes, model',
  ),
  plant(
    'a name made at run time',
    'cli',
    'export const load = (name: string) => import(name);\n',
    '1: imports a name made at run time, which nobody can check: write it as a string',
  ),
  plant(
    'files, paths and streams outside the shell',
    'capture',
    "import { readFileSync } from 'node:fs';\nimport 'node:fs/promises';\nimport 'node:path';\n",
    ...['1: capture may not import node:fs', '2: capture may not import node:fs/promises']
      .concat('3: capture may not import node:path')
      .map(
        (line) =>
          `${line}: files, paths and streams belong to the shell: only io and cli touch them`,
      ),
  ),
  plant(
    'ciphers outside crypto',
    'rules',
    "import { createHmac } from 'node:crypto';\n",
    '1: rules may not import node:crypto: crypto is the one narrow interface to ciphers and hashes',
  ),
  plant(
    'decompression outside io',
    'cli',
    "import { gunzipSync } from 'node:zlib';\n",
    '1: cli may not import node:zlib: captures are decompressed in io, before anybody reads them, and records in crypto',
  ),
  plant(
    'pcap-parser outside capture',
    'cli',
    "import pcapp from 'pcap-parser';\n",
    '1: cli may not import pcap-parser: pcap-parser is one of the capture readers and nothing else',
  ),
  plant(
    'commander outside cli',
    'report',
    "import { Command } from 'commander';\n",
    '1: report may not import commander: only cli knows what a command line is',
  ),
  plant(
    'presentation outside report',
    'model',
    "import { Chalk } from 'chalk';\nimport width from 'string-width';\n",
    ...['1: model may not import chalk', '2: model may not import string-width'].map(
      (line) => `${line}: colours and widths are matters of presentation`,
    ),
  ),
  plant(
    'a schema outside report and checks',
    'model',
    "import { z } from 'zod';\n",
    '1: model may not import zod: schemas are for what is written for programs and for the files that users write',
  ),
  plant(
    'a report that holds a run against a file',
    'report',
    "import type { Party } from '../checks/parties.ts';\n",
    '1: report may not import checks: it may import model',
  ),
  plant(
    'a module that nobody decided on',
    'cli',
    "import { Worker } from 'node:worker_threads';\n",
    '1: node:worker_threads is not in the table of outside modules: add it with the rooms that may import it',
  ),
  plant(
    'src that imports a test or a sample',
    'pipeline',
    "import '../../test/support/fake-run.ts';\nimport '../../samples/lab/recipe.ts';\n",
    '1: src imports nothing of the project outside src, least of all test/support/fake-run.ts',
    '2: src imports nothing of the project outside src, least of all samples/lab/recipe.ts',
  ),
  plant(
    'a file that is not there',
    'decode',
    "import './nowhere.ts';\n",
    '1: src/decode/nowhere.ts does not exist',
  ),
  plant(
    'a new room',
    'attic',
    'export {};\n',
    "1: 'attic' is no room of the architecture: add it to the table or move the file",
  ),
  {
    name: 'a rule that imports another',
    files: {
      'rules/hmac/planted.ts':
        "import { hvrLoop } from './hvr-loop.ts';\nexport const planted = defineCaptureRule(hvrLoop);\n",
    },
    says: [
      'src/rules/hmac/planted.ts:1: a rule may not import another rule: put what both need into rules/support',
    ],
  },
  {
    name: 'a circle',
    files: {
      'tls/a.ts': "import './b.ts';\n",
      'tls/b.ts': "export type { A } from './c.ts';\n",
      'tls/c.ts': "\nimport './a.ts';\n",
    },
    says: ['src/tls/c.ts:2: imports in a circle: tls/a.ts → tls/b.ts → tls/c.ts → tls/a.ts'],
  },
];

describe('the check of who imports whom', () => {
  let copy = '';

  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'tlsdiag-layers-'));
    cpSync(join(project, 'src'), join(copy, 'src'), { recursive: true });
  });

  afterAll(() => rmSync(copy, { recursive: true }));

  /** What the check says about the tree with these files added. */
  function checkAdded(files: Readonly<Record<string, string>>): Said {
    const paths = Object.entries(files).map(([name, text]) => {
      const path = join(copy, 'src', name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text, { flag: 'wx' });
      return path;
    });
    try {
      return checkLayers(copy);
    } finally {
      for (const path of paths) rmSync(path);
    }
  }

  it('passes the tree as it is', () => {
    const { status, lines } = checkLayers(project);
    expect(lines).toEqual([expect.stringMatching(/^layers: \d+ files, \d+ imports, all allowed$/)]);
    expect(status).toBe(0);
  });

  it.each(PLANTED)('fails for $name', ({ files, says }) => {
    const { status, lines } = checkAdded(files);
    expect(lines.slice(0, -1)).toEqual(says);
    expect(status).toBe(1);
  });

  it('is not fooled by what only looks like an import', () => {
    const { status, lines } = checkAdded({
      'bytes/planted.ts': [
        "// import '../model/time.ts';",
        "/* export * from '../model/time.ts'; */",
        `const text = "import '../model/time.ts'";`,
        'const quote = /[/"]\'/;',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: the planted text has the template
        "const half = `import '../model/time.ts' ${quote.test(`}'`) ? '`' : text}`;",
        'export const from = import.meta.url + half;',
        "export { text }; const other = '../model/time.ts';",
        "export const call = (loader: Loader) => loader.import('zod');",
        "declare module 'zod' {}",
        '',
      ].join('\n'),
    });
    expect(lines).toHaveLength(1);
    expect(status).toBe(0);
  });
});

const SILENT = (line: number, name: string): string =>
  `src/bytes/planted.ts:${line}: ${name} has no comment that says what it is for`;

/** A file, planted as `src/bytes/planted.ts`, and what is said of it. */
const EXPORTS: readonly { name: string; text: string; says: readonly string[] }[] = [
  {
    name: 'a function without a comment',
    text: 'export function cut(octets: Uint8Array): void {}\n',
    says: [SILENT(1, 'cut')],
  },
  {
    name: 'a comment with a line between, or of another kind',
    text: '/** Cuts off what is padding. */\n\nexport const cut = 1;\n\n// Cuts.\nexport class Cut {}\n\n/* Cuts. */\nexport async function* cuts() {}\n',
    says: [SILENT(3, 'cut'), SILENT(6, 'Cut'), SILENT(9, 'cuts')],
  },
  {
    name: 'a comment that says no more than the name',
    text: '/** The length of the record. */\nexport const recordLength = 5;\n',
    says: ['src/bytes/planted.ts:2: the comment of recordLength only repeats its name'],
  },
  {
    name: 'a declaration over several lines behind a row of constants',
    text: '/** Bits of the flags. */\nexport const A = 1;\nexport const B = 2;\nexport const C = [\n  1,\n];\n',
    says: [SILENT(4, 'C')],
  },
  {
    name: 'nothing where the comments are there',
    text: [
      '/** Records of one direction, in the order of the wire. */',
      "export { A } from './a.ts';",
      "export type { B } from './a.ts';",
      'export class Planted {}',
      '',
      '/**',
      ' * Eight at a time.',
      ' */',
      '// biome-ignore lint/suspicious/noExplicitAny: planted',
      'export function octets(of: string): any;',
      'export function octets(of: any): any {}',
      'export type Octets = (typeof octets)[number];',
      '',
      '/** Bits of the flags. */',
      'export const A = 1;',
      'export const B = 2;',
      '',
    ].join('\n'),
    says: [],
  },
];

describe('the check that exports say what they are for', () => {
  let tree = '';

  beforeAll(() => {
    tree = mkdtempSync(join(tmpdir(), 'tlsdiag-docs-'));
    mkdirSync(join(tree, 'src/bytes'), { recursive: true });
  });

  afterAll(() => rmSync(tree, { recursive: true }));

  it('passes the tree as it is', () => {
    const { status, lines } = checkDocs(project);
    expect(lines).toEqual([expect.stringMatching(/^docs: \d+ exports, all explained$/)]);
    expect(status).toBe(0);
  });

  it.each(EXPORTS)('finds $name', ({ text, says }) => {
    writeFileSync(join(tree, 'src/bytes/planted.ts'), text);
    const { status, lines } = checkDocs(tree);
    expect(lines.slice(0, -1)).toEqual(says);
    expect(status).toBe(says.length === 0 ? 0 : 1);
  });
});
