import { EventEmitter } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { main } from '../src/cli/main.ts';
import type { Streams } from '../src/cli/streams.ts';
import { RULES } from '../src/pipeline/analysis.ts';
import { ruleIndex, rulePage } from '../src/report/rule-page.ts';
import { CATALOGUE } from '../src/rules/catalogue.ts';
import { RULE_SAMPLES } from '../src/rules/rule-samples.ts';
import { FakeOutput, file } from './cli/harness.ts';

const project = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(project, path), 'utf8');
const readme = read('README.md');

/** Standard output of a command line on real captures. */
async function stdoutOf(argv: readonly string[]): Promise<string> {
  const stdout = new FakeOutput();
  const process = { stdout, stderr: new FakeOutput(), env: { LANG: 'C.UTF-8' } };
  await main(argv, Object.assign(new EventEmitter(), process) as unknown as Streams);
  return stdout.text;
}

describe('README', () => {
  it('shows a report as it is, but for what it says it leaves out', async () => {
    const shown = /```text\n\$ npx tlsdiag (.*)\n([\s\S]*?)```/.exec(readme);
    const [, command = '', excerpt = ''] = shown ?? [];
    const report = await stdoutOf(command.split(' '));
    let at = 0;
    for (const piece of excerpt.split('[…]\n')) {
      const found = report.indexOf(piece, at);
      expect(found, piece).toBeGreaterThanOrEqual(at);
      at = found + piece.length;
    }
  });

  it('shows a file of expectations that the sample beside it meets', async () => {
    const [, example = ''] =
      /```json\n(\{\n {2}"schema": "tlsdiag.expect[\s\S]*?)```/.exec(readme) ?? [];
    const [, sample = ''] = /--expect ci.json (samples\S+)/.exec(readme) ?? [];
    const stdout = await stdoutOf(['analyze', '--expect', file('readme.json', example), sample]);
    expect(stdout).toContain('readme.json: 6 met\n');
  });

  it('lists the rules that there are', () => {
    const rows = [...readme.matchAll(/^\| `([a-z0-9-]+)` \| (\w+) \| (.*) \|$/gm)];
    const byId = (a: string[], b: string[]) => ((a[0] ?? '') < (b[0] ?? '') ? -1 : 1);
    expect(rows.map(([, ...row]) => row).sort(byId)).toEqual(
      CATALOGUE.map(({ meta }) => [meta.id, meta.severity, meta.title]),
    );
  });

  it('names only rules, commands and options that exist', async () => {
    const help = await stdoutOf(['--help']);
    const options = await stdoutOf(['analyze', '--help']);
    for (const [, command = ''] of readme.matchAll(/npx tlsdiag ([a-z]+)/g)) {
      expect(help).toMatch(new RegExp(`^  ${command} `, 'm'));
    }
    for (const [, option = ''] of readme.matchAll(/`(--[a-z-]+)/g)) {
      expect(options).toContain(`${option} `);
    }
    for (const [, rule = ''] of readme.matchAll(/tlsdiag explain ([a-z0-9-]+)/g)) {
      expect(CATALOGUE.map(({ meta }) => meta.id)).toContain(rule);
    }
  });
});

describe('the pages of the rules', () => {
  it('are those that the rules give; npm run pages writes them', () => {
    const names = readdirSync(join(project, 'docs/rules')).sort();
    expect(names).toEqual(['README.md', ...RULES.map(({ id }) => `${id}.md`)].sort());
    for (const rule of RULES)
      expect(read(`docs/rules/${rule.id}.md`), rule.id).toBe(rulePage(rule));
    expect(read('docs/rules/README.md')).toBe(ruleIndex(RULES));
  });

  it.each(Object.entries(RULE_SAMPLES))('name samples that show %s', (rule, samples) => {
    for (const { capture, secrets } of samples) {
      const expected = JSON.parse(read(join(dirname(capture), 'expected.json')));
      const part = secrets === '' ? 'findings' : SECRETS[secrets.split(' ')[0] as string];
      const told = expected[part as string] as { rule: string }[];
      expect(told.map((finding) => finding.rule)).toContain(rule);
    }
  });

  it('name every rule that a sample shows', () => {
    const shown = readdirSync(join(project, 'samples'))
      .filter((name) => existsSync(join(project, 'samples', name, 'expected.json')))
      .flatMap((name) => {
        const expected = JSON.parse(read(`samples/${name}/expected.json`));
        return [...expected.findings, ...(expected.findingsWithKeys ?? [])];
      });
    expect(Object.keys(RULE_SAMPLES)).toEqual(
      expect.arrayContaining([...new Set(shown.map(({ rule }) => rule))]),
    );
  });
});

const SECRETS: Readonly<Record<string, string>> = {
  '--keylog': 'findingsWithKeys',
  '--rsa-key': 'findingsWithServerKey',
};

describe('the documents', () => {
  const pages = [
    ...readdirSync(project).filter((name) => name.endsWith('.md')),
    ...readdirSync(join(project, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => join('docs', name)),
    'samples/README.md',
  ];

  it.each(pages)('%s has no link or path that leads nowhere', (page) => {
    const text = read(page);
    for (const [, target = ''] of text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
      if (/^https?:/.test(target)) continue;
      expect(existsSync(join(project, dirname(page), target)), target).toBe(true);
    }
    for (const [, path = ''] of text.matchAll(
      /`((?:src|test|samples|docs|scripts|bench)\/[\w./-]+)`/g,
    )) {
      expect(existsSync(join(project, path)), path).toBe(true);
    }
  });
});
