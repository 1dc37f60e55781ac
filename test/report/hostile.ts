import fc from 'fast-check';
import type { Checks } from '../../src/model/check.ts';
import { fakeHistory } from '../support/fake-history.ts';
import { fakeCapture, fakeFault, fakeFinding, fakeResult } from '../support/fake-run.ts';
import type { Told } from './collect.ts';

/** Pieces that mean something to a terminal, a shell, a page, a table or a ticket system. */
const PIECES = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<!--',
  '-->',
  '</td></table>',
  '&lt;b&gt;',
  '&#60;',
  '"><svg onload=1>',
  "' onclick='x",
  '[text](https://evil.example)',
  '![image](https://evil.example/x.png)',
  '[ref]: https://evil.example',
  '[',
  '](1)',
  '<https://evil.example>',
  'https://evil.example/?q=1',
  'www.evil.example',
  'user@evil.example',
  '@everyone',
  '#123',
  'owner/repo#1',
  ':100:',
  '{0}',
  '{{1}}',
  '{',
  '`',
  '```',
  '~~~',
  '``` html',
  '|',
  '\\|',
  '\\',
  '\\`',
  '*bold*',
  '__init__',
  '~~gone~~',
  '$math$',
  '# heading',
  '- item',
  '1. item',
  '> quote',
  '---',
  '===',
  '\n',
  '\n\n',
  '\r\n',
  '\n```\n',
  '\t',
  '\u0000',
  '\u001b[31m',
  '\u202e',
  '\u2028',
  '\u200b',
  '\ud800',
  'é',
  '例え',
  ' ',
  '  ',
  'example.org',
  '../../etc/passwd',
  'a',
] as const;

/** Names that somebody made up who wants to get somewhere. */
export const hostileText = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 4 })), {
    minLength: 1,
    maxLength: 6,
  })
  .map((pieces) => pieces.join(''));

/** Both ends of the connections below have it for a name. */
function namesOf(text: string): Map<string, string[]> {
  const { client, server } = fakeHistory();
  return new Map([client, server].map(({ address }) => [address, [text, `alias ${text}`]]));
}

/** A run with this text wherever the wire, the file system or a file of the user may put one. */
export function toldOf(text: string): Told {
  const finding = fakeFinding({
    rule: 'hvr-loop',
    connections: [1, 2],
    title: `Title ${text}`,
    summary: `The client asked for ${text}, in packet 4.`,
    evidence: [
      { packet: 4, nanos: 0, connection: 1, from: 'client', note: `asks for ${text}` },
      { packet: 5, nanos: 1e6, connection: 2, from: 'server', note: text },
    ],
    explanations: [{ likelihood: 'high', text, for: [text], against: [text] }],
    causes: [text],
    remedies: [text],
    commands: [`openssl s_client -servername ${text}`],
    table: [
      ['name', text],
      [text, '1'],
    ],
  });
  const path = `${text}.pcap`;
  const checks: Checks = {
    expectations: {
      path,
      results: [
        {
          expectation: `versions: only ${text}`,
          scope: `name ${text}`,
          note: text,
          verdict: 'failed',
          assessed: 1,
          failures: [{ connection: 1, packet: 4, text }],
          failureCount: 1,
          unproven: [],
          unprovenCount: 0,
        },
      ],
    },
    baseline: {
      path,
      entries: [
        {
          rule: 'hvr-loop',
          scope: `name ${text}`,
          severity: undefined,
          reason: text,
          until: undefined,
          state: 'used',
          findings: 1,
          connections: 1,
        },
      ],
      suppressed: [{ finding, entry: 0 }],
      suppressedCount: 1,
    },
  };
  const notice = {
    code: 'limit-reached',
    packetNumber: 3,
    offset: 0,
    needed: 0,
    available: 0,
  } as const;
  return {
    connections: [
      fakeHistory({ id: 1, serverName: text, alpn: text }),
      fakeHistory({ id: 2, serverName: text }),
    ],
    findings: [finding],
    faults: [fakeFault({ connection: 1, for: [text], against: [text], settle: [text] })],
    ending: {
      checks,
      selection: `--host ${text}`,
      result: fakeResult({
        connections: 2,
        captures: [fakeCapture({ path, hostNames: namesOf(text) })],
        notices: [[{ ...notice, detail: text }]],
        noticesOmitted: [{}],
      }),
    },
  };
}
