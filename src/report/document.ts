import type { Severity } from '../model/finding.ts';

/*
 * A report as a document, for formats that set pages: what there is to say, apart from how it is set. All texts may hold
 * words from the wire; a format makes them harmless in its own way.
 */

/** A point of a list, and what stands below it. */
export type Item = string | { readonly text: string; readonly below: readonly string[] };

/** A part of a document from top to bottom, in no markup yet. */
export type Block =
  | {
      readonly kind: 'heading';
      readonly level: 1 | 2 | 3;
      readonly text: string;
      readonly severity?: Severity;
      /** By which a table may lead here; of our own making. */
      readonly anchor?: string;
    }
  | { readonly kind: 'text'; readonly text: string; readonly tone?: Severity | 'good' | 'quiet' }
  | { readonly kind: 'list'; readonly title?: string; readonly items: readonly Item[] }
  | {
      readonly kind: 'table';
      readonly heading: readonly string[];
      readonly rows: readonly (readonly string[])[];
      /** Where the first cell of each row leads, for formats that can. */
      readonly anchors?: readonly (string | undefined)[];
    }
  /** Lines of a fixed-width font, drawn or to be copied. */
  | { readonly kind: 'lines'; readonly title?: string; readonly lines: readonly string[] }
  /** Names with addresses of our own making. */
  | {
      readonly kind: 'links';
      readonly title: string;
      readonly links: readonly { readonly title: string; readonly url: string }[];
    };

/** Sets the blocks of a document one after the other. */
export interface Page {
  begin(title: string): string;
  block(block: Block): string;
  end(): string;
}
