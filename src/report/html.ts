import type { Severity } from '../model/finding.ts';
import type { Block, Item, Page } from './document.ts';
import { HTML_STYLE } from './html-style.ts';
import { printable } from './printable.ts';

/**
 * Sets a report as one HTML file that needs nothing else: no script, no font, no image. Every text is encoded, and the
 * policy in its head forbids a browser to run or to load anything, should that ever fail.
 */
export const HTML: Page = {
  begin: (title) =>
    [
      '<!DOCTYPE html>',
      '<html lang="en">',
      '<head>',
      '<meta charset="utf-8">',
      `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
      '<meta name="referrer" content="no-referrer">',
      '<meta name="viewport" content="width=device-width, initial-scale=1">',
      '<meta name="color-scheme" content="light dark">',
      `<title>${encoded(title)}</title>`,
      `<style>${HTML_STYLE}</style>`,
      '</head>',
      '<body>',
      '<main>',
      `<h1>${encoded(title)}</h1>`,
      '',
    ].join('\n'),
  block: (block) => `${set(block)}\n`,
  end: () => '</main>\n</body>\n</html>\n',
};

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** Text that is text wherever it stands, in an element or in a quoted attribute. */
export function encoded(text: string): string {
  return printable(text).replace(/[&<>"'`]/g, (character) => ENTITIES[character] ?? '');
}

function set(block: Block): string {
  switch (block.kind) {
    case 'heading': {
      const tag = `h${block.level}`;
      const anchor = block.anchor === undefined ? '' : ` id="${encoded(block.anchor)}"`;
      return `<${tag}${anchor}${classOf(block.severity)}>${encoded(block.text)}</${tag}>`;
    }
    case 'text':
      return `<p${classOf(block.tone)}>${encoded(block.text)}</p>`;
    case 'list': {
      return `${titled(block.title)}${list(block.items)}`;
    }
    case 'table':
      return table(block);
    case 'lines': {
      // A line feed right behind the tag would be dropped, and lines may begin with an empty one.
      const lines = block.lines.map(encoded).join('\n');
      return `${titled(block.title)}<pre>\n${lines}</pre>`;
    }
    case 'links': {
      const links = block.links
        .map(({ title, url }) => `<li>${linkTo(title, url)}</li>`)
        .join('\n');
      return `${titled(block.title)}<ul>\n${links}\n</ul>`;
    }
  }
}

function list(items: readonly Item[]): string {
  const set = items.map((item) => {
    if (typeof item === 'string') return `<li>${encoded(item)}</li>`;
    return `<li>${encoded(item.text)}${item.below.length === 0 ? '' : `\n${list(item.below)}\n`}</li>`;
  });
  return `<ul>\n${set.join('\n')}\n</ul>`;
}

function table({ heading, rows, anchors }: Extract<Block, { kind: 'table' }>): string {
  const head = heading.map((text) => `<th scope="col">${encoded(text)}</th>`).join('');
  const body = rows.map((row, index) => {
    const anchor = anchors?.[index];
    const cells = row.map((text, column) => {
      const isLink = column === 0 && anchor !== undefined;
      return `<td>${isLink ? `<a href="#${encoded(anchor)}">${encoded(text)}</a>` : encoded(text)}</td>`;
    });
    return `<tr>${cells.join('')}</tr>`;
  });
  return `<div class="wide"><table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body.join('\n')}\n</tbody>\n</table></div>`;
}

const titled = (title: string | undefined): string =>
  title === undefined ? '' : `<h4>${encoded(title)}</h4>\n`;

const classOf = (tone: Severity | 'good' | 'quiet' | undefined): string =>
  tone === undefined ? '' : ` class="${tone}"`;

/** Addresses are of our own making; one that does not look it is told as words. */
function linkTo(title: string, url: string): string {
  return /^https:\/\/[\w./#-]+$/.test(url)
    ? `<a href="${encoded(url)}" rel="noreferrer">${encoded(title)}</a>`
    : encoded(title);
}
