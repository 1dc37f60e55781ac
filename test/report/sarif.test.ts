import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RULES } from '../../src/pipeline/analysis.ts';
import { SarifReporter } from '../../src/report/sarif.ts';
import { artifactUri, messageText } from '../../src/report/sarif-text.ts';
import { fakeHistory } from '../support/fake-history.ts';
import { fakeCapture, fakeFinding, fakeResult } from '../support/fake-run.ts';
import { reaches } from '../support/reaches.ts';
import { LATE_CLOSE_NOTIFY } from './cases.ts';
import { report, type Told } from './collect.ts';
import { hostileText, toldOf } from './hostile.ts';

const text = {
  type: 'object',
  required: ['text'],
  properties: { text: { type: 'string', minLength: 1 } },
};
const level = { enum: ['none', 'note', 'warning', 'error'] };
const index = { type: 'integer', minimum: 0 };
const location = {
  type: 'object',
  required: ['physicalLocation'],
  properties: {
    physicalLocation: {
      type: 'object',
      required: ['artifactLocation', 'region'],
      properties: {
        artifactLocation: {
          type: 'object',
          required: ['uri'],
          properties: { uri: { type: 'string', pattern: "^[A-Za-z0-9%._~!*'()/:-]+$" }, index },
        },
        region: {
          type: 'object',
          required: ['startLine'],
          properties: { startLine: { const: 1 } },
        },
      },
    },
    logicalLocations: { type: 'array', items: { type: 'object', required: ['name', 'kind'] } },
    message: text,
  },
};

/** What SARIF 2.1.0 requires of the parts that are written here, and what GitHub requires beyond that. */
const validate = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false }).compile({
  type: 'object',
  required: ['$schema', 'version', 'runs'],
  additionalProperties: false,
  properties: {
    $schema: { type: 'string' },
    version: { const: '2.1.0' },
    runs: {
      type: 'array',
      minItems: 1,
      maxItems: 1,
      items: {
        type: 'object',
        required: ['tool', 'results', 'artifacts', 'invocations'],
        properties: {
          tool: {
            type: 'object',
            required: ['driver'],
            properties: {
              driver: {
                type: 'object',
                required: ['name', 'version', 'semanticVersion', 'rules'],
                properties: {
                  rules: {
                    type: 'array',
                    uniqueItems: true,
                    items: {
                      type: 'object',
                      required: ['id', 'name', 'shortDescription', 'fullDescription', 'help'],
                      properties: {
                        id: { type: 'string', maxLength: 255 },
                        name: { type: 'string', maxLength: 255, pattern: '^[A-Za-z0-9]+$' },
                        shortDescription: {
                          properties: { text: { type: 'string', maxLength: 1024 } },
                        },
                        fullDescription: {
                          properties: { text: { type: 'string', maxLength: 1024 } },
                        },
                        help: text,
                        helpUri: { type: 'string', pattern: '^https://' },
                      },
                    },
                  },
                },
              },
            },
          },
          artifacts: { type: 'array' },
          invocations: {
            type: 'array',
            items: { type: 'object', required: ['executionSuccessful'] },
          },
          results: {
            type: 'array',
            items: {
              type: 'object',
              required: [
                'ruleId',
                'ruleIndex',
                'level',
                'message',
                'locations',
                'partialFingerprints',
              ],
              properties: {
                ruleIndex: index,
                level,
                kind: { enum: ['fail', 'open'] },
                message: text,
                locations: { type: 'array', minItems: 1, items: location },
                codeFlows: {
                  type: 'array',
                  items: {
                    type: 'object',
                    required: ['threadFlows'],
                    properties: {
                      threadFlows: {
                        type: 'array',
                        minItems: 1,
                        items: {
                          type: 'object',
                          required: ['locations'],
                          properties: {
                            locations: {
                              type: 'array',
                              minItems: 1,
                              items: { type: 'object', properties: { location } },
                            },
                          },
                        },
                      },
                    },
                  },
                },
                partialFingerprints: {
                  type: 'object',
                  required: ['primaryLocationLineHash'],
                  additionalProperties: { type: 'string', pattern: '^[0-9a-f]{16}:[0-9]+$' },
                },
              },
            },
          },
        },
      },
    },
  },
});

interface Run {
  readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
  readonly results: readonly {
    readonly ruleId: string;
    readonly ruleIndex: number;
    readonly kind: string;
    readonly level: string;
    readonly message: { readonly text: string };
    readonly locations: readonly {
      readonly physicalLocation: {
        readonly artifactLocation: { readonly uri: string; readonly index: number };
      };
      readonly properties?: { readonly packet: number };
    }[];
    readonly suppressions?: readonly { readonly justification: string }[];
    readonly partialFingerprints: { readonly primaryLocationLineHash: string };
  }[];
  readonly invocations: readonly { readonly executionSuccessful: boolean }[];
}

/** The run as a service gets it, after the structure was checked. */
async function asSarif(told: Told): Promise<Run> {
  const written = await report((sink, run) => new SarifReporter(sink, run, '1.2.3', RULES), told);
  // As octets are written, before a parser resolves what is escaped.
  expect(written.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  const log = JSON.parse(written) as { runs: [Run] };
  expect(validate(log), JSON.stringify(validate.errors)).toBe(true);
  const [run] = log.runs;
  for (const { ruleId, ruleIndex } of run.results)
    expect(run.tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
  return run;
}

const printsOf = ({ results }: Run) =>
  results.map(({ partialFingerprints }) => partialFingerprints.primaryLocationLineHash);

describe('a result', () => {
  test('of a finding has its rule, level, place and packets', async () => {
    const { results, tool, invocations } = await asSarif(LATE_CLOSE_NOTIFY);
    expect(tool.driver.rules.map(({ id }) => id)).toContain('dtls-late-close-notify');
    expect(results[0]).toMatchObject({
      ruleId: 'dtls-late-close-notify',
      kind: 'fail',
      level: 'error',
      locations: [{ properties: { packet: 15 } }],
      properties: { confidence: 'likely', packets: [15, 30, 31] },
    });
    expect(results[0]?.message.text).toContain('arrived 2.26 s after the server had closed it');
    expect(invocations).toMatchObject([{ executionSuccessful: true }]);
  });

  test.each([
    ['critical', 'error'],
    ['error', 'error'],
    ['warning', 'warning'],
    ['info', 'note'],
  ] as const)('of severity %s has level %s', async (severity, expected) => {
    const findings = [fakeFinding({ rule: 'hvr-loop', severity })];
    expect((await asSarif({ findings })).results[0]?.level).toBe(expected);
  });

  test('about several captures has a place in each, with the number there', async () => {
    const captures = [fakeCapture({ path: 'a.pcap' }), fakeCapture({ path: '/tmp/b 1.pcap' })];
    const findings = [fakeFinding({ rule: 'hvr-loop', packets: [4, 36, 40] })];
    const result = fakeResult({ captures, notices: [[], []], noticesOmitted: [{}, {}] });
    const run = await asSarif({ findings, ending: { result } });
    expect(
      run.results[0]?.locations.map(({ physicalLocation, properties }) => [
        physicalLocation.artifactLocation,
        properties?.packet,
      ]),
    ).toEqual([
      [{ uri: 'a.pcap', index: 0 }, 4],
      [{ uri: 'file:///tmp/b%201.pcap', index: 1 }, 2],
    ]);
  });

  test('of a known finding is suppressed, with the reason', async () => {
    const { results } = await asSarif({ ...toldOf('it is agreed'), findings: [] });
    expect(results.map(({ ruleId }) => ruleId)).toEqual(['expectation', 'hvr-loop']);
    expect(results[1]?.suppressions).toEqual([
      { kind: 'external', status: 'accepted', justification: 'it is agreed' },
    ]);
  });

  test('of an expectation that was not shown to hold is open', async () => {
    const told = toldOf('x');
    const [failed] = told.ending?.checks?.expectations?.results ?? [];
    if (failed === undefined) throw new Error('no expectation');
    const unproven = { ...failed, verdict: 'unproven', failures: [], failureCount: 0 } as const;
    const checks = { expectations: { path: 'ci.json', results: [unproven] } };
    const { results } = await asSarif({ ending: { checks } });
    expect(results).toMatchObject([{ ruleId: 'expectation', kind: 'open', level: 'none' }]);
  });
});

describe('many results', () => {
  test('of a rule about one server are one with their number', async () => {
    const findings = Array.from({ length: 6 }, (_, index) =>
      fakeFinding({ rule: 'hvr-loop', packets: [index + 1] }),
    );
    const connections = [fakeHistory()];
    expect((await asSarif({ connections, findings })).results).toMatchObject([
      { occurrenceCount: 6, properties: { packets: [1] } },
    ]);
    const few = await asSarif({ connections, findings: findings.slice(1) });
    expect(few.results).toHaveLength(5);
    expect(few.results[0]).not.toHaveProperty('occurrenceCount');
  });

  reaches(
    'sarifResults',
    5,
    'are written up to what a service takes, and counted beyond',
    async (bound) => {
      const findings = Array.from({ length: bound + 2 }, (_, index) => {
        const server = { address: `192.0.${index >> 8}.${index & 255}`, port: 443 };
        return fakeFinding({ rule: 'hvr-loop', connections: [], server, evidence: [] });
      });
      const text = await report((sink, run) => new SarifReporter(sink, run, '1', RULES), {
        findings,
      });
      const [run] = (JSON.parse(text) as { runs: [Run & { properties: object }] }).runs;
      expect(run.results).toHaveLength(bound);
      expect(run.properties).toMatchObject({ resultsOmitted: 2 });
    },
  );
});

describe('fingerprints', () => {
  const told = (firstPacket: number, port: number, name = 'example.org'): Told => ({
    connections: [
      fakeHistory({
        id: 7,
        firstPacket,
        stream: firstPacket,
        client: { address: '192.0.2.1', port },
        serverName: name,
      }),
    ],
    findings: [
      fakeFinding({ rule: 'hvr-loop', connections: [7], packets: [firstPacket] }),
      fakeFinding({ rule: 'hvr-loop', connections: [7], packets: [firstPacket + 1] }),
      fakeFinding({ rule: 'hrr-loop', connections: [7], packets: [firstPacket + 2] }),
    ],
  });

  test('are the same when the same happens again, and differ among results', async () => {
    const prints = printsOf(await asSarif(told(3, 40_000)));
    expect(new Set(prints).size).toBe(3);
    expect(printsOf(await asSarif(told(12, 50_001)))).toEqual(prints);
    expect(printsOf(await asSarif(told(3, 40_000, 'example.com')))[0]).not.toBe(prints[0]);
  });

  test('stay what they are from version to version', async () => {
    expect(printsOf(await asSarif(told(3, 40_000)))).toMatchInlineSnapshot(`
      [
        "375b1eef5b41f827:1",
        "375b1eef5b41f827:2",
        "094eab81b4278f43:1",
      ]
    `);
  });
});

test.each<[string, Told['ending']]>([
  ['that was interrupted', { interrupted: true }],
  ['with a fault of the tool', { result: fakeResult({ internalErrors: 1 }) }],
  [
    'over what is no capture',
    { result: fakeResult({ captures: [fakeCapture({ format: 'unknown' })] }) },
  ],
])('a run %s did not succeed', async (_, ending = {}) => {
  expect((await asSarif({ ending })).invocations).toMatchObject([{ executionSuccessful: false }]);
});

test('rules are described with their page and a link', async () => {
  const findings = RULES.map(({ id }) => fakeFinding({ rule: id }));
  const { tool } = await asSarif({ findings });
  expect(tool.driver.rules.map(({ id }) => id).sort()).toEqual(RULES.map(({ id }) => id).sort());
  for (const rule of tool.driver.rules) expect(rule).toHaveProperty('helpUri');
});

describe('words', () => {
  test.each([
    ['plain, [2001:db8::1]:443', 'plain, [2001:db8::1]:443'],
    ['frame.number in {1,2}', 'frame.number in {{1,2}}'],
    ['see [this](https://evil.example)', 'see \\[this\\](https://evil.example)'],
    ['\u001b[1m\u202e', '\\e[1m\\u{{202e}}'],
  ])('%j', (given, harmless) => {
    expect(messageText(given)).toBe(harmless);
  });

  test.each([
    ['captures/a b.pcap', 'captures/a%20b.pcap'],
    ['/srv/é#1?.pcap', 'file:///srv/%C3%A9%231%3F.pcap'],
    ['javascript:alert(1)', 'javascript%3Aalert(1)'],
    ['\ud800', '%EF%BF%BD'],
    ['-', '-'],
  ])('the path %j', (path, uri) => {
    expect(artifactUri(path)).toBe(uri);
  });

  test('from anywhere make no link, no placeholder and nothing that a terminal obeys', async () => {
    await fc.assert(
      fc.asyncProperty(hostileText, async (hostile) => {
        const run = await asSarif(toldOf(hostile));
        for (const message of messagesIn(run)) {
          // Escaped brackets are none.
          if (message.includes(']('))
            expect(message.replace(/\\[\s\S]/g, '.')).not.toMatch(/[[\]]/);
          expect(message.replace(/\{\{|\}\}/g, '')).not.toMatch(/[{}]/);
        }
      }),
      { numRuns: 60 },
    );
  });
});

/** Every text that a viewer takes for a message. */
function messagesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(messagesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    typeof inner === 'string' && ['text', 'justification'].includes(key)
      ? [inner]
      : key === 'properties' || key === 'rules'
        ? []
        : messagesIn(inner),
  );
}
