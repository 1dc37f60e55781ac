import { ruleExplanation, ruleLines, ruleTable } from '../report/rule-texts.ts';
import { createStyle, type Style } from '../report/style.ts';
import type { Parts } from './parts.ts';
import { unknownRule } from './rule-options.ts';
import { columnsOf, type Streams, type TerminalFlags, wantsAscii, wantsColor } from './streams.ts';

/** Lists all rules. Returns the exit status. */
export async function listRules(
  flags: TerminalFlags,
  streams: Streams,
  { rules }: Parts,
): Promise<number> {
  const { stdout } = streams;
  const asTable = stdout.isTTY === true;
  stdout.write(asTable ? ruleTable(rules, await styleFor(flags, streams)) : ruleLines(rules));
  return 0;
}

/** Explains one rule. Returns the exit status. */
export async function explain(
  id: string,
  flags: TerminalFlags,
  streams: Streams,
  { rules }: Parts,
): Promise<number> {
  const rule = rules.find((candidate) => candidate.id === id);
  if (rule === undefined)
    throw unknownRule(
      id,
      rules.map(({ id }) => id),
    );
  streams.stdout.write(ruleExplanation(rule, await styleFor(flags, streams)));
  return 0;
}

function styleFor(flags: TerminalFlags, { stdout, env }: Streams): Promise<Style> {
  return createStyle({
    color: wantsColor(stdout, env, flags.color),
    ascii: wantsAscii(env, flags.ascii),
    width: columnsOf(stdout, env),
  });
}
