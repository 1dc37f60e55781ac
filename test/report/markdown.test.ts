import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DocumentReporter } from '../../src/report/document-reporter.ts';
import { MARKDOWN } from '../../src/report/markdown.ts';
import { cell, fenced, words } from '../../src/report/markdown-text.ts';
import { fakeHistory } from '../support/fake-history.ts';
import { fakeCapture, fakeFault, fakeFinding, fakeResult } from '../support/fake-run.ts';
import { HANDSHAKE_KILLS_SERVER, LATE_CLOSE_NOTIFY } from './cases.ts';
import { report, type Told } from './collect.ts';
import { hostileText, toldOf } from './hostile.ts';

const asMarkdown = (told: Told) =>
  report((sink, run) => new DocumentReporter(sink, run, MARKDOWN), told);

/** What a renderer would look for markup in: everything outside of fences and code spans (CommonMark §4.5, §6.1). */
function outsideOfCode(markdown: string): string[] {
  const lines: string[] = [];
  let fence = '';
  for (const line of markdown.split('\n')) {
    const run = /^ {0,3}(`{3,})/.exec(line)?.[1] ?? '';
    if (fence !== '') {
      if (run.length >= fence.length && line.trim() === run) fence = '';
    } else if (run !== '') {
      expect(line).toBe(`${run}text`);
      fence = run;
    } else lines.push(withoutSpans(line));
  }
  expect(fence).toBe('');
  return lines;
}

/** Code spans have one backtick at either end and none inside. */
function withoutSpans(line: string): string {
  expect(line).not.toContain('``');
  const parts = line.split('`');
  expect(parts.length % 2, line).toBe(1);
  return parts.filter((_, index) => index % 2 === 0).join('x');
}

/** Our own markup, and no more: headings, bold lines, list items, tables, links to what we cite. */
function withoutOurs(line: string): string {
  return (
    line
      .replace(/^(#{1,3} | {0,2}- |\| --- (\| --- )*\|$)/, '')
      .replace(/^\*\*(.*)\*\*$/, '$1')
      .replace(/^\| (.*) \|$/, '$1')
      .replaceAll(' | ', ' ')
      .replace(/^\[([^[\]]*)\]\(https:\/\/www\.rfc-editor\.org\/[\w/#.-]+\)$/, '$1')
      // Not only a line begins with a number: so may a cell that is set like one.
      .replace(/(^| )(\d+)\\([.)])/g, '$1$2$3')
  );
}

const HARMLESS = /^[\p{L}\p{M}\p{N} .,;:?()"'“”’…§–—→←/-]*$/u;

describe('the founding cases', () => {
  test('a late close_notify', async () => {
    await expect(await asMarkdown(LATE_CLOSE_NOTIFY)).toMatchFileSnapshot('golden/late-close.md');
  });

  test('a handshake that kills the server', async () => {
    await expect(await asMarkdown(HANDSHAKE_KILLS_SERVER)).toMatchFileSnapshot('golden/kills.md');
  });
});

describe('words', () => {
  test.each([
    ['Packet 4, 1.55 ms (see §4.2.8)', 'Packet 4, 1.55 ms (see §4.2.8)'],
    ['bad_record_mac, then 192.0.2.1:443.', '`bad_record_mac`, then `192.0.2.1:443`.'],
    ['<b>x</b> & y', '`<b>x</b>` `&` y'],
    ['a`b ```', '`a\\u{60}b` `\\u{60}\\u{60}\\u{60}`'],
    ['[x](https://evil.example)', '`[x](https://evil.example`)'],
    ['www.evil.example @all #1 GH-1 :100:', '`www.evil.example` `@all` `#1` `GH-1` `:100`:'],
    ['- item', '`-` item'],
    ['1. item', '1\\. item'],
    ['two\nlines', '`two\\nlines`'],
    ['', ''],
  ])('%j', (text, markdown) => {
    expect(words(text)).toBe(markdown);
  });

  test('in a cell have no bar', () => {
    expect(cell('a|b \\| c')).toBe('`a\\u{7c}b` `\\\\u{7c}` c');
  });

  test('in a fence cannot end it', () => {
    expect(fenced(['```', 'x ```` y'])).toBe('`````text\n```\nx ```` y\n`````');
  });

  test('that anybody makes up are words', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        for (const set of [words(text), cell(text)]) {
          expect(set).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
          expect(withoutOurs(withoutSpans(set))).toMatch(HARMLESS);
        }
        expect(cell(text)).not.toContain('|');
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a report', () => {
  test('about names that anybody makes up holds no markup but ours', async () => {
    await fc.assert(
      fc.asyncProperty(hostileText, async (text) => {
        const markdown = await asMarkdown(toldOf(text));
        expect(markdown.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        for (const line of outsideOfCode(markdown))
          expect(withoutOurs(line), line).toMatch(HARMLESS);
        let columns = 0;
        for (const line of markdown.split('\n')) {
          const cells = line.startsWith('| ') ? line.split('|').length : 0;
          if (cells > 0 && columns > 0) expect(cells, line).toBe(columns);
          columns = cells;
        }
      }),
      { numRuns: 60 },
    );
  });

  test('begins with the verdict', async () => {
    const lines = (await asMarkdown({ findings: [fakeFinding()] })).split('\n');
    expect(lines.slice(0, 3)).toEqual([
      '# TLS report: `case.pcap`',
      '',
      '**1 error in 0 connections.**',
    ]);
  });

  test('of a healthy run says so', async () => {
    const markdown = await asMarkdown({ connections: [fakeHistory()] });
    expect(markdown).toContain('**No findings in 1 connection.**');
    expect(markdown).not.toContain('## Findings');
  });

  test('of a run without connections does not take silence for health', async () => {
    const markdown = await asMarkdown({});
    expect(markdown).toContain('**Nothing was judged.**');
    expect(markdown).not.toContain('No findings');
  });

  test('of nothing that could be read is none', async () => {
    const result = fakeResult({ captures: [fakeCapture({ format: 'unknown' })] });
    expect(await asMarkdown({ ending: { result } })).toBe('');
  });

  test('tells the first of many different findings of a rule, and lists the rest', async () => {
    const findings = Array.from({ length: 230 }, (_, index) =>
      fakeFinding({ packets: [index + 1], title: `Title ${index}` }),
    );
    const markdown = await asMarkdown({ findings });
    expect(markdown.match(/^### /gm)).toHaveLength(5);
    expect(markdown.match(/^\| \d+ \| error/gm)).toHaveLength(200);
    expect(markdown).toContain('and 30 further findings');
  });

  test('tells many that say the same once, with their number', async () => {
    const ofServer = { address: '192.0.2.2', port: 443 };
    const findings = Array.from({ length: 1230 }, (_, index) =>
      fakeFinding({ packets: [index + 1], ofServer }),
    );
    const markdown = await asMarkdown({ findings });
    expect(markdown.match(/^### /gm)).toHaveLength(1);
    expect(markdown).toContain('This was found 1,230 times in 1.23 s, ');
    expect(markdown).toContain('| `192.0.2.2:443` | 1,230 | packets 1, 2, 3, 4, 5 |');
  });

  test('names what to switch on in the stacks that the sides seem to have', async () => {
    const stacks = {
      client: undefined,
      server: { stack: 'GnuTLS', habits: ['one', 'two'] },
    } as const;
    const fingerprints = { ja3: undefined, ja3s: undefined, ja4: undefined, stacks };
    const markdown = await asMarkdown({
      connections: [fakeHistory({ id: 1, outcome: 'failed', fingerprints })],
      findings: [fakeFinding()],
      faults: [fakeFault({ connection: 1 })],
    });
    expect(markdown).toContain('**A guess at the TLS stacks**\n\n- the server has GnuTLS');
  });

  test('says whose fault it probably is', async () => {
    const fault = fakeFault({ connection: 1, likelier: 'server', confidence: 'likely' });
    const markdown = await asMarkdown({ findings: [fakeFinding()], faults: [fault] });
    expect(markdown).toContain('**Whose fault it probably is**\n\n- the server, likely');
  });

  test('about several captures names the files', async () => {
    const captures = [fakeCapture({ path: 'a.pcap' }), fakeCapture({ path: 'b.pcap' })];
    const result = fakeResult({ captures, notices: [[], []], noticesOmitted: [{}, {}] });
    const findings = [fakeFinding({ packets: [4, 36] })];
    const markdown = await asMarkdown({ findings, ending: { result } });
    expect(markdown).toContain('# TLS report: 2 captures');
    expect(markdown).toContain('a.pcap: frame.number in {4}\nb.pcap: frame.number in {2}');
  });
});
