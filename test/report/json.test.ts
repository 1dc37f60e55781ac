import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alertDescriptionName } from '../../src/model/code-points/alerts.ts';
import { handshakeTypeName } from '../../src/model/code-points/handshake-types.ts';
import { suiteName } from '../../src/model/code-points/suites.ts';
import { draftName, versionName } from '../../src/model/code-points/versions.ts';
import { BLIND_SPOTS } from '../../src/model/finding.ts';
import { type ConnectionHistory, OUTCOMES, STAGES } from '../../src/model/history.ts';
import { STACKS } from '../../src/model/stack.ts';
import { formatDate } from '../../src/model/time.ts';
import { UPGRADES } from '../../src/model/upgrade.ts';
import { JsonReporter, NdjsonReporter } from '../../src/report/json.ts';
import {
  lineSchema,
  publishedSchema,
  type Report,
  type ReportConnection,
  type ReportLine,
  reportSchema,
} from '../../src/report/schema.ts';
import { at, fakeAlert, fakeHistory, fakeMessage } from '../support/fake-history.ts';
import {
  FAKE_EPOCH,
  fakeCapture,
  fakeFault,
  fakeFinding,
  fakeResult,
} from '../support/fake-run.ts';
import { fakeUpgrade } from '../support/fake-upgrade.ts';
import { report, type Told } from './collect.ts';

const validate = new Ajv2020({ strict: true, strictTypes: false }).compile(publishedSchema());

/** The report as a reader gets it, after both validators had their say. */
async function asJson(told: Told): Promise<Report> {
  const text = await report((sink, run) => new JsonReporter(sink, run, '1.2.3'), told);
  const parsed = JSON.parse(text) as unknown;
  expect(validate(parsed), JSON.stringify(validate.errors)).toBe(true);
  return reportSchema.parse(parsed);
}

async function asLines(told: Told): Promise<ReportLine[]> {
  const text = await report((sink, run) => new NdjsonReporter(sink, run, '1.2.3'), told);
  expect(text.endsWith('\n')).toBe(true);
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => lineSchema.parse(JSON.parse(line)));
}

/** The contract, said plainly and slowly; the writer must agree with it. For runs over one capture. */
function expected(history: ConnectionHistory): ReportConnection {
  const close = (role: 'client' | 'server') => {
    const fin = history.tcp?.fin[role];
    const rst = history.tcp?.rst[role];
    if (fin && (!rst || fin.packet <= rst.packet))
      return { kind: 'fin' as const, packet: fin.packet };
    return rst ? { kind: 'rst' as const, packet: rst.packet } : null;
  };
  const hex = (octets: Uint8Array | undefined) =>
    octets === undefined ? null : Buffer.from(octets).toString('hex');
  const ids = history.dtls?.connectionIds;
  const guessOf = (role: 'client' | 'server') => {
    const guess = history.fingerprints?.stacks?.[role];
    return guess === undefined ? null : { stack: guess.stack, habits: [...guess.habits] };
  };
  return {
    id: history.id,
    capture: 0,
    protocol: history.protocol,
    transport: history.transport,
    stream: history.stream,
    client: history.client,
    server: history.server,
    firstPacket: history.firstPacket,
    lastPacket: history.lastPacket,
    startTime: formatDate(FAKE_EPOCH, history.startNanos),
    endTime: formatDate(FAKE_EPOCH, history.endNanos),
    versionsOffered: history.versionsOffered.map(versionName),
    version: history.version === undefined ? null : versionName(history.version),
    ...(draftName(history.version ?? 0) === ''
      ? {}
      : { versionDraft: draftName(history.version ?? 0) }),
    cipherSuite:
      history.cipherSuite === undefined
        ? null
        : { code: history.cipherSuite, name: suiteName(history.cipherSuite) },
    serverName: history.serverName ?? null,
    alpn: history.alpn ?? null,
    upgrade: history.upgrade?.protocol ?? null,
    ...(history.upgrade?.target && { target: history.upgrade.target }),
    ...(history.innerTls && {
      innerTls: {
        packet: history.innerTls.packet,
        serverName: history.innerTls.serverName ?? null,
      },
    }),
    ...(history.upgrade?.proxied && { proxied: history.upgrade.proxied }),
    clientRandom: hex(history.clientRandom),
    serverRandom: hex(history.serverRandom),
    fingerprints: {
      ja3: history.fingerprints?.ja3 ?? null,
      ja3s: history.fingerprints?.ja3s ?? null,
      ja4: history.fingerprints?.ja4 ?? null,
    },
    stackGuess: { client: guessOf('client'), server: guessOf('server') },
    resumed: history.resumed ?? null,
    extendedMasterSecret: history.extendedMasterSecret ?? null,
    ech: history.ech ?? null,
    innerServerName: history.decryption?.innerServerName ?? null,
    encryptThenMac: history.encryptThenMac ?? null,
    connectionIds: ids
      ? {
          extension: ids.extension ?? null,
          toClient: ids.to.client ?? null,
          toServer: ids.to.server ?? null,
        }
      : null,
    outcome: history.outcome,
    stage: history.stage,
    handshake: history.messages.map(({ type, from, packet }) => ({
      type: handshakeTypeName(type),
      from,
      packet,
    })),
    records: history.records,
    ...(history.missingRecords && { missingRecords: history.missingRecords }),
    alerts: history.alerts.map(({ level, description, from, packet, encrypted }) => ({
      level: level === 1 ? 'warning' : level === 2 ? 'fatal' : null,
      description: description === undefined ? null : alertDescriptionName(description),
      from,
      packet,
      encrypted,
    })),
    ...(history.heartbeats?.length
      ? {
          heartbeats: history.heartbeats.map(({ type, from, packet, count, length, claimed }) => ({
            type: type ?? null,
            from,
            packet,
            count,
            octets: length,
            payloadLength: claimed ?? null,
          })),
        }
      : {}),
    close: history.tcp ? { client: close('client'), server: close('server') } : null,
    decryption: null,
    blindSpots: [...history.blindSpots],
  };
}

const octet = fc.integer({ min: 0, max: 255 });
const codePoint = fc.integer({ min: 0, max: 0xffff });
const packet = fc.integer({ min: 1, max: 3_000_000_000 });
const role = fc.constantFrom('client' as const, 'server' as const);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const stackGuess = fc.record({
  stack: fc.constantFrom(...STACKS),
  habits: fc.array(fc.string(), { minLength: 2, maxLength: 4 }),
});
const wireText = fc.string({ unit: 'binary', maxLength: 300 });
const random = fc.uint8Array({ minLength: 32, maxLength: 32 });
const flag = maybe(fc.boolean());
const port = fc.integer({ min: 0, max: 65_535 });
const count = fc.integer({ min: 0, max: 100_000 });
const counts = fc.record({
  handshake: count,
  changeCipherSpec: count,
  alert: count,
  applicationData: count,
  other: count,
});
const moment = packet.map((number) => at(number));
const nanos = fc.integer({ min: -5_000_000_000, max: 2 ** 53 - 1 });

const history = fc
  .record({
    protocol: fc.constantFrom('TLS' as const, 'DTLS' as const),
    stream: count,
    firstPacket: packet,
    lastPacket: packet,
    startNanos: nanos,
    endNanos: nanos,
    versionsOffered: fc.array(codePoint, { maxLength: 200 }),
    version: maybe(codePoint),
    cipherSuite: maybe(codePoint),
    serverName: maybe(wireText),
    alpn: maybe(wireText),
    upgrade: maybe(
      fc
        .record({ protocol: fc.constantFrom(...UPGRADES), host: wireText, port })
        .map(({ protocol, host, port }) =>
          fakeUpgrade({
            protocol,
            target: port % 2 === 0 ? { host, port } : undefined,
            proxied:
              port % 3 === 0
                ? { source: { address: '192.0.2.1', port }, destination: { address: '::1', port } }
                : undefined,
          }),
        ),
    ),
    innerTls: maybe(
      fc.record({ serverName: maybe(wireText) }).map((one) => ({ ...at(7), ...one })),
    ),
    clientRandom: maybe(random),
    serverRandom: maybe(random),
    resumed: flag,
    extendedMasterSecret: flag,
    encryptThenMac: flag,
    outcome: fc.constantFrom(...OUTCOMES),
    missingRecords: maybe(fc.record({ client: fc.nat(99), server: fc.nat() })),
    heartbeats: fc.array(
      fc.record({
        from: fc.constantFrom('client' as const, 'server' as const),
        packet: fc.integer({ min: 1, max: 9 }),
        nanos: fc.constant(0),
        count: fc.nat(99),
        type: fc.constantFrom('request' as const, 'response' as const, undefined),
        length: fc.nat(0xffff),
        claimed: maybe(codePoint),
        isBeyond: fc.boolean(),
      }),
      { maxLength: 4 },
    ),
    stage: fc.constantFrom(...STAGES),
    blindSpots: fc.uniqueArray(fc.constantFrom(...BLIND_SPOTS)),
    records: fc.record({ client: counts, server: counts }),
    fingerprints: fc.record({
      ja3: maybe(fc.constant('ab'.repeat(16))),
      ja3s: maybe(fc.constant('cd'.repeat(16))),
      ja4: maybe(fc.constant('t13d1516h2_8daaf6152771_b0da82dd1658')),
      stacks: fc.record({ client: maybe(stackGuess), server: maybe(stackGuess) }),
    }),
    messages: fc.array(
      fc
        .tuple(fc.constantFrom(-1, 0x102, 1, 2, 20, 99, 255), role, packet)
        .map((message) => fakeMessage(...message)),
      { maxLength: 256 },
    ),
    alerts: fc.array(
      fc
        .tuple(maybe(octet), role, packet, maybe(octet))
        .map(([description, from, number, level]) =>
          fakeAlert(description, from, number, { level }),
        ),
      { maxLength: 64 },
    ),
    tcp: fc.record({
      fin: fc.record({ client: maybe(moment), server: maybe(moment) }),
      rst: fc.record({
        client: maybe(moment.map((when) => ({ ...when, withAck: true, window: 0 }))),
        server: maybe(moment.map((when) => ({ ...when, withAck: false, window: 0 }))),
      }),
    }),
  })
  .map(({ tcp, ...given }) =>
    fakeHistory(given.protocol === 'TLS' ? { ...given, tcp } : { ...given }),
  );

describe('JSON', () => {
  test('says of every connection what the contract says, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(history, { maxLength: 8 }), async (connections) => {
        expect((await asJson({ connections })).connections).toEqual(connections.map(expected));
      }),
      { numRuns: 150 },
    );
  });

  test('is printable, ASCII where the wire speaks, and survives lone surrogates', async () => {
    const serverName = 'a\u001b[2J\u202e\u0000\n"\\\u009b\ud800\u{e0041}é';
    const text = await report((sink, run) => new JsonReporter(sink, run, '1'), {
      connections: [fakeHistory({ serverName, alpn: serverName })],
      findings: [fakeFinding({ title: serverName })],
      ending: { result: fakeResult({ captures: [fakeCapture({ path: serverName })] }) },
    });
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    const parsed = reportSchema.parse(JSON.parse(text));
    expect(parsed.connections[0]?.serverName).toBe(serverName);
    expect(parsed.findings[0]?.title).toBe(serverName);
    expect(parsed.captures[0]?.path).toBe(serverName);
  });

  test('puts the captures where people look for them, unless connections had to leave before', async () => {
    const few = await asJson({ connections: [fakeHistory()] });
    expect(Object.keys(few).join()).toBe(
      'schema,tool,captures,connections,findings,faults,quic,summary',
    );
    const many = await report((sink, run) => new JsonReporter(sink, run, '1'), {
      connections: Array.from({ length: 400 }, (_, index) => fakeHistory({ id: index + 1 })),
    });
    const parsed = reportSchema.parse(JSON.parse(many));
    expect(parsed.connections.map(({ id }) => id)).toEqual(
      Array.from({ length: 400 }, (_, index) => index + 1),
    );
    expect(Object.keys(JSON.parse(many) as object).join()).toBe(
      'schema,tool,connections,captures,findings,faults,quic,summary',
    );
  });

  test('is complete without a connection', async () => {
    expect(await asJson({})).toMatchObject({
      schema: 'tlsdiag.report/1',
      tool: { name: 'tlsdiag', version: '1.2.3' },
      captures: [{ path: 'case.pcap', interfaces: [{ linkType: 'ethernet' }] }],
      connections: [],
      findings: [],
    });
  });

  test('says whose fault a failed connection probably is', async () => {
    const open = fakeFault({
      connection: 2,
      ending: undefined,
      likelier: 'undecided',
      confidence: undefined,
    });
    const { faults } = await asJson({
      connections: [fakeHistory({ outcome: 'failed' })],
      faults: [fakeFault(), open],
    });
    expect(faults).toEqual([
      {
        connection: 1,
        endedBy: 'client',
        ending: {
          how: 'the fatal alert unknown_ca (48)',
          capture: 0,
          packet: 4,
          time: '2024-05-01T12:00:00.004000000Z',
        },
        likelier: 'server',
        confidence: 'likely',
        rules: ['fake-rule'],
        for: ['Something is wrong'],
        against: ['packet 4 may be of somebody else'],
        settle: ['the log of the server process at the time of packet 4'],
      },
      expect.objectContaining({ connection: 2, endedBy: null, ending: null, confidence: null }),
    ]);
  });

  test('numbers packets in the words about a fault by file', async () => {
    const captures = [fakeCapture({ packets: 3 }), fakeCapture({ path: 'b.pcap' })];
    const { faults, summary } = await asJson({
      faults: [fakeFault()],
      ending: { result: fakeResult({ captures, faultsOmitted: 7 }) },
    });
    expect(faults[0]).toMatchObject({
      ending: { capture: 1, packet: 1 },
      against: ['packet 1 of b.pcap may be of somebody else'],
    });
    expect(summary.faultsOmitted).toBe(7);
  });

  test('sorts and numbers findings by severity, then by first packet', async () => {
    const { findings, summary } = await asJson({
      findings: [
        fakeFinding({ severity: 'warning', packets: [1] }),
        fakeFinding({ severity: 'error', packets: [9] }),
        fakeFinding({ severity: 'error', packets: [2] }),
        fakeFinding({ severity: 'critical', packets: [30] }),
      ],
    });
    expect(findings.map(({ id, severity, packets }) => [id, severity, packets[0]])).toEqual([
      [1, 'critical', 30],
      [2, 'error', 2],
      [3, 'error', 9],
      [4, 'warning', 1],
    ]);
    expect(summary.findings).toEqual({ critical: 1, error: 2, warning: 1, info: 0 });
  });

  test('numbers packets by file when there are several', async () => {
    const captures = [
      fakeCapture({ path: 'a.pcap', packets: 10 }),
      fakeCapture({ path: 'b.pcap', packets: 10 }),
    ];
    const { connections, findings } = await asJson({
      connections: [
        fakeHistory({
          firstPacket: 8,
          lastPacket: 13,
          messages: [fakeMessage(1, 'client', 10), fakeMessage(2, 'server', 11)],
          alerts: [fakeAlert(40, 'server', 12)],
        }),
        fakeHistory({ id: 2, firstPacket: 11, lastPacket: 20 }),
      ],
      findings: [fakeFinding({ packets: [10, 11] })],
      ending: { result: fakeResult({ captures }) },
    });
    expect(connections[0]).toMatchObject({
      capture: 0,
      firstPacket: 8,
      lastPacket: 3,
      lastCapture: 1,
      handshake: [{ packet: 10 }, { packet: 1, capture: 1 }],
      alerts: [{ packet: 2, capture: 1 }],
    });
    expect(connections[1]).toMatchObject({ capture: 1, firstPacket: 1, lastPacket: 10 });
    expect(connections[1]).not.toHaveProperty('lastCapture');
    expect(findings[0]).toMatchObject({
      packets: [10, 1],
      packetCaptures: [0, 1],
      evidence: [
        { capture: 0, packet: 10 },
        { capture: 1, packet: 1 },
      ],
    });
  });

  test('tells notices with their figures, and what was only counted', async () => {
    const { captures, summary } = await asJson({
      ending: {
        result: fakeResult({
          captures: [fakeCapture({ format: 'unknown', firstTime: null, lastTime: null })],
          notices: [
            [
              {
                code: 'capture-truncated',
                packetNumber: 34,
                offset: 0,
                needed: 90,
                available: 7,
                detail: 'cut by hand',
              },
              { code: 'tcp-gap', packetNumber: 0, offset: -1, needed: 0, available: 0 },
            ],
          ],
          noticesOmitted: [{ 'tcp-gap': 12 }],
          findingsOmitted: { 'fake-rule': 3 },
          coverage: [{ rule: 'fake-rule', assessed: 2, notAssessable: { 'no-secrets': 1 } }],
          connections: 5,
        }),
        selection: '--port 443',
        interrupted: true,
      },
    });
    expect(captures[0]).toMatchObject({
      format: null,
      firstTime: null,
      notices: [
        {
          code: 'capture-truncated',
          packet: 34,
          message: expect.stringMatching(/90 octets needed, 7 there \(cut by hand\)$/),
        },
        { code: 'tcp-gap', packet: null },
      ],
      noticesOmitted: { 'tcp-gap': 12 },
    });
    expect(summary).toMatchObject({
      findingsOmitted: { 'fake-rule': 3 },
      coverage: [{ rule: 'fake-rule', assessed: 2, notAssessable: { 'no-secrets': 1 } }],
      filteredOut: 5,
      interrupted: true,
    });
  });
});

describe('findings that say the same', () => {
  const findings = [7, 1, 2, 3, 4, 5].map((packet) =>
    fakeFinding({ packets: [packet], ofServer: { address: '2001:db8::1', port: 443 } }),
  );
  const ending = {
    result: fakeResult({
      omittedAlike: [
        {
          rule: 'fake-rule',
          title: 'Something is wrong',
          severity: 'error',
          confidence: 'likely',
          server: undefined,
          count: 2,
          firstNanos: 0,
          lastNanos: 9_000_000_000,
        },
      ],
    }),
  };
  const alike = {
    rule: 'fake-rule',
    title: 'Something is wrong',
    severity: 'error',
    confidence: 'likely',
    firstTime: '2024-05-01T12:00:00.000000000Z',
    lastTime: '2024-05-01T12:00:09.000000000Z',
  };
  const counted = { ...alike, server: null, occurrences: 2, omitted: 2, findings: [] };

  test('stay in the document, and their number is in the summary, by server', async () => {
    const told = await asJson({ findings, ending });
    expect(told.findings).toHaveLength(6);
    expect(told.summary.repeated).toEqual([
      {
        ...alike,
        server: '[2001:db8::1]:443',
        occurrences: 6,
        omitted: 0,
        findings: [1, 2, 3, 4, 5],
      },
      counted,
    ]);
  });

  test('that are few are no repetition', async () => {
    const told = await asJson({ findings: findings.slice(1) });
    expect(told.summary.repeated).toEqual([]);
  });
});

describe('NDJSON', () => {
  test('says the same as JSON, a line each', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(history, { maxLength: 4 }), async (connections) => {
        const findings = [fakeFinding()];
        const whole = await asJson({ connections, findings });
        const lines = await asLines({ connections, findings });
        expect(lines).toEqual([
          ...whole.connections.map((connection) => ({ kind: 'connection', ...connection })),
          ...whole.findings.map((finding) => ({ kind: 'finding', ...finding })),
          ...whole.captures.map((capture) => ({ kind: 'capture', ...capture })),
          { kind: 'summary', schema: whole.schema, tool: whole.tool, ...whole.summary },
        ]);
      }),
      { numRuns: 30 },
    );
  });
});
