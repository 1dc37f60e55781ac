import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonReporter, NdjsonReporter } from '../../src/report/json.ts';
import { lineSchema, reportSchema } from '../../src/report/schema.ts';
import { createStyle } from '../../src/report/style.ts';
import { TextReporter } from '../../src/report/text.ts';
import { report } from './collect.ts';
import { hostileText, toldOf } from './hostile.ts';

// Markdown, SARIF and HTML have theirs beside them.

test.each([false, true])(
  'text has nothing that a terminal obeys (in full: %s)',
  async (verbose) => {
    const style = await createStyle({ color: false, ascii: false, width: 100 });
    await fc.assert(
      fc.asyncProperty(hostileText, async (text) => {
        const told = await report(
          (sink, run) => new TextReporter(sink, run, style, { verbose }),
          toldOf(text),
        );
        expect(told.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
      { numRuns: 40 },
    );
  },
);

test('JSON and NDJSON give back what was on the wire, and print nothing that a terminal obeys', async () => {
  await fc.assert(
    fc.asyncProperty(hostileText, async (text) => {
      const json = await report((sink, run) => new JsonReporter(sink, run, '1.2.3'), toldOf(text));
      const lines = await report(
        (sink, run) => new NdjsonReporter(sink, run, '1.2.3'),
        toldOf(text),
      );
      for (const written of [json, lines])
        expect(written.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      const { connections, expectations, baseline } = reportSchema.parse(JSON.parse(json));
      expect(connections[0]?.serverName).toBe(text);
      expect(expectations?.results[0]?.note).toBe(text);
      expect(baseline?.entries[0]?.reason).toBe(text);
      const last = lineSchema.parse(JSON.parse(lines.trimEnd().split('\n').at(-1) ?? ''));
      expect(last).toMatchObject({ kind: 'summary', expectations, baseline });
    }),
    { numRuns: 40 },
  );
});
