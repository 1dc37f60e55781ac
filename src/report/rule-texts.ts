import type { RuleMeta, RulePage } from '../model/rule.ts';
import { type Section, sectionsOf } from './rule-page.ts';
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
export function ruleExplanation(rule: RulePage, style: Style): string {
  const { paint } = style;
  const columns = style.width - 2;
  const lines = [
    `${paint.strong(rule.id)}  ${paint[rule.severity](rule.severity)}  ${rule.group}`,
    style.fit(rule.title),
  ];
  for (const section of sectionsOf(rule)) {
    const body = linesOf(section, style, columns);
    lines.push('', paint.strong(section.heading), ...body.map((line) => `  ${line}`));
  }
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

function linesOf({ text, list, commands, links }: Section, style: Style, columns: number) {
  const width = Math.max(...(links ?? []).map(([name]) => name.length), 0) + 2;
  return [
    ...(text ? wrap(style.fit(text), columns) : []),
    ...(list ?? []).flatMap((item) =>
      wrap(style.fit(item), columns - 2).map(
        (line, index) => `${index === 0 ? '- ' : '  '}${line}`,
      ),
    ),
    ...(commands ?? []).map((command) => style.paint.command(`$ ${style.fit(command)}`)),
    ...(links ?? []).map(([name, address]) => `${pad(style.fit(name), width)}${address}`),
  ];
}
