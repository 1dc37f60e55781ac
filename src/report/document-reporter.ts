import type { Page } from './document.ts';
import { documentBlocks } from './document-run.ts';
import { GatheringReporter } from './gathering-reporter.ts';
import type { OctetSink } from './octet-writer.ts';
import { repeatsOf } from './repeats.ts';
import { byWeight, type Ending } from './reporter.ts';
import type { RunContext } from './run-context.ts';
import { createStyle, prepareWidths } from './style.ts';
import { onlyName } from './text.ts';

/** Columns of drawings. */
const WIDTH = 100;

/** A report that is a page. */
export class DocumentReporter extends GatheringReporter {
  private readonly sink: OctetSink;
  private readonly page: Page;

  constructor(sink: OctetSink, run: RunContext, page: Page) {
    super(run);
    this.sink = sink;
    this.page = page;
  }

  async end(ending: Ending): Promise<void> {
    const { captures } = ending.result;
    // Nothing that could be read is no report; the error says so on standard error.
    if (captures.every(({ format }) => format === 'unknown')) return;
    const style = await createStyle({ color: false, ascii: false, width: WIDTH });
    await prepareWidths(JSON.stringify(this.findings));
    const { page, run, rows, faults } = this;
    const context = {
      rows,
      run,
      faults,
      style,
      capture: onlyName(captures),
      aided: new Map(),
    };
    const [only] = captures;
    const what =
      captures.length === 1 && only !== undefined ? run.nameOf(0) : `${captures.length} captures`;
    this.say(page.begin(`TLS report: ${what}`));
    this.findings.sort(byWeight);
    const repeats = repeatsOf(this.findings, ending);
    for (const block of documentBlocks(this.findings, repeats, ending, context))
      this.say(page.block(block));
    this.say(page.end());
  }

  private say(text: string): void {
    this.sink(new TextEncoder().encode(text));
  }
}
