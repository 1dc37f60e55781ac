import type { RuleMeta, RulePage } from '../model/rule.ts';

/** A part of what is said about a rule; kinds differ in how they are set. */
export interface Section {
  readonly heading: string;
  readonly text?: string;
  readonly list?: readonly string[];
  readonly commands?: readonly string[];
  /** Names and addresses. */
  readonly links?: readonly (readonly [name: string, address: string])[];
}

/** All about a rule: what `tlsdiag explain` prints, and its page in the documentation. */
export function sectionsOf(rule: RulePage): readonly Section[] {
  const sections: readonly Section[] = [
    { heading: 'What it reports', text: rule.reports },
    { heading: 'Why it matters', text: rule.matters },
    { heading: 'How it decides', text: rule.decides },
    { heading: 'What it needs', text: needsOf(rule) },
    { heading: 'When it stays silent', text: rule.silent },
    { heading: 'What to do', list: remediesOf(rule), commands: commandsOf(rule) },
    { heading: 'Yields to', text: (rule.yieldsTo ?? []).join(', ') },
    {
      heading: 'How to see it, in a clone of the project',
      commands: rule.samples.map(({ capture, secrets }) =>
        ['tlsdiag analyze', capture, secrets].filter(Boolean).join(' '),
      ),
    },
    { heading: 'Sources', links: rule.sources.map((source) => [source, linkTo(source)] as const) },
  ];
  return sections.filter(
    ({ text, list, commands, links }) => text || [list, commands, links].some(isFilled),
  );
}

const isFilled = (items: readonly unknown[] | undefined): boolean => (items?.length ?? 0) > 0;

/** The same as Markdown. */
export function rulePage(rule: RulePage): string {
  const parts = sectionsOf(rule).map(({ heading, text, list, commands, links }) =>
    [
      `## ${heading}`,
      text && escaped(text),
      list?.map((item) => `- ${escaped(item)}`).join('\n'),
      isFilled(commands) && `\`\`\`sh\n${commands?.join('\n')}\n\`\`\``,
      links
        ?.map(([name, address]) => (address === '' ? `- ${name}` : `- [${name}](${address})`))
        .join('\n'),
    ]
      .filter(Boolean)
      .join('\n\n'),
  );
  const head = `# ${rule.id}\n\n${escaped(rule.title)}. Severity: ${rule.severity}, unless the effect decides; group: ${rule.group}.`;
  return `${[head, ...parts].join('\n\n')}\n`;
}

/** A list of all pages. */
export function ruleIndex(rules: readonly RulePage[]): string {
  const rows = rules.map(
    ({ id, severity, group, title, samples, sources }) =>
      `| [${id}](${id}.md) | ${severity} | ${group} | ${escaped(title)} | ${seenIn(samples)} | ${sources.join(', ')} |`,
  );
  return `# Rules

Written from the rules themselves: each page has the text of \`tlsdiag explain RULE\`.

| rule | severity | group | title | seen in | clauses |
|---|---|---|---|---|---|
${rows.join('\n')}
`;
}

/** The first capture of the project that shows it; the others are shown by packets that its test builds. */
function seenIn([sample]: RulePage['samples']): string {
  if (sample === undefined) return 'its test';
  const name = sample.capture.split('/').at(-2) ?? '';
  return `[${name}](../../samples/${name}/README.md)`;
}

function needsOf({ samples }: RulePage): string {
  const alone = samples.some(({ secrets }) => secrets === '');
  const withSecrets = samples.some(({ secrets }) => secrets !== '');
  if (alone && withSecrets)
    return 'The capture alone. With secrets (a key log, an RSA key, a pre-shared key) it sees cases that it cannot see without, or is surer.';
  if (withSecrets)
    return 'Secrets: a key log, an RSA key or a pre-shared key, given as an option or carried by the capture.';
  return 'The capture alone: what it looks at is not encrypted.';
}

const messagesOf = ({ messages }: RuleMeta) => Object.values(messages);

/** The remedies of all its messages, each once. */
const remediesOf = (rule: RuleMeta): string[] => [
  ...new Set(messagesOf(rule).flatMap(({ remedies }) => remedies.map(withoutFigures))),
];

const commandsOf = (rule: RuleMeta): string[] => [
  ...new Set(messagesOf(rule).flatMap(({ commands }) => commands.map(withoutFigures))),
];

/** `{server}` is filled in by a finding; without one it is a capitalised word, as in commands. */
function withoutFigures(text: string): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => name.toUpperCase());
}

/** `RFC 6347 §4.2.8` as an address. Other sources have none. */
function linkTo(source: string): string {
  const match = /^RFC (\d+)(?: §([\dA-Z]+(?:\.\d+)*))?$/.exec(source);
  if (match === null) return '';
  const [, rfc, section] = match;
  const anchor = /^[A-Z]/.test(section ?? '') ? 'appendix' : 'section';
  return `https://www.rfc-editor.org/rfc/rfc${rfc}${section ? `#${anchor}-${section}` : ''}`;
}

/** Characters that Markdown would take for its own. */
const escaped = (text: string): string => text.replace(/[<>*|\\[\]]/g, (one) => `\\${one}`);
