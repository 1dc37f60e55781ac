import { describe, expect, test } from 'vitest';
import type { AnalysisResult } from '../../src/model/analysis.ts';
import { suiteName } from '../../src/model/code-points/suites.ts';
import { OBSTACLES, type Obstacle } from '../../src/model/decryption.ts';
import type { Finding } from '../../src/model/finding.ts';
import { MILLISECOND, SECOND } from '../../src/model/time.ts';
import { createStyle, type StyleOptions } from '../../src/report/style.ts';
import { TextReporter } from '../../src/report/text.ts';
import { fakeDecryption } from '../support/fake-decryption.ts';
import { type FakeHistory, fakeHistory } from '../support/fake-history.ts';
import { fakeCapture, fakeFault, fakeFinding, fakeResult } from '../support/fake-run.ts';
import { fakeUpgrade } from '../support/fake-upgrade.ts';
import { HANDSHAKE_KILLS_SERVER, LATE_CLOSE_NOTIFY } from './cases.ts';
import { report, type Told } from './collect.ts';

type Options = Partial<StyleOptions> & { readonly verbose?: boolean };

async function asText(told: Told, options: Options = {}): Promise<string> {
  const { verbose = false, ...style } = options;
  const made = await createStyle({ color: false, ascii: false, width: 100, ...style });
  return report((sink, run) => new TextReporter(sink, run, made, { verbose }), told);
}

const ending = (result: Partial<AnalysisResult>) => ({ result: fakeResult(result) });
const healthy = fakeHistory({ serverName: 'example.org' });

describe('the founding cases', () => {
  test('a late close_notify', async () => {
    await expect(await asText(LATE_CLOSE_NOTIFY)).toMatchFileSnapshot('golden/late-close.txt');
  });

  test('the same in 72 columns of ASCII', async () => {
    const text = await asText(LATE_CLOSE_NOTIFY, { ascii: true, width: 72 });
    expect(text).toMatch(/^[\n -~]*$/);
    await expect(text).toMatchFileSnapshot('golden/late-close-ascii.txt');
  });

  test('the same in full, with the notes', async () => {
    const text = await asText(LATE_CLOSE_NOTIFY, { verbose: true });
    await expect(text).toMatchFileSnapshot('golden/late-close-verbose.txt');
  });

  test('a handshake that kills the server', async () => {
    await expect(await asText(HANDSHAKE_KILLS_SERVER)).toMatchFileSnapshot('golden/kills.txt');
  });
});

describe('whose fault it probably is', () => {
  const failed = fakeHistory({ outcome: 'failed' });
  const wide = { width: 300 };

  test('stands under the connection, with the first rival and what would settle it', async () => {
    const told = { connections: [failed], findings: [fakeFinding()], faults: [fakeFault()] };
    expect(await asText(told, wide)).toContain(
      'fault of      the server, likely, though packet 4 may be of somebody else. To settle: the log of the server process at the time of packet 4.',
    );
  });

  test('names what would speak for each side where it is undecided', async () => {
    const open = fakeFault({
      likelier: 'undecided',
      confidence: undefined,
      for: ['client: one', 'server: two'],
    });
    const told = { connections: [failed], findings: [fakeFinding()], faults: [open] };
    expect(await asText(told, wide)).toContain('undecided (client: one; server: two). To settle:');
  });

  test('names what to switch on in the stacks that the sides seem to have', async () => {
    const stacks = {
      client: { stack: 'JSSE', habits: ['one', 'two'] },
      server: undefined,
    } as const;
    const fingerprints = { ja3: undefined, ja3s: undefined, ja4: undefined, stacks };
    const history = fakeHistory({ outcome: 'failed', fingerprints });
    const told = { connections: [history], findings: [fakeFinding()], faults: [fakeFault()] };
    const text = await asText(told, wide);
    expect(text).toContain('a guess       the client has JSSE, by its habits.');
    expect(text).toContain('Its reasons: -Djavax.net.debug=ssl:handshake.');
    expect(text).not.toContain('the server has');
  });

  test('says what to switch on in a stack once', async () => {
    const guess = { stack: 'GnuTLS', habits: ['one', 'two'] } as const;
    const stacks = { client: guess, server: guess };
    const fingerprints = { ja3: undefined, ja3s: undefined, ja4: undefined, stacks };
    const text = await asText(
      {
        connections: [fakeHistory({ outcome: 'failed', fingerprints })],
        findings: [fakeFinding(), fakeFinding({ rule: 'another' })],
        faults: [fakeFault()],
      },
      wide,
    );
    expect(text.match(/a guess .*/g)).toEqual([
      'a guess       client and server have GnuTLS, by their habits. Its secrets: SSLKEYLOGFILE. Its reasons: GNUTLS_DEBUG_LEVEL=9.',
      'a guess       client and server have GnuTLS, by their habits: see finding 1.',
    ]);
  });

  test('is said once for connections that are judged alike, and not where none failed', async () => {
    const faults = [1, 2, 3].map((connection) => fakeFault({ connection }));
    const findings = [fakeFinding({ connections: [1, 2, 3] })];
    const text = await asText({ connections: [failed], findings, faults }, wide);
    expect(text.match(/fault of/g)).toHaveLength(1);
    const healthyText = await asText({ connections: [healthy], findings: [fakeFinding()] }, wide);
    expect(healthyText).not.toContain('fault of');
  });
});

describe('a finding at the end', () => {
  test('about the last connection says what was true when that was told', async () => {
    const past = { address: '192.0.2.1', port: 40_021 };
    const history = { ...fakeHistory(), client: past };
    const style = await createStyle({ color: false, ascii: false, width: 100 });
    const text = await report(
      (sink, run) => {
        const reporter = new TextReporter(sink, run, style, { verbose: false });
        const finding = reporter.finding.bind(reporter);
        // As the histories of a capture do, once they were told.
        reporter.finding = (told) => {
          Object.assign(history, { client: { address: '192.0.2.9', port: 9 } });
          finding(told);
        };
        return reporter;
      },
      { connections: [history], findings: [fakeFinding({ connections: [history.id] })] },
    );
    expect(text).toContain('192.0.2.1:40021 →');
    expect(text).not.toContain('192.0.2.9');
  });
});

describe('a name that may not be the one asked for', () => {
  test('is marked where an encrypted ClientHello was accepted', async () => {
    const text = await asText({ connections: [{ ...healthy, ech: 'accepted' }] }, { width: 120 });
    expect(text).toContain('example.org (ECH)');
    expect(text).toContain('1 connection with an encrypted ClientHello that the server accepted');
  });

  test('is told where one was offered, or GREASE, and nothing where the outer one was used', async () => {
    const connections = [
      { ...healthy, ech: 'offered' as const },
      { ...fakeHistory({ id: 2 }), ech: 'rejected' as const },
    ];
    const text = await asText({ connections });
    expect(text).toContain('1 connection with an encrypted ClientHello or with GREASE');
    expect(text).not.toContain('(ECH)');
    expect(await asText({ connections: connections.slice(1) })).not.toContain(
      'ncrypted ClientHello',
    );
  });
});

describe('no finding', () => {
  test('in connections that were seen whole is said with confidence', async () => {
    expect(await asText({ connections: [healthy] })).toMatchInlineSnapshot(`
      "case.pcap: 34 packets, 33.0 ms, 1 flow, 1 TLS connection; no findings

      Nothing wrong was found in 1 connection. Every one was seen from its beginning and completed its
      handshake.

      id  client           server         name         suite                                  outcome
      1   192.0.2.1:50000  192.0.2.2:443  example.org  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256  established

      1 connection: 1 established; no findings
      "
    `);
  });

  test('without secrets is said with what that leaves out', async () => {
    const text = await asText({ connections: [fakeHistory({ blindSpots: ['no-secrets'] })] });
    expect(text.replaceAll('\n', ' ')).toContain(
      'completed its handshake; what its protected records hold was not seen.',
    );
  });

  test('with secrets for a part is said with what the others leave out', async () => {
    const decryption = fakeDecryption({ obstacle: 'label-missing' });
    const text = await asText({
      connections: [fakeHistory({ blindSpots: ['no-secrets'], decryption })],
    });
    const line = text.replaceAll(/\s+/g, ' ');
    expect(line).toContain('; a part of what its protected records hold was not seen.');
    expect(line).toContain(
      'no-secrets, 1 connection: some protected records not opened, so not every',
    );
  });

  test('in connections that were not is no clean bill of health', async () => {
    const text = await asText({
      connections: [
        healthy,
        fakeHistory({
          id: 2,
          outcome: 'no-handshake',
          version: undefined,
          cipherSuite: undefined,
          blindSpots: ['start-not-captured', 'lost-bytes'],
        }),
      ],
      ending: ending({
        connections: 2,
        coverage: [
          { rule: 'a', assessed: 1, notAssessable: { 'start-not-captured': 1 } },
          { rule: 'b', assessed: 0, notAssessable: { 'start-not-captured': 1, 'lost-bytes': 1 } },
          { rule: 'c', assessed: 2, notAssessable: {} },
        ],
      }),
    });
    expect(text).toMatchInlineSnapshot(`
      "case.pcap: 34 packets, 33.0 ms, 1 flow, 2 TLS connections; no findings

      Nothing wrong was found in 2 connections. That is less than a clean bill of health; below is what
      could not be seen.

      id  client           server         name         suite                                  outcome
      1   192.0.2.1:50000  192.0.2.2:443  example.org  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256  established
      2   192.0.2.1:50000  192.0.2.2:443  -            -                                      no-handshake

      2 connections: 1 established, 1 no-handshake; no findings
      not seen
        start-not-captured, 1 connection: began before the capture; start the capture first
        lost-bytes, 1 connection: octets missing from the capture; capture with a larger buffer (tcpdump
          -B)
      2 rules could not judge every connection: start-not-captured (2 rules, up to 1 connection),
      lost-bytes (1 rule, up to 1 connection); --json tells which
      "
    `);
  });

  test('without any TLS says that nothing was judged', async () => {
    expect(await asText({})).toMatchInlineSnapshot(`
      "case.pcap: 34 packets, 33.0 ms, 1 flow, no TLS or DTLS connection; no findings

      There is no TLS or DTLS in this capture, so nothing was judged. It holds 1 TCP stream without TLS.
      If there should be: was it taken on the right interface and with the right filter, and does it begin
      before the connections do?

      0 connections; no findings
      "
    `);
  });

  test('where the options leave no connection says that, too', async () => {
    const text = await asText({
      ending: { ...ending({ connections: 3 }), selection: '--port 1' },
    });
    expect(text).toContain('only --port 1: 0 of 3 connections');
    expect(text).toContain('No connection fits the options given');
  });
});

describe('with secrets', () => {
  const opened = fakeHistory({ decryption: fakeDecryption() });
  const shut = (id: number, obstacle: Obstacle, detail?: string) =>
    fakeHistory({
      id,
      decryption: fakeDecryption({ authenticated: 0, skipped: 2, obstacle, detail }),
      blindSpots: ['no-secrets'],
    });

  test('tells how much they opened, and nothing more where that is all', async () => {
    const text = await asText({ connections: [opened] });
    expect(text).toMatch(/opened +outcome\n.* 6 of 6 +established\n/);
    expect(text).toMatch(/\n6 protected records of 1 connection opened by a key log\n$/);
  });

  test('groups what could not be opened by what hinders, with the nearest miss', async () => {
    const near = 'line 3 of key log 1 has a random that differs in 1 of 32 octets';
    const text = await asText({
      connections: [
        opened,
        shut(2, 'no-matching-secret', near),
        ...[3, 4, 5, 6, 7, 8].map((id) => shut(id, 'rsa-key-not-enough', 'TLS_ECDHE_X')),
      ],
    });
    expect(text.slice(text.indexOf('6 protected'))).toMatchInlineSnapshot(`
      "6 protected records of 1 connection opened by a key log, 14 could not be tried
      not opened
        rsa-key-not-enough, 6 connections (3, 4, 5, 6, 7, ...): their key exchange has forward secrecy,
          which an RSA key does not undo; give a key log (TLS_ECDHE_X)
        no-matching-secret, 1 connection (2): no secret was given for them; set SSLKEYLOGFILE before the
          program starts, on either side, and give the log of this very run (line 3 of key log 1 has a
          random that differs in 1 of 32 octets)
      not seen
        no-secrets, 7 connections: some protected records not opened, so not every MAC and Finished
          recomputed
      "
    `);
  });

  test('says of a proof that the secrets are part of it', async () => {
    const findings = [fakeFinding({ confidence: 'proven', severity: 'error' })];
    expect(await asText({ connections: [opened], findings })).toContain('with the secrets.');
    expect(await asText({ connections: [healthy], findings })).toContain('packets alone.');
    const elsewhere = [fakeHistory(), fakeHistory({ id: 2, decryption: fakeDecryption() })];
    expect(await asText({ connections: elsewhere, findings })).toContain('packets alone.');
  });

  test('tells which kinds of secrets opened how many connections', async () => {
    const sources = ['psk', 'key-log', 'psk', undefined] as const;
    const connections = sources.map((source, at) =>
      fakeHistory({ id: at + 1, decryption: fakeDecryption({ source }) }),
    );
    expect(await asText({ connections })).toContain(
      '24 protected records of 4 connections opened by a key log (1), a PSK (2)\n',
    );
  });

  test('names no obstacle where nothing was protected', async () => {
    const facts = { authenticated: 0, skipped: 0, obstacle: 'no-matching-secret' } as const;
    const empty = fakeHistory({ id: 2, decryption: fakeDecryption(facts) });
    const text = await asText({ connections: [opened, empty] });
    expect(text).toContain('6 protected records of 1 connection opened by a key log\n');
    expect(text).not.toContain('not opened');
  });

  test('knows a text for every obstacle', async () => {
    for (const obstacle of OBSTACLES) {
      const text = await asText({ connections: [shut(1, obstacle)] });
      expect(text).toMatch(new RegExp(`\n  ${obstacle}, 1 connection \\(1\\): \\w.{20}`));
    }
  });
});

describe('many findings', () => {
  const server = { address: '192.0.2.2', port: 443 };
  const other = { address: '2001:db8::1', port: 443 };
  const many = Array.from({ length: 30 }, (_, index) =>
    fakeFinding({ packets: [index + 1], connections: [1], ofServer: server }),
  );
  const different = many.map((one, index) => ({ ...one, title: `Fault ${index}` }));
  const omitted = {
    rule: 'fake-rule',
    title: 'Something is wrong',
    severity: 'error',
    confidence: 'likely',
    server: other,
    count: 99_970,
    firstNanos: 31 * MILLISECOND,
    lastNanos: 20 * SECOND,
  } as const;

  test('that say the same are one, with their number, their time and the first of each server', async () => {
    const findings = [...many, fakeFinding({ packets: [40], ofServer: other })];
    const text = await asText({ connections: [healthy], findings });
    expect(text.slice(0, text.indexOf('  what the packets'))).toMatchInlineSnapshot(`
      "case.pcap: 34 packets, 33.0 ms, 1 flow, 1 TLS connection; 31 errors

      error[fake-rule] Something is wrong (31 times, first in finding 1)
        Packet 4 shows it.
        Likely: the packets fit this and contradict the alternatives that are named.

        connection 1  192.0.2.1:50000 → 192.0.2.2:443 (example.org)
                      TLS 1.2, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tcp.stream 0, packets 1-20,
                      established

        31 times in 39.0 ms, 2024-05-01 12:00:00.001 to 12:00:00.040 UTC
        server             times  first
        192.0.2.2:443      30     packets 1, 2, 3, 4, 5
        [2001:db8::1]:443  1      packet 40

      "
    `);
    expect(text.match(/^error\[fake-rule\]/gm)).toHaveLength(1);
  });

  test('count those that were counted only, and the report stays on one screen', async () => {
    const text = await asText({
      connections: [healthy],
      findings: many,
      ending: ending({ findingsOmitted: { 'fake-rule': 99_970 }, omittedAlike: [omitted] }),
    });
    expect(text).toContain('(100,000 times, first in finding 1)');
    expect(text).toContain('; 100,000 errors');
    expect(text).toContain(', 99,970 of them counted only');
    expect(text).toMatch(/\[2001:db8::1\]:443 +99,970 +-\n/);
    expect(text.split('\n').length).toBeLessThan(40);
  });

  test('do not count them where a part of the capture was asked for', async () => {
    const text = await asText({
      connections: [healthy],
      findings: many,
      ending: { ...ending({ omittedAlike: [omitted] }), selection: '--port 443' },
    });
    expect(text).toContain('(30 times, first in finding 1)');
    expect(text).toContain('; 30 errors');
  });

  test('at many servers name those with most of them', async () => {
    const findings = many.map((one, index) => ({
      ...one,
      ofServer: { address: `192.0.2.${Math.max(0, index - 10)}`, port: 443 },
    }));
    const text = await asText({ connections: [healthy], findings });
    expect(text).toMatch(/\n +192\.0\.2\.0:443 +11 +packets 1, 2, 3, 4, 5\n/);
    expect(text).toContain('and 15 more servers: 15 times');
  });

  test('are each told where they are few', async () => {
    for (const count of [2, 3, 5]) {
      const text = await asText({ connections: [healthy], findings: many.slice(0, count) });
      expect(text.match(/^error\[fake-rule\]/gm)).toHaveLength(count);
      expect(text).not.toContain(' times, first in');
    }
  });

  test('of several causes keep to what they are and what to do', async () => {
    const findings = [...many, ...many.map((one) => ({ ...one, title: 'Something else' }))].map(
      (one) => ({ ...one, confidence: 'possible' as const }),
    );
    const text = await asText({ connections: [healthy], findings });
    expect(text).not.toContain('named below');
    expect(text.split('\n').length).toBeLessThan(40);
    expect(text.match(/30 times, first in finding \d+/g)).toEqual([
      '30 times, first in finding 1',
      '30 times, first in finding 2',
    ]);
    expect(text).toContain('a remedy');
    expect(text).not.toContain('what the packets show');
  });

  describe('of several causes begin with each of them, on one screen of 50 lines', () => {
    const remedy =
      'look at what the server and the client were given to begin with, and compare it with care';
    const flood = (causes: number) =>
      Array.from({ length: causes }, (_, cause) =>
        many.map((one) => ({
          ...one,
          title: `Cause ${cause} is at work`,
          remedies: [`${remedy}: ${cause}`],
        })),
      ).flat();
    const screenOf = async (findings: readonly Finding[]) =>
      (await asText({ connections: [healthy], findings })).split('\n').slice(0, 50);

    test('how often, where first, what to do', async () => {
      const critical = fakeFinding({
        title: 'Alone',
        severity: 'critical',
        packets: [99],
        ofServer: other,
      });
      const note = fakeFinding({ title: 'Worth knowing', severity: 'info' });
      const [heading, , ...lines] = await screenOf([critical, ...flood(8), note]);
      expect(heading).toContain('; 1 critical, 240 errors');
      const screen = lines.join('\n');
      expect(screen).toMatch(/^9 causes, the gravest first; each is told below$/m);
      expect(screen).toMatch(/^critical {4}Alone\n +first in packet 99, finding 1$/m);
      for (let cause = 0; cause < 8; cause++) {
        const place = `30 times at 192.0.2.2:443, first in packet 1, finding ${2 + cause}`;
        expect(screen).toContain(`error       Cause ${cause} is at work\n            ${place}\n`);
        expect(screen.replace(/\s+/g, ' ')).toContain(`do first ${remedy}: ${cause}`);
      }
      expect(screen).not.toContain('Worth knowing');
    });

    test('as many as fit, and how many more', async () => {
      const screen = await screenOf(flood(40));
      const more = screen.findIndex((line) => /^and \d+ more causes$/.test(line));
      const told = screen.slice(0, more).filter((line) => line.startsWith('error  ')).length;
      expect(told).toBeGreaterThan(6);
      expect(screen[more]).toBe(`and ${40 - told} more causes`);
    });

    test('not where there is one cause, or all is told in full', async () => {
      expect((await screenOf(flood(1))).join('\n')).not.toContain('the gravest first');
      const text = await asText({ connections: [healthy], findings: flood(3) }, { verbose: true });
      expect(text).not.toContain('the gravest first');
    });
  });

  test('leave little room for one about many connections, but its table', async () => {
    const wide = fakeFinding({
      title: 'Wide',
      connections: Array.from({ length: 100 }, (_, n) => n + 1),
      table: [['had'], ['a row']],
    });
    const shownWith = async (findings: readonly Finding[]) => {
      const text = await asText({ connections: [healthy], findings });
      return [text.includes('what the packets show'), text.includes('a row')];
    };
    expect(await shownWith([wide])).toEqual([true, true]);
    expect(await shownWith([wide, ...many])).toEqual([false, true]);
    expect(await shownWith([{ ...wide, severity: 'critical' }, ...many])).toEqual([true, true]);
  });

  test('that are notes are one line with their servers', async () => {
    const findings = many.map((one) => ({ ...one, severity: 'info' as const }));
    const text = await asText({ connections: [healthy], findings });
    expect(text.match(/^info\[fake-rule\]/gm)).toHaveLength(1);
    expect(text).toMatch(/192\.0\.2\.2:443 +30 +packets 1, 2, 3, 4, 5\n/);
  });

  test('of one rule: the first ones are told, the rest is counted', async () => {
    const text = await asText({ connections: [healthy], findings: different });
    expect(text.match(/^error\[fake-rule\]/gm)).toHaveLength(5);
    expect(text).toContain(
      'and 25 more of fake-rule (packets 6, 7, 8, 9, 10, 11, 12, 13, ...); -v tells all',
    );
    expect(text).toContain('; 30 errors');
  });

  test('are all told when asked for', async () => {
    const text = await asText({ connections: [healthy], findings: many }, { verbose: true });
    expect(text.match(/^error\[fake-rule\]/gm)).toHaveLength(30);
  });

  test('that give the same advice give it once', async () => {
    const text = await asText({ connections: [healthy], findings: many.slice(0, 3) });
    expect(text.match(/a remedy/g)).toHaveLength(1);
    expect(text.match(/causes and remedies: as in finding 1/g)).toHaveLength(2);
  });

  test('come by severity, then by packet', async () => {
    const text = await asText({
      connections: [healthy],
      findings: [
        fakeFinding({ severity: 'warning', packets: [1], title: 'third' }),
        fakeFinding({ severity: 'error', packets: [9], title: 'second' }),
        fakeFinding({ severity: 'error', packets: [2], title: 'first' }),
      ],
    });
    expect(text.match(/(first|second|third) \(finding \d\)/g)).toEqual([
      'first (finding 1)',
      'second (finding 2)',
      'third (finding 3)',
    ]);
  });

  test('that were counted only are mentioned', async () => {
    const text = await asText({
      connections: [healthy],
      ending: ending({ findingsOmitted: { 'fake-rule': 1234 } }),
    });
    expect(text).toContain('1,234 further findings of fake-rule counted only');
  });
});

describe('commands are ready to be copied', () => {
  const finding = fakeFinding({ commands: ['tlsdiag extract CAPTURE --finding N'] });
  test.each([
    ['case.pcap', 'tlsdiag extract case.pcap --finding 1'],
    ["it's a case.pcap", "tlsdiag extract 'it'\\''s a case.pcap' --finding 1"],
    ['$& case', "tlsdiag extract '$& case' --finding 1"],
    ['a\nb', 'tlsdiag extract CAPTURE --finding 1'],
    ['-', 'tlsdiag extract CAPTURE --finding 1'],
  ])('for %j', async (path, command) => {
    const captures = [fakeCapture({ path })];
    const text = await asText({
      connections: [healthy],
      findings: [finding],
      ending: ending({ captures }),
    });
    expect(text).toContain(`$ ${command}\n`);
  });

  const CONNECT = 'openssl s_client -connect HOST:PORT -servername NAME -tls1_2';
  const v6 = { address: '2001:db8::1', port: 443 };
  const upgrade = fakeUpgrade({ protocol: 'managesieve' });
  test.each<[string, FakeHistory, string, string]>([
    ['the server', {}, CONNECT, 'openssl s_client -connect 192.0.2.2:443 -servername NAME -tls1_2'],
    ['its name', { serverName: 'a-b.example' }, '-servername NAME', '-servername a-b.example'],
    ['no name that a shell would act on', { serverName: 'a;reboot' }, 'x NAME', 'x NAME'],
    ['no name that is an option', { serverName: '-help' }, 'x NAME', 'x NAME'],
    [
      'an IPv6 address',
      { server: v6 },
      'curl https://HOST:PORT/',
      "curl 'https://[2001:db8::1]:443/'",
    ],
    [
      'a host alone',
      { server: v6 },
      'ping HOST; ss sport = :PORT',
      'ping 2001:db8::1; ss sport = :443',
    ],
    ['DTLS', { protocol: 'DTLS' }, 'openssl s_client -msg', 'openssl s_client -dtls -msg'],
    [
      'a version of DTLS',
      { protocol: 'DTLS' },
      CONNECT,
      'openssl s_client -connect 192.0.2.2:5684 -servername NAME -dtls1_2',
    ],
    [
      'STARTTLS',
      { upgrade },
      'openssl s_client -connect HOST:PORT',
      'openssl s_client -connect 192.0.2.2:443 -starttls sieve',
    ],
    [
      'STARTTLS asked for',
      { upgrade },
      'openssl s_client -starttls PROTOCOL',
      'openssl s_client -starttls sieve',
    ],
    [
      'nothing behind a proxy',
      {},
      'curl -x http://PROXY:PORT https://HOST/',
      'curl -x http://PROXY:PORT https://HOST/',
    ],
    ['nothing of two servers', {}, 'x HOST1:PORT HOST2:PORT', 'x HOST1:PORT HOST2:PORT'],
    [
      'the time',
      {},
      'journalctl --since TIME -u UNIT',
      "journalctl --since '2024-05-01 12:00:00 UTC' -u UNIT",
    ],
  ])('with %s', async (_, history, command, ready) => {
    const told = {
      connections: [fakeHistory(history)],
      findings: [fakeFinding({ commands: [command] })],
    };
    expect(await asText(told)).toContain(`$ ${ready}\n`);
  });
});

test('several captures are named with their packets, and how to get the numbers in Wireshark', async () => {
  const captures = Array.from({ length: 10 }, (_, index) =>
    fakeCapture({ path: `part-${index}.pcap`, packets: 10 }),
  );
  const text = await asText({ connections: [healthy], ending: ending({ captures }) });
  expect(text.split('\n').slice(0, 12).join('\n')).toMatchInlineSnapshot(`
    "10 captures: 100 packets, 33.0 ms, 1 flow, 1 TLS connection; no findings
      part-0.pcap: 10 packets
      part-1.pcap: 10 packets
      part-2.pcap: 10 packets
      part-3.pcap: 10 packets
      part-4.pcap: 10 packets
      part-5.pcap: 10 packets
      part-6.pcap: 10 packets
      part-7.pcap: 10 packets
      and 2 more
    Packets are numbered within their files, as Wireshark numbers them.
    "
  `);
});

test('an interrupted reading is marked', async () => {
  const text = await asText({ connections: [healthy], ending: { interrupted: true } });
  expect(text).toContain('partial: the reading was interrupted');
});

describe('hostile strings', () => {
  const evil = 'a\u001b[2J\u0007\n\r\u202egro\u0000\u009b31m\ud800"\'\\\u200b\u{e0041}z';
  const told: Told = {
    connections: [fakeHistory({ serverName: evil })],
    findings: [
      fakeFinding({
        title: evil,
        summary: evil,
        causes: [evil],
        remedies: [evil],
        commands: [evil],
        displayFilter: evil,
        rule: evil,
        evidence: [{ packet: 4, nanos: 4, connection: 1, from: 'client', note: evil }],
        explanations: [{ likelihood: 'low', text: evil, for: [evil], against: [evil] }],
        references: [{ title: evil, url: evil }],
        table: [[evil], [evil]],
      }),
    ],
    ending: { ...ending({ captures: [fakeCapture({ path: evil })] }), selection: evil },
  };

  test.each([{ verbose: true }, { ascii: true }, { width: 60 }])('with %j', async (options) => {
    const text = await asText(told, options);
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    expect(text).toContain('\\e[2J');
  });

  test('colours are ours alone', async () => {
    const text = await asText(told, { color: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escapes are what is looked for
    expect(text.replace(/\u001b\[(0|1|2|22|3[1-6]|39)m/g, '')).not.toMatch(/[^\n\P{Cc}]/u);
  });

  test('an endless name is cut', async () => {
    const text = await asText({ connections: [fakeHistory({ serverName: 'x'.repeat(65_000) })] });
    expect(text.length).toBeLessThan(2000);
  });
});

test.each([
  ['late close_notify', LATE_CLOSE_NOTIFY],
  ['handshake kills server', HANDSHAKE_KILLS_SERVER],
  ['no finding', { connections: [healthy], ending: ending({ connections: 1 }) }],
])('colours change no word: %s', async (_, told) => {
  for (const options of [{ verbose: true }, { width: 60 }]) {
    const colored = await asText(told, { ...options, color: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escapes are what is looked for
    expect(colored.replace(/\u001b\[\d+m/g, '')).toBe(await asText(told, options));
  }
});

test('a table too wide for the page loses its widest column rather than several', async () => {
  const suite = 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256';
  const table = async (width: number) => {
    const connections = [
      fakeHistory({ serverName: `${'x'.repeat(30)}.example`, cipherSuite: 0xcca8 }),
    ];
    const lines = (await asText({ connections }, { width })).split('\n');
    return lines.find((line) => line.startsWith('id'))?.split(/ +/);
  };
  expect(suiteName(0xcca8)).toBe(suite);
  const all = ['id', 'stream', 'client', 'server', 'name', 'version', 'suite', 'outcome'];
  expect(await table(200)).toEqual(all);
  expect(await table(125)).toEqual(all.filter((column) => column !== 'name'));
  expect(await table(104)).toEqual(['id', 'client', 'server', 'version', 'suite', 'outcome']);
  expect(await table(80)).toEqual(['id', 'stream', 'client', 'server', 'version', 'outcome']);
});

test('says what an unfinished connection lacks, where no finding does', async () => {
  const connections = [fakeHistory({ outcome: 'incomplete' })];
  const lacks = 'incomplete, 1 connection: the end of their handshake is not in the capture';
  expect(await asText({ connections })).toContain(lacks);
  expect(await asText({ connections, findings: [fakeFinding()] })).not.toContain(lacks);
});

test('connections that do not fit the options are there all the same', async () => {
  const told = ending({ connections: 3 });
  const text = await asText({ connections: [], ending: { ...told, selection: '--stream tcp:9' } });
  expect(text).toMatch(
    /^case\.pcap: 34 packets, .* 3 connections; no findings\nonly --stream tcp:9: 0 of 3/,
  );
});

test('wide characters keep the columns straight', async () => {
  const text = await asText({
    connections: [
      fakeHistory({ serverName: '例え.テスト' }),
      fakeHistory({ id: 2, serverName: 'example.org' }),
    ],
    ending: ending({ connections: 2 }),
  });
  const rows = text.split('\n').filter((line) => /^[12] /.test(line));
  // Five of the characters are two columns wide.
  expect(rows[0]?.indexOf('established')).toBe((rows[1]?.indexOf('established') ?? 0) - 5);
});

test('connections are listed as they began, not as they ended', async () => {
  const text = await asText({ connections: [2, 3, 1].map((id) => fakeHistory({ id })) });
  const ids = text.split('\n').flatMap((line) => /^(\d) .*established$/.exec(line)?.[1] ?? []);
  expect(ids).toEqual(['1', '2', '3']);
});

describe('comments in the capture', () => {
  const told = (comments: readonly { packet: number; text: string }[], commentsOmitted = 0) => ({
    connections: [healthy],
    ending: ending({ captures: [fakeCapture({ comments: [...comments], commentsOmitted })] }),
  });

  test('stand at the end, without power over the terminal', async () => {
    const text = await asText(
      told([
        { packet: 0, text: 'taken at the gateway' },
        { packet: 12, text: 'the \u001b[31mred\u001b[0m one\nfinding' },
      ]),
    );
    expect(text).toContain(
      'comments in the capture\n  case.pcap: taken at the gateway\n  packet 12: the ',
    );
    expect(text).not.toContain('\u001b');
    expect(text).not.toContain('\nfinding');
  });

  test('are told as far as they fit a screen', async () => {
    const many = Array.from({ length: 12 }, (_, i) => ({ packet: i + 1, text: `note ${i}` }));
    const text = await asText(told(many, 5));
    expect(text.match(/: note \d+$/gm)).toHaveLength(10);
    expect(text).toContain('7 more comments; --json has them');
  });
});
