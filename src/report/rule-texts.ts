import type { RuleMeta } from '../model/rule.ts';
import { pad, type Style, wrap } from './style.ts';
import { alignRow, columnWidths } from './table.ts';

/** Every rule in a line: id, severity, title. */
export function ruleTable(rules: readonly RuleMeta[], style: Style): string {
  const rows = rules.map(({ id, severity, title }) => [id, severity, style.fit(title)]);
  const widths = columnWidths(rows);
  return rows.map((row) => `${alignRow(row, widths)}\n`).join('');
}

/** The same for programs, with the group, separated by tabs. */
export function ruleLines(rules: readonly RuleMeta[]): string {
  const rows = rules.map(({ id, severity, group, title }) => [id, severity, group, title]);
  return [['id', 'severity', 'group', 'title'], ...rows]
    .map((row) => `${row.join('\t')}\n`)
    .join('');
}

/** All about one rule, under the headings of its page in the documentation. */
export function ruleExplanation(rule: RuleMeta, style: Style): string {
  const { paint } = style;
  const lines = [
    `${paint.strong(rule.id)}  ${paint[rule.severity](rule.severity)}  ${rule.group}`,
    style.fit(rule.title),
  ];
  const section = (heading: string, body: readonly string[]): void => {
    if (body.length > 0) lines.push('', paint.strong(heading), ...body.map((line) => `  ${line}`));
  };
  const columns = style.width - 2;
  const text = (words: string): string[] => wrap(style.fit(words), columns);
  section('What it reports', text(rule.reports));
  section('Why it matters', text(rule.matters));
  section('How it decides', text(rule.decides));
  section('When it stays silent', text(rule.silent));
  section('What to do', adviceLines(rule, style, columns));
  section('Yields to', text((rule.yieldsTo ?? []).join(', ')).filter(Boolean));
  section('Sources', sourceLines(rule.sources, style));
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

/** The remedies and commands of all its messages, each once. Placeholders are told as what they stand for. */
function adviceLines({ messages }: RuleMeta, style: Style, columns: number): string[] {
  const all = Object.values(messages);
  const remedies = new Set(all.flatMap(({ remedies }) => remedies));
  const commands = new Set(all.flatMap(({ commands }) => commands));
  return [
    ...[...remedies].flatMap((remedy) =>
      wrap(style.fit(withoutFigures(remedy)), columns - 2).map(
        (line, index) => `${index === 0 ? '- ' : '  '}${line}`,
      ),
    ),
    ...[...commands].map((command) =>
      style.paint.command(`$ ${style.fit(withoutFigures(command))}`),
    ),
  ];
}

/** `{server}` is filled in by a finding; without one it is a capitalised word, as in commands. */
function withoutFigures(text: string): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => name.toUpperCase());
}

function sourceLines(sources: readonly string[], style: Style): string[] {
  const width = Math.max(...sources.map((source) => source.length), 0) + 2;
  return sources.map((source) => `${pad(style.fit(source), width)}${linkTo(source)}`);
}

/** `RFC 6347 §4.2.8` as an address. Other sources have none. */
function linkTo(source: string): string {
  const match = /^RFC (\d+)(?: §([\dA-Z]+(?:\.\d+)*))?$/.exec(source);
  if (match === null) return '';
  const [, rfc, section] = match;
  const anchor = /^[A-Z]/.test(section ?? '') ? 'appendix' : 'section';
  return `https://www.rfc-editor.org/rfc/rfc${rfc}${section ? `#${anchor}-${section}` : ''}`;
}
