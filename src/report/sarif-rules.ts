import type { Severity } from '../model/finding.ts';
import type { RulePage } from '../model/rule.ts';
import { rulePage, sectionsOf } from './rule-page.ts';
import { messageText } from './sarif-text.ts';

/** Longest description that GitHub takes. */
const DESCRIPTION_LIMIT = 1024;

/** How services without levels of their own sort what is no weakness. */
const PROBLEM = { error: 'error', warning: 'warning', note: 'recommendation' } as const;

/** Stands for everything that `--expect` asks for. */
export const EXPECTATION_RULE = {
  id: 'expectation',
  name: 'Expectation',
  shortDescription: { text: 'The capture is not as expected' },
  fullDescription: {
    text: 'What the file of --expect asks for does not hold, or the capture does not show that it does.',
  },
  help: {
    text: 'Look at the connections and packets named. The file says what is expected; tlsdiag schema expect prints what it may hold.',
  },
  defaultConfiguration: { level: 'error' },
  properties: { tags: ['tls', 'expectation'], 'problem.severity': 'error' },
} as const;

/** A rule as SARIF describes it (`reportingDescriptor`), with all of its page as help. */
export function ruleDescriptor(
  rule: RulePage,
  levels: Readonly<Record<Severity, keyof typeof PROBLEM>>,
): object {
  const level = levels[rule.severity];
  const address = sectionsOf(rule)
    .flatMap(({ links }) => links ?? [])
    .find(([, link]) => link !== '')?.[1];
  return {
    id: rule.id,
    name: rule.id.replace(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: messageText(rule.title) },
    fullDescription: { text: messageText(rule.reports).slice(0, DESCRIPTION_LIMIT) },
    help: { text: messageText(helpText(rule)), markdown: rulePage(rule) },
    ...(address !== undefined && { helpUri: address }),
    defaultConfiguration: { level },
    properties: { tags: ['tls', rule.group], 'problem.severity': PROBLEM[level] },
  };
}

function helpText(rule: RulePage): string {
  return sectionsOf(rule)
    .map(({ heading, text, list = [], commands = [], links = [] }) => {
      const parts = [text, ...list, ...commands, ...links.map(([name, link]) => `${name} ${link}`)];
      return `${heading}: ${parts.filter(Boolean).join('; ')}`;
    })
    .join(' ');
}
