import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DocumentReporter } from '../../src/report/document-reporter.ts';
import { encoded, HTML } from '../../src/report/html.ts';
import { fakeFinding } from '../support/fake-run.ts';
import { haveAll, runProgram } from '../support/programs.ts';
import { LATE_CLOSE_NOTIFY } from './cases.ts';
import { report, type Told } from './collect.ts';
import { hostileText, toldOf } from './hostile.ts';

const asHtml = (told: Told) => report((sink, run) => new DocumentReporter(sink, run, HTML), told);

/** A page without its texts: tags with all that stands in them. */
const skeletonOf = (html: string): string => html.replace(/>[^<]*/g, '>');

/** Decodes what `encoded` makes. */
const decoded = (text: string): string =>
  text
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&#96;/g, '`')
    .replace(/&amp;/g, '&');

describe('a page', () => {
  test('tells a founding case', async () => {
    await expect(await asHtml(LATE_CLOSE_NOTIFY)).toMatchFileSnapshot('golden/late-close-html.txt');
  });

  test('needs nothing from elsewhere and lets nothing be loaded or run', async () => {
    const html = await asHtml(LATE_CLOSE_NOTIFY);
    expect(html).toContain(
      `content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"`,
    );
    expect(html).not.toMatch(
      /<(script|link|img|iframe|object|form|base|svg)|\bsrc=|url\(|@import/i,
    );
    expect(html).not.toMatch(/ on[a-z]+=/i);
    for (const [, address] of html.matchAll(/href="([^"]*)"/g))
      expect(address).toMatch(/^(#finding-\d+|https:\/\/www\.rfc-editor\.org\/[\w/#.-]+)$/);
  });

  test('leads from the list to each finding that is told', async () => {
    const findings = Array.from({ length: 30 }, (_, index) =>
      fakeFinding({ packets: [index + 1], title: `Title ${index}` }),
    );
    const html = await asHtml({ findings });
    const links = [...html.matchAll(/href="#([^"]*)"/g)].map(([, anchor]) => anchor);
    expect(links).toHaveLength(5);
    for (const anchor of links) expect(html).toContain(`id="${anchor}"`);
  });

  test('links to nothing but what we cite', async () => {
    const references = [{ title: 'A <title>', url: 'javascript:alert(1)' }];
    const html = await asHtml({ findings: [fakeFinding({ references })] });
    expect(html).toContain('<li>A &lt;title&gt;</li>');
    expect(html).not.toContain('javascript');
  });
});

describe('names that anybody makes up', () => {
  test('are the same text when they are decoded, and no markup before', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const safe = encoded(text);
        expect(safe).not.toMatch(/[<>"'`\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        expect(safe.replace(/&(amp|lt|gt|quot|#39|#96);/g, '')).not.toContain('&');
        if (/^[ -~]*$/.test(text)) expect(decoded(safe)).toBe(text);
      }),
    );
  });

  test('leave the page as it is with any other name', async () => {
    const plain = skeletonOf(await asHtml(toldOf('name')));
    await fc.assert(
      fc.asyncProperty(hostileText, async (text) => {
        expect(skeletonOf(await asHtml(toldOf(text)))).toBe(plain);
      }),
      { numRuns: 60 },
    );
  });

  test.runIf(haveAll('chromium'))('are text to a browser too', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tlsdiag-html-'));
    try {
      const domOf = async (name: string, text: string): Promise<string> => {
        const path = join(folder, `${name}.html`);
        writeFileSync(path, await asHtml(toldOf(text)));
        const words = [
          '--headless=new',
          '--no-sandbox',
          '--disable-gpu',
          `--user-data-dir=${folder}/profile`,
        ];
        return runProgram('chromium', [...words, '--dump-dom', `file://${path}`]).toString();
      };
      const hostile = fc.sample(hostileText, { numRuns: 200, seed: 1 }).join(' ');
      const dom = await domOf('hostile', hostile);
      expect(dom).toContain('&lt;script&gt;alert(1)');
      expect(skeletonOf(dom)).toBe(skeletonOf(await domOf('plain', 'name')));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
