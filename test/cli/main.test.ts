import type { EventEmitter } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { reportSchema } from '../../src/report/schema.ts';
import { fakeHistory } from '../support/fake-history.ts';
import { fakeFinding } from '../support/fake-run.ts';
import { FakeOutput, file, run } from './harness.ts';

const capture = file('case.pcap');
const keys = file('keys.log', '# none yet');
const psks = file('psk.txt', 'client:0badcafe');
const healthy = { connections: [fakeHistory({ serverName: 'example.org' })] };
const broken = { ...healthy, findings: [fakeFinding()] };

describe('help', () => {
  test('without a command goes to standard error, with status 2', async () => {
    const { status, stdout, stderr } = await run([]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^Usage: tlsdiag <command>/);
  });

  test.each([[['--help']], [['help']]])('when asked for (%s) to standard output', async (argv) => {
    const { status, stdout, stderr } = await run(argv);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatchInlineSnapshot(`
      "Usage: tlsdiag <command> [options]

      Examples:
        tlsdiag analyze case.pcapng       what went wrong, and what to do
        tlsdiag connections case.pcapng   every connection in a line
        tlsdiag rules                     what can be found

      Says why TLS and DTLS connections in a packet capture failed.

      Options:
        -V, --version                       print the version
        -h, --help                          show this help

      Commands:
        analyze [options] [capture...]      Reads a capture, or the files of a rotated
                                            one, and reports what went wrong.
        connections [options] [capture...]  Lists the TLS and DTLS connections of a
                                            capture, one a line.
        rules [options]                     Lists the rules: what can be found.
        explain [options] <rule>            Explains a rule: what it reports, how it
                                            decides, what to do.
        schema [document]                   Prints the JSON Schema of what analyze
                                            --format json writes, or of the files it
                                            takes.
        help [command]                      show the help of a command
      "
    `);
  });

  test('of analyze begins with examples', async () => {
    const { status, stdout } = await run(['analyze', '--help']);
    expect(status).toBe(0);
    expect(stdout).toMatchInlineSnapshot(`
      "Usage: tlsdiag analyze [options] <capture...>

      Examples:
        tlsdiag analyze case.pcapng                       read a capture
        tlsdiag analyze part-*.pcap.gz                    read a rotated set as one
        tcpdump -U -w - port 443 | tlsdiag analyze -      read what is captured now
        tlsdiag analyze --host 192.0.2.1 case.pcap        report on one host
        tlsdiag analyze --json -o report.json case.pcap   for a program

      Reads a capture, or the files of a rotated one, and reports what went wrong.

      Arguments:
        capture                   pcap or pcapng files, also packed (gzip, zstd, lz4,
                                  xz), or a directory; - for standard input

      Options:
        --format <format>         text, json, ndjson, markdown, html or sarif
                                  (default: text)
        --json                    the same as --format json
        -o, --output <file>       write the report into a file
        --keylog <file>           key log (SSLKEYLOGFILE) with secrets; repeatable
        --rsa-key <pem>           RSA private key of a server; repeatable
        --psk <key>               [IDENTITY:]HEX, or @FILE with one; repeatable
        --fail-on <severity>      lowest severity that makes the exit status 1
                                  (choices: "critical", "error", "warning", "info",
                                  "never", default: "error")
        --expect <file>           what the capture is to show; exit status 1 where it
                                  does not
        --baseline <file>         findings that are known and accepted, with reasons
        --write-baseline <file>   write the findings down as known ones
        --only <rule...>          run these rules only
        --skip <rule...>          run all rules but these
        --min-confidence <level>  report findings at least this sure (choices:
                                  "proven", "likely", "possible")
        --host <address>          only connections of this IP address
        --port <number>           only connections of this port
        --stream <name>           only this tcp:N or udp:N, in Wireshark's count
        --from <time>             only connections that end after this
        --to <time>               only connections that begin before this
        --reader <name>           which packet reader (choices: "native",
                                  "pcap-parser", default: "native")
        --color                   use colours, whatever the terminal is
        --no-color                use no colours
        --ascii                   use ASCII characters only
        --no-progress             do not show how far the reading is
        -q, --quiet               no notices and no progress on standard error
        -v, --verbose             report everything in full
        -h, --help                show this help
      "
    `);
  });

  test.each(['--version', '-V'])('%s is that of the package', async (option) => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(await run([option])).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' });
  });
});

describe('wrong usage is told in one line, with what to do, and status 2', () => {
  test.each<[string, readonly string[], RegExp]>([
    ['a bare capture', [capture], /did you mean: tlsdiag analyze .*case\.pcap$/],
    ['a bare capture that is not there', ['a.pcapng'], /did you mean: tlsdiag analyze a\.pcapng$/],
    ['a mistyped command', ['analyse', capture], /no command 'analyse'; did you mean analyze\?$/],
    ['no command at all', ['zzzzzzzz'], /no command 'zzzzzzzz'; tlsdiag --help lists them$/],
    ['no capture', ['analyze'], /name a capture to read: tlsdiag analyze case\.pcapng/],
    ['no capture for connections', ['connections'], /name a capture to read: tlsdiag connections /],
    [
      'no such file',
      ['analyze', 'nowhere.pcap'],
      /'nowhere\.pcap' does not exist; check the path$/,
    ],
    [
      'an unknown option',
      ['analyze', '--jason', capture],
      /'--jason'; did you mean --json\? see tlsdiag analyze --help$/,
    ],
    ['an unknown format', ['analyze', '--format', 'xml', capture], /--format xml does not exist; /],
    ['two formats', ['analyze', '--json', '--format', 'text', capture], /contradict each other/],
    [
      'an unknown severity',
      ['analyze', '--fail-on', 'bad', capture],
      /^error: --fail-on takes critical, error, warning, info, never, not 'bad'; see tlsdiag analyze --help$/,
    ],
    [
      'an unknown document',
      ['schema', 'none'],
      /^error: there is no document 'none'; there are report, expect, baseline; see tlsdiag schema --help$/,
    ],
    [
      'an argument too many',
      ['rules', 'one'],
      /'rules' takes no argument; see tlsdiag rules --help$/,
    ],
    ['a rule in capitals', ['explain', 'HANDSHAKE-ALERT'], /did you mean handshake-alert\?$/],
    [
      'an unknown rule',
      ['analyze', capture, '--only', 'handshake-alerts'],
      /mean handshake-alert\?$/,
    ],
    [
      'a strange rule',
      ['analyze', capture, '--skip', 'x'],
      /no rule 'x'; tlsdiag rules lists them$/,
    ],
    ['a host name', ['analyze', '--host', 'example.org', capture], /takes an IP address/],
    ['a broken address', ['analyze', '--host', '1::2::3', capture], /takes an IP address/],
    ['a large port', ['analyze', '--port', '65536', capture], /--port takes a number up to 65535/],
    [
      'a wrong stream',
      ['analyze', '--stream', '3', capture],
      /^error: --stream takes tcp:N or udp:N as .*, not '3'; see tlsdiag analyze --help$/,
    ],
    [
      'a time before which nothing can begin',
      ['analyze', '--from', '2026-01-02', '--to', '2026-01-01', capture],
      /^error: --from 2026-01-02 is later than --to 2026-01-01; give the earlier time with --from$/,
    ],
    [
      'times of connections the wrong way round',
      ['connections', '--from', '10.5', '--to', '10.25', capture],
      /^error: --from 10\.5 is later than --to 10\.25; give/,
    ],
    [
      'a value where none belongs',
      ['analyze', '--verbose=3', capture],
      /^error: --verbose takes no value; see tlsdiag analyze --help$/,
    ],
    [
      'an option without its value',
      ['analyze', capture, '--keylog'],
      /^error: --keylog needs a value: --keylog <file>; see tlsdiag analyze --help$/,
    ],
    ['no rule to explain', ['explain'], /^error: name a rule; tlsdiag rules lists them; see/],
    ['a wrong time', ['analyze', '--from', 'noon', capture], /--from takes a date like/],
    [
      'a key log that is not there',
      ['analyze', '--keylog', 'no.keys', capture],
      /no\.keys does not/,
    ],
    [
      'a private key as key log',
      ['analyze', '--keylog', file('key.pem', '-----BEGIN PRIVATE KEY-----\n'), capture],
      /key\.pem is a PEM file; an RSA private key is for --rsa-key$/,
    ],
    [
      'a PSK that is no hex',
      ['analyze', '--psk', 'id:secret', capture],
      /--psk takes \[IDENTITY:\]/,
    ],
    ['an unknown column', ['connections', '--columns', 'snj', capture], /did you mean sni\?$/],
    ['a rule to explain', ['explain', 'handshake-alrt'], /did you mean handshake-alert\?$/],
    [
      'standard input among files',
      ['analyze', '-', capture],
      /cannot be combined with other captures/,
    ],
    ['the capture as output', ['analyze', '-o', capture, capture], /would overwrite a capture/],
    [
      'the key log as output',
      ['analyze', '--keylog', keys, '-o', keys, capture],
      /would overwrite a file of secrets; name another file/,
    ],
    [
      'the file of pre-shared keys as output',
      ['connections', '--psk', `@${psks}`, '-o', psks, capture],
      /would overwrite a file of secrets/,
    ],
    [
      'output nowhere',
      ['analyze', '-o', '/no/such/x', capture],
      /cannot write the report to '\/no\/such\/x': the directory does not exist; create it first$/,
    ],
    [
      'a directory as output',
      ['analyze', '-o', dirname(capture), capture],
      /: it is a directory; /,
    ],
  ])('%s', async (_, argv, line) => {
    const { status, stdout, stderr } = await run(argv, healthy);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr.trimEnd()).toMatch(line);
    expect(stderr).toMatch(/^error: /);
    expect(stderr.trimEnd()).not.toContain('\n');
  });

  test('no message repeats a secret', async () => {
    const { stderr } = await run(['analyze', '--psk', 'client:0badcafe0', capture]);
    expect(stderr).not.toContain('0badcafe');
  });
});

describe('what options left out', () => {
  test.each([
    [
      ['--only', 'handshake-alert', '--min-confidence', 'likely'],
      '--only handshake-alert --min-confidence likely',
    ],
    [['--skip', 'handshake-alert'], '--skip handshake-alert'],
  ])('is no sign of health: %j', async (options, words) => {
    const { stdout } = await run(['analyze', ...options, capture], healthy);
    expect(stdout).toContain(`only findings that ${words} lets through`);
    expect(stdout).toContain('Nothing of what was asked for was found in 1 connection');
    expect(stdout).not.toContain('Nothing wrong');
  });
});

describe('exit status', () => {
  test.each([
    [0, ['analyze', capture], healthy],
    [1, ['analyze', capture], broken],
    [0, ['analyze', '--fail-on', 'never', capture], broken],
    [0, ['analyze', '--fail-on', 'critical', capture], broken],
    [1, ['analyze', '--fail-on', 'warning', capture], broken],
    [0, ['analyze', capture], { ...healthy, findings: [fakeFinding({ severity: 'info' })] }],
    [
      1,
      ['analyze', '--fail-on', 'info', capture],
      { ...healthy, findings: [fakeFinding({ severity: 'info' })] },
    ],
    [0, ['analyze', '--min-confidence', 'proven', capture], broken],
    [0, ['analyze', '--port', '1', capture], broken],
    [0, ['connections', capture], broken],
    [70, ['analyze', capture], { ...broken, result: { internalErrors: 1 } }],
  ])('%i for %j', async (expected, argv, script) => {
    expect((await run(argv, script)).status).toBe(expected);
  });

  test('2 for a file that is no capture, with the reader’s own words', async () => {
    const { status, stdout, stderr } = await run(['analyze', capture], {
      captures: { x: { format: 'unknown', problem: 'this is a letter; open it' } },
    });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^error: '.*case\.pcap': this is a letter; open it\n$/);
  });

  test('2 where one file of a set is no capture, and a report on the others', async () => {
    const { status, stdout } = await run(['analyze', capture, file('letter', 'y')], {
      ...healthy,
      captures: { y: { format: 'unknown' } },
    });
    expect(status).toBe(2);
    expect(stdout).toContain('2 captures');
  });

  test('70 for a fault of the tool, in one line that names the place', async () => {
    const { status, stderr } = await run(['analyze', capture], {
      onChunk() {
        throw new TypeError('nobody\u001b[2J expected this');
      },
    });
    expect(status).toBe(70);
    expect(stderr).toMatch(
      /^tlsdiag: a fault of the tool itself: nobody\\e\[2J expected this \(.*\)\n$/,
    );
  });

  test('130 when interrupted, with a report on what was read until then', async () => {
    // A pipe that brings one chunk and never ends.
    const stdin = new Readable({ read() {} });
    stdin.push('xyz');
    let process: EventEmitter | undefined;
    const { status, stdout, stderr } = await run(['analyze', '--json', '-'], {
      ...broken,
      stdin,
      onStart(started) {
        process = started;
      },
      onChunk: () => setImmediate(() => process?.emit('SIGINT')),
    });
    expect({ status, stderr }).toEqual({ status: 130, stderr: '' });
    const report = reportSchema.parse(JSON.parse(stdout));
    expect(report.connections).toHaveLength(1);
    expect(report.summary.interrupted).toBe(true);
    expect(stdin.destroyed).toBe(true);
    expect(process?.listenerCount('SIGINT')).toBe(0);
  });

  test('143 when told to end, in the same way', async () => {
    const stdin = new Readable({ read() {} });
    stdin.push('xyz');
    let process: EventEmitter | undefined;
    const { status, stdout } = await run(['analyze', '--format', 'ndjson', '-'], {
      ...broken,
      stdin,
      onStart(started) {
        process = started;
      },
      onChunk: () => setImmediate(() => process?.emit('SIGTERM')),
    });
    expect(status).toBe(143);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/"kind":"summary".*"interrupted":true/);
    expect(process?.listenerCount('SIGTERM')).toBe(0);
  });

  test('130 when interrupted before anything came', async () => {
    const stdin = new Readable({ read() {} });
    const ran = await run(['analyze', '-'], {
      stdin,
      onStart: (process) => setTimeout(() => process.emit('SIGINT'), 20),
    });
    expect(ran).toMatchObject({ status: 130, stdout: '', stderr: '' });
  });
});

describe('output', () => {
  test('JSON on standard output is the report and nothing else', async () => {
    const { stdout } = await run(['analyze', '--json', capture], broken);
    const report = reportSchema.parse(JSON.parse(stdout));
    expect(report).toMatchObject({ findings: [{ id: 1, rule: 'fake-rule' }] });
  });

  test('NDJSON is a line for each thing', async () => {
    const { stdout } = await run(['analyze', '--format', 'ndjson', capture], broken);
    const kinds = stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { kind: string }).kind);
    expect(kinds).toEqual(['connection', 'finding', 'capture', 'summary']);
  });

  test('goes into a file, which appears when it is complete', async () => {
    const path = `${capture}.json`;
    const { status, stdout } = await run(['analyze', '--json', '-o', path, capture], broken);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    reportSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  });

  test('leaves no file behind when the reading fails', async () => {
    const path = `${capture}.failed.json`;
    const { status } = await run(['analyze', '-o', path, capture], {
      onChunk() {
        throw new Error('fault');
      },
    });
    expect(status).toBe(70);
    expect(existsSync(path)).toBe(false);
    expect(existsSync(`${path}.${process.pid}.tmp`)).toBe(false);
  });

  test('may go to a device', async () => {
    expect((await run(['analyze', '-o', '/dev/null', capture], healthy)).status).toBe(0);
  });

  test('ends quietly when nobody reads it any more', async () => {
    const stdout = new FakeOutput();
    stdout.write = () => {
      stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      return false;
    };
    const { status, stderr } = await run(['analyze', '--json', capture], { ...healthy, stdout });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test.each([['rules'], ['schema'], ['--help']])('ends quietly as well: %s', async (command) => {
    const stdout = new FakeOutput();
    stdout.write = () => {
      const error = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
      process.nextTick(() => stdout.emit('error', error));
      return false;
    };
    const { status, stderr } = await run([command], { ...healthy, stdout });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test.each([['rules'], ['explain handshake-alert'], ['connections CAPTURE'], ['analyze CAPTURE']])(
    'is not lost in silence where it cannot be written: %s',
    async (words) => {
      const stdout = new FakeOutput();
      stdout.write = () => {
        const error = Object.assign(new Error('write ENOSPC'), { code: 'ENOSPC' });
        process.nextTick(() => stdout.emit('error', error));
        return true;
      };
      const argv = words.split(' ').map((word) => (word === 'CAPTURE' ? capture : word));
      const { status, stderr } = await run(argv, { ...healthy, stdout });
      expect(status).toBe(2);
      expect(stderr).toBe('error: cannot write the report to standard output: the disk is full\n');
    },
  );

  test('waits for a slow reader', async () => {
    const stdout = new FakeOutput();
    const write = stdout.write.bind(stdout);
    let waiting = false;
    stdout.write = (data) => {
      write(data);
      waiting = true;
      setTimeout(() => {
        waiting = false;
        stdout.emit('drain');
      }, 5);
      return false;
    };
    await run(['analyze', '--format', 'ndjson', capture], { ...healthy, stdout });
    expect(waiting).toBe(false);
  });
});

describe('what is read', () => {
  test('a rotated set in the order of its time, whatever the order of its names', async () => {
    const late = file('a.pcap', 'l');
    const early = file('b.pcap', 'e');
    const { journal } = await run(['analyze', late, early], {
      captures: {
        l: { firstTime: { seconds: 20, nanos: 0 } },
        e: { firstTime: { seconds: 10, nanos: 5 } },
      },
    });
    expect(journal.read).toEqual([early, late]);
  });

  test('standard input', async () => {
    const { journal, status } = await run(['analyze', '-'], {
      ...healthy,
      stdin: Buffer.from('xyz'),
    });
    expect({ status, read: journal.read }).toEqual({ status: 0, read: ['-'] });
  });

  test('the rules and the reader that were asked for', async () => {
    const only = await run([
      'analyze',
      '--only',
      'handshake-alert',
      capture,
      '--reader',
      'pcap-parser',
    ]);
    expect(only.journal.options).toEqual([
      { reader: 'pcap-parser', rules: new Set(['handshake-alert']) },
    ]);
    const skip = await run(['analyze', capture, '--skip', 'handshake-alert']);
    expect(skip.journal.options[0]?.rules).toEqual(new Set(['dtls-late-close-notify']));
    const all = await run(['analyze', capture]);
    expect(all.journal.options).toEqual([{ reader: 'native' }]);
  });

  test('secrets reach the analysis as their files have them', async () => {
    const keys = file('keys.log', '# a key log');
    const psks = file('psks', '# ours\nyou:0a0b\n\nc0ffee\n');
    const argv = ['analyze', '--keylog', keys, '--psk', 'me:00ff', '--psk', `@${psks}`, capture];
    const { status, stderr, journal } = await run(argv, healthy);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { secrets } = journal.options[0] ?? {};
    expect(secrets?.keyLogs.map((octets) => Buffer.from(octets).toString())).toEqual([
      '# a key log',
    ]);
    expect(secrets?.psks).toEqual(['me:00ff', 'you:0a0b', 'c0ffee']);
  });

  test('lines of a key log that say nothing are told', async () => {
    const secrets = {
      lines: 9,
      keyLogSecrets: 5,
      malformed: 2,
      keyLogs: 1,
      malformedLines: [{ log: 1, line: 3, why: 'not hexadecimal' }],
      unmatched: 4,
      firstUnmatched: [{ log: 2, line: 5 }],
    };
    const given = file('keys.log', '# a key log');
    const argv = ['analyze', '--keylog', given, capture];
    const { stderr } = await run(argv, { ...healthy, result: { secrets } });
    expect(stderr.replaceAll(given, 'keys.log').split('\n')).toEqual([
      'notice: key log: 2 of 9 lines were not understood; first line 3 of keys.log: not hexadecimal',
      'notice: key log: 4 of 9 lines match no connection; first line 5 of the key log in the capture',
      '',
    ]);
  });
});
