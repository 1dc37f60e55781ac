import { COLUMNS, ConnectionList, DEFAULT_COLUMNS } from '../report/connection-list.ts';
import { noticeLines, secretsNotices } from '../report/notice-text.ts';
import { createStyle, prepareWidths } from '../report/style.ts';
import { namedCaptures } from './named-captures.ts';
import { closeAfter, openOutput } from './output.ts';
import type { Parts } from './parts.ts';
import { runCaptures } from './run.ts';
import { readSecrets, type SecretFlags, secretFiles } from './secret-options.ts';
import type { SelectionOptions } from './selection.ts';
import { exitStatusOfReading, noTlsNotice } from './status.ts';
import { columnsOf, type Streams, wantsAscii } from './streams.ts';
import { nearest, UsageError } from './usage-error.ts';

/** The options of `connections`, as parsed. */
export interface ConnectionsFlags extends SelectionOptions, SecretFlags {
  readonly columns?: string;
  readonly output?: string;
  readonly reader: 'native' | 'pcap-parser';
  readonly ascii?: boolean;
  readonly progress: boolean;
  readonly quiet?: boolean;
}

/** Lists the connections of captures. Returns the exit status. */
export async function connections(
  names: readonly string[],
  flags: ConnectionsFlags,
  streams: Streams,
  parts: Parts,
): Promise<number> {
  const columns = chooseColumns(flags.columns);
  if (columns === undefined) {
    streams.stdout.write(columnHelp());
    return 0;
  }
  if (names.length === 0)
    throw new UsageError(
      'name a capture to read: tlsdiag connections case.pcapng, or - for standard input',
    );
  const secrets = readSecrets(flags);
  const { stdout, stderr, env } = streams;
  const asTable = flags.output === undefined && stdout.isTTY === true;
  const style = asTable
    ? await createStyle({
        color: false,
        ascii: wantsAscii(env, flags.ascii),
        width: columnsOf(stdout, env),
      })
    : undefined;
  // Server names of any script may come, and rows are laid out as they come.
  if (asTable) await prepareWidths('\u3000');
  const named = namedCaptures(names);
  const output = openOutput(flags.output, named.paths, streams, secretFiles(flags));
  const tell = (line: string): void => {
    if (!flags.quiet) stderr.write(`${line}\n`);
  };
  const options = {
    captures: named,
    tell,
    reader: flags.reader,
    rules: new Set<string>(),
    selection: flags,
    ...(secrets && { secrets }),
    progress: flags.progress && !flags.quiet && stderr.isTTY === true && !asTable,
  };
  const outcome = await closeAfter(output, () =>
    runCaptures(options, parts, streams, output, (run) => {
      return new ConnectionList((octets) => output.write(octets), run, columns, style);
    }),
  );
  const notices = [
    ...noticeLines(outcome.result),
    ...secretsNotices(outcome.result.secrets, flags.keylog ?? []),
    ...noTlsNotice(outcome, true),
  ];
  for (const notice of notices) tell(`notice: ${notice}`);
  return exitStatusOfReading(outcome, streams) ?? 0;
}

/** undefined: the user wants to know what there is. */
function chooseColumns(list: string | undefined): readonly string[] | undefined {
  if (list === undefined) return DEFAULT_COLUMNS;
  if (list === 'help') return undefined;
  const names = list.split(',');
  for (const name of names) {
    if (Object.hasOwn(COLUMNS, name)) continue;
    const near = nearest(name, Object.keys(COLUMNS));
    const hint = near === undefined ? '--columns help lists them' : `did you mean ${near}?`;
    throw new UsageError(`there is no column '${name}'; ${hint}`);
  }
  return names;
}

function columnHelp(): string {
  return Object.entries(COLUMNS)
    .map(([name, [what]]) => `${name.padEnd(12)}${what}\n`)
    .join('');
}
