import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { CONFIDENCES, SEVERITIES } from '../model/finding.ts';
import type { AnalyzeFlags } from './analyze-command.ts';
import type { ConnectionsFlags } from './connections-command.ts';
import { loadParts, type Parts } from './parts.ts';
import {
  checkSelection,
  parseHost,
  parseMoment,
  parsePort,
  parseStream,
  type SelectionOptions,
} from './selection.ts';
import type { Streams, TerminalFlags } from './streams.ts';
import { UsageError } from './usage-error.ts';
import { toolVersion } from './version.ts';

/** Is told the exit status of the command that ran. */
type Finish = (status: number) => void;

/**
 * The commands and their options. Nothing else is loaded here: every action imports what it needs.
 *
 * @param given parts to work with instead of the real ones
 */
export function buildProgram(streams: Streams, given: Parts | undefined, finish: Finish): Command {
  const parts = (): Promise<Parts> => (given ? Promise.resolve(given) : loadParts());
  const program = new Command('tlsdiag')
    .usage(withExamples('<command> [options]', PROGRAM_EXAMPLES))
    .description('Says why TLS and DTLS connections in a packet capture failed.')
    .version(toolVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .exitOverride()
    .configureHelp({ minWidthToWrap: NARROW })
    .configureOutput({
      writeOut: (text) => streams.stdout.write(text),
      writeErr: (text) => streams.stderr.write(text),
      outputError: (text, write) => write(complaint(text, 'tlsdiag --help')),
      getOutHelpWidth: () => streams.stdout.columns ?? 80,
      getErrHelpWidth: () => streams.stderr.columns ?? 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });

  const analyze = program
    .command('analyze')
    .usage(withExamples('[options] <capture...>', ANALYZE_EXAMPLES))
    .description('Reads a capture, or the files of a rotated one, and reports what went wrong.')
    .argument(
      '[capture...]',
      'pcap or pcapng files, also packed (gzip, zstd, lz4, xz), or a directory; - for standard input',
    )
    .option('--format <format>', 'text, json, ndjson, markdown, html or sarif (default: text)')
    .option('--json', 'the same as --format json')
    .option('-o, --output <file>', 'write the report into a file');
  addSecrets(analyze)
    .addOption(
      new Option('--fail-on <severity>', 'lowest severity that makes the exit status 1')
        .choices([...SEVERITIES, 'never'])
        .default('error'),
    )
    .option('--expect <file>', 'what the capture is to show; exit status 1 where it does not')
    .option('--baseline <file>', 'findings that are known and accepted, with reasons')
    .option('--write-baseline <file>', 'write the findings down as known ones')
    .option('--only <rule...>', 'run these rules only')
    .option('--skip <rule...>', 'run all rules but these')
    .addOption(
      new Option('--min-confidence <level>', 'report findings at least this sure').choices(
        CONFIDENCES,
      ),
    );
  addSelection(analyze);
  addReader(analyze);
  addTerminal(analyze)
    .option('-v, --verbose', 'report everything in full')
    .action(async (captures: string[], flags: AnalyzeFlags) => {
      const { analyze } = await import('./analyze-command.ts');
      finish(await analyze(captures, flags, streams, await parts()));
    });

  const connections = program
    .command('connections')
    .usage(withExamples('[options] <capture...>', CONNECTIONS_EXAMPLES))
    .description('Lists the TLS and DTLS connections of a capture, one a line.')
    .argument(
      '[capture...]',
      'pcap or pcapng files, also packed (gzip, zstd, lz4, xz), or a directory; - for standard input',
    )
    .option('--columns <names>', 'comma-separated; --columns help lists them')
    .option('-o, --output <file>', 'write the list into a file');
  addSecrets(connections);
  addSelection(connections);
  addReader(connections);
  addTerminal(connections).action(async (captures: string[], flags: ConnectionsFlags) => {
    const { connections } = await import('./connections-command.ts');
    finish(await connections(captures, flags, streams, await parts()));
  });

  addColors(
    program
      .command('rules')
      .description('Lists the rules: what can be found.')
      .usage(withExamples('[options]', RULES_EXAMPLES)),
  ).action(async (flags: TerminalFlags) => {
    const { listRules } = await import('./rules-command.ts');
    finish(await listRules(flags, streams, await parts()));
  });

  addColors(
    program
      .command('explain')
      .description('Explains a rule: what it reports, how it decides, what to do.')
      .usage(withExamples('[options] <rule>', EXPLAIN_EXAMPLES))
      .argument('<rule>', 'id of the rule, as findings name it'),
  ).action(async (rule: string, flags: TerminalFlags) => {
    const { explain } = await import('./rules-command.ts');
    finish(await explain(rule, flags, streams, await parts()));
  });

  program
    .command('schema')
    .description(
      'Prints the JSON Schema of what analyze --format json writes, or of the files it takes.',
    )
    .addArgument(
      new Argument('[document]', 'which document')
        .choices(['report', 'expect', 'baseline'])
        .default('report'),
    )
    .action(async (document: 'report' | 'expect' | 'baseline') => {
      const schema =
        document === 'report'
          ? (await import('../report/schema.ts')).publishedSchema()
          : (await import('../checks/files.ts')).checkFileSchema(document);
      streams.stdout.write(`${JSON.stringify(schema, null, 2)}\n`);
      finish(0);
    });
  for (const command of program.commands)
    command.configureOutput({
      outputError: (text, write) => write(complaint(text, `tlsdiag ${command.name()} --help`)),
    });
  return program;
}

/** Columns beside the options that are enough for what they mean. */
const NARROW = 24;

/** What was wrong with the command line: what the parser says in its own form, in ours. */
function complaint(text: string, help: string): string {
  const said = text
    .trimEnd()
    // A mistyped option is named without its value, which may be a secret.
    .replace(/'(--?[^'=]*)=[^']*'/, "'$1'")
    .replace(
      OF_CHOICES,
      (_, option, value, choices) => `${option} takes ${choices}, not '${value}'`,
    )
    .replace(OF_OPTION, '$1')
    .replace(OF_ARGUMENT, "there is no $2 '$1'; there are $3")
    .replace(OF_FLAG, '$1 takes no value')
    .replace(/too many arguments for '(.*)'\. Expected 0 .*/, "'$1' takes no argument")
    .replace(OF_VALUE, '$1 needs a value: $1 $2')
    .replace(/missing required argument 'rule'/, 'name a rule; tlsdiag rules lists them')
    .replace(/\n\(Did you mean (.*)\?\)/, '; did you mean $1?')
    .replace(/\.$/, '');
  return `${said}${said.endsWith('?') ? '' : ';'} see ${help}\n`;
}

const OF_CHOICES =
  /option '(?:-\w, )?(--[\w-]+)[^']*' argument '(.*)' is invalid\. Allowed choices are (.*)\.$/s;
const OF_OPTION = /option '[^']*' argument '.*' is invalid\. (--.*)$/s;
const OF_ARGUMENT =
  /command-argument value '(.*)' is invalid for argument '(.*)'\. Allowed choices are (.*)\.$/s;

/** The option that is meant is the one that is written: its value is what nobody expects. */
const OF_FLAG = /unknown option '(--[^']*)'\n\(Did you mean \1\?\)/;
const OF_VALUE = /option '(?:-\w, )?(--[\w-]+) (<[^']*>)' argument missing/;

function addSecrets(command: Command): Command {
  return command
    .option('--keylog <file>', 'key log (SSLKEYLOGFILE) with secrets; repeatable', collect)
    .option('--rsa-key <pem>', 'RSA private key of a server; repeatable', collect)
    .option('--psk <key>', '[IDENTITY:]HEX, or @FILE with one; repeatable', collect);
}

function addSelection(command: Command): void {
  command
    .option('--host <address>', 'only connections of this IP address', usage(parseHost))
    .option('--port <number>', 'only connections of this port', usage(parsePort))
    .option('--stream <name>', "only this tcp:N or udp:N, in Wireshark's count", usage(parseStream))
    .option('--from <time>', 'only connections that end after this', usage(moment('--from')))
    .option('--to <time>', 'only connections that begin before this', usage(moment('--to')))
    .hook('preAction', () => checkSelection(command.opts<SelectionOptions>()));
}

function addReader(command: Command): void {
  command.addOption(
    new Option('--reader <name>', 'which packet reader')
      .choices(['native', 'pcap-parser'])
      .default('native'),
  );
}

function addTerminal(command: Command): Command {
  return addColors(command)
    .option('--no-progress', 'do not show how far the reading is')
    .option('-q, --quiet', 'no notices and no progress on standard error');
}

function addColors(command: Command): Command {
  return command
    .option('--color', 'use colours, whatever the terminal is')
    .option('--no-color', 'use no colours')
    .option('--ascii', 'use ASCII characters only');
}

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

const moment = (option: string) => (text: string) => parseMoment(option, text);

/** Our own words for an unusable value, in the place where commander expects its own. */
function usage<Value>(parse: (text: string) => Value): (text: string) => Value {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw error instanceof UsageError ? new InvalidArgumentError(error.message) : error;
    }
  };
}

/** Examples come first: most people look for the one line that does what they want. */
function withExamples(usage: string, examples: readonly (readonly [string, string])[]): string {
  const width = Math.max(...examples.map(([command]) => command.length));
  const lines = examples.map(([command, what]) => `  ${command.padEnd(width)}   ${what}`);
  return `${usage}\n\nExamples:\n${lines.join('\n')}`;
}

const PROGRAM_EXAMPLES = [
  ['tlsdiag analyze case.pcapng', 'what went wrong, and what to do'],
  ['tlsdiag connections case.pcapng', 'every connection in a line'],
  ['tlsdiag rules', 'what can be found'],
] as const;
const ANALYZE_EXAMPLES = [
  ['tlsdiag analyze case.pcapng', 'read a capture'],
  ['tlsdiag analyze part-*.pcap.gz', 'read a rotated set as one'],
  ['tcpdump -U -w - port 443 | tlsdiag analyze -', 'read what is captured now'],
  ['tlsdiag analyze --host 192.0.2.1 case.pcap', 'report on one host'],
  ['tlsdiag analyze --json -o report.json case.pcap', 'for a program'],
] as const;
const CONNECTIONS_EXAMPLES = [
  ['tlsdiag connections case.pcapng', 'a table'],
  ['tlsdiag connections case.pcap | grep failed', 'columns separated by tabs when piped'],
  ['tlsdiag connections --columns id,sni,suite case.pcap', 'these columns'],
] as const;
const RULES_EXAMPLES = [['tlsdiag rules', 'id, severity and title of every rule']] as const;
const EXPLAIN_EXAMPLES = [
  ['tlsdiag explain dtls-late-close-notify', 'all about that rule'],
] as const;
