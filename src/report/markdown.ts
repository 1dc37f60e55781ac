import type { Severity } from '../model/finding.ts';
import type { Block, Item, Page } from './document.ts';
import { cell, fenced, words } from './markdown-text.ts';

/** Sets a report as GitHub-flavoured Markdown, to be put into a ticket. */
export const MARKDOWN: Page = {
  begin: (title) => `# ${words(title)}\n`,
  block: (block) => `\n${set(block)}\n`,
  end: () => '',
};

function set(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `${'#'.repeat(block.level)} ${words(block.text)}`;
    case 'text':
      return isVerdict(block.tone) ? `**${words(block.text)}**` : words(block.text);
    case 'list':
      return titled(block.title, block.items.map(item).join('\n'));
    case 'table':
      return [block.heading, block.heading.map(() => null), ...block.rows]
        .map((row) => `| ${row.map((text) => (text === null ? '---' : cell(text))).join(' | ')} |`)
        .join('\n');
    case 'lines':
      return titled(block.title, fenced(block.lines));
    case 'links':
      return titled(
        block.title,
        block.links.map(({ title, url }) => `- ${linkTo(title, url)}`).join('\n'),
      );
  }
}

function item(one: Item): string {
  if (typeof one === 'string') return `- ${words(one)}`;
  return [`- ${words(one.text)}`, ...one.below.map((text) => `  - ${words(text)}`)].join('\n');
}

const isVerdict = (tone: Severity | 'good' | 'quiet' | undefined): boolean =>
  tone !== undefined && tone !== 'quiet';

const titled = (title: string | undefined, body: string): string =>
  title === undefined ? body : `**${words(title)}**\n\n${body}`;

/** Addresses are of our own making; one that does not look it is told as words. */
function linkTo(title: string, url: string): string {
  return /^https:\/\/[\w./#-]+$/.test(url) ? `[${words(title)}](${url})` : words(title);
}
