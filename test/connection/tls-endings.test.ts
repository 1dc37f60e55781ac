/** Every record behind which a TLS handshake can stop, times every way in which it can. */
import { describe, expect, it } from 'vitest';
import type { Outcome, Stage } from '../../src/model/history.ts';
import { analyse, onlyConnection } from '../support/analyse.ts';
import { type TlsSpec, TlsWriter } from '../support/conversation.ts';
import { captureFile, HOSTS, otherPeer, type Peer, TcpFlow } from '../support/network.ts';
import { reaches } from '../support/reaches.ts';

/** The stage that is reached with each record. */
const HANDSHAKES: readonly [name: string, spec: TlsSpec, stages: readonly [string, Stage][]][] = [
  [
    'TLS 1.2',
    {},
    [
      ['client_hello', 'server-hello'],
      ['server_hello', 'server-flight'],
      ['certificate', 'server-flight'],
      ['server_key_exchange', 'server-flight'],
      ['server_hello_done', 'client-flight'],
      ['client_key_exchange', 'client-finished'],
      ['client_ccs', 'client-finished'],
      ['client_finished', 'server-finished'],
      ['server_ccs', 'server-finished'],
      ['server_finished', 'done'],
    ],
  ],
  [
    'SSL 3.0 with a client certificate',
    { version: 0x0300, suite: 0x000a, clientCertificate: true },
    [
      ['client_hello', 'server-hello'],
      ['server_hello', 'server-flight'],
      ['certificate', 'server-flight'],
      ['certificate_request', 'server-flight'],
      ['server_hello_done', 'client-flight'],
      ['client_certificate', 'client-flight'],
      ['client_key_exchange', 'client-finished'],
      ['certificate_verify', 'client-finished'],
      ['client_ccs', 'client-finished'],
      ['client_finished', 'server-finished'],
      ['server_ccs', 'server-finished'],
      ['server_finished', 'done'],
    ],
  ],
  [
    'TLS 1.2 resumption',
    { resumed: true },
    [
      ['client_hello', 'server-hello'],
      ['server_hello', 'server-flight'],
      ['server_ccs', 'server-flight'],
      ['server_finished', 'client-finished'],
      ['client_ccs', 'client-finished'],
      ['client_finished', 'done'],
    ],
  ],
  [
    'TLS 1.3',
    { version: 0x0304 },
    [
      ['client_hello', 'server-hello'],
      ['server_hello', 'server-flight'],
      ['server_ccs', 'server-flight'],
      ['server_flight', 'client-flight'],
      ['client_ccs', 'client-flight'],
      ['client_finished', 'done'],
      ['new_session_ticket', 'done'],
    ],
  ],
  [
    'TLS 1.3 with HelloRetryRequest',
    { version: 0x0304, retry: true },
    [
      ['client_hello', 'server-hello'],
      ['hello_retry_request', 'server-hello'],
      ['server_ccs', 'server-hello'],
      ['client_ccs', 'server-hello'],
      ['client_hello_2', 'server-hello'],
      ['server_hello', 'server-flight'],
      ['server_flight', 'client-flight'],
      ['client_finished', 'done'],
      ['new_session_ticket', 'done'],
    ],
  ],
  [
    'TLS 1.3 with PSK',
    { version: 0x0304, resumed: true },
    [
      ['client_hello', 'server-hello'],
      ['server_hello', 'server-flight'],
      ['server_ccs', 'server-flight'],
      ['server_flight', 'client-flight'],
      ['client_ccs', 'client-flight'],
      ['client_finished', 'done'],
      ['new_session_ticket', 'done'],
    ],
  ],
  [
    'TLS 1.3 with early data',
    { version: 0x0304, resumed: true, earlyData: true },
    [
      ['client_hello', 'server-hello'],
      ['client_ccs', 'server-hello'],
      ['early_data', 'server-hello'],
      ['server_hello', 'server-flight'],
      ['server_ccs', 'server-flight'],
      ['server_flight', 'client-flight'],
      ['end_of_early_data', 'client-flight'],
      ['client_finished', 'done'],
      ['new_session_ticket', 'done'],
    ],
  ],
];

type Ending = (flow: TcpFlow, writer: TlsWriter, by: Peer) => void;

/** What becomes of a handshake that is not done. */
const ENDINGS: readonly [how: string, outcome: Outcome, end: Ending][] = [
  ['the capture ends', 'incomplete', () => undefined],
  ['FIN', 'aborted', (flow, _, by) => flow.fin(by)],
  ['RST', 'aborted', (flow, _, by) => flow.rst(by)],
  ['bare RST', 'aborted', (flow, _, by) => flow.rst(by, false)],
  ['fatal alert', 'failed', (flow, w, by) => flow.send(by, w.alert(by, 2, 40).record)],
  [
    'fatal alert and FIN',
    'failed',
    (flow, w, by) => flow.send(by, w.alert(by, 2, 80).record).fin(by),
  ],
  ['close_notify', 'aborted', (flow, w, by) => flow.send(by, w.alert(by, 1, 0).record)],
  [
    'warning and FIN',
    'aborted',
    (flow, w, by) => flow.send(by, w.alert(by, 1, 112).record).fin(by),
  ],
  ['warning', 'incomplete', (flow, w, by) => flow.send(by, w.alert(by, 1, 112).record)],
  [
    'missing octets and FIN',
    'incomplete',
    (flow, _, by) => flow.skip(by, 100).fin(by).acknowledge(otherPeer(by)),
  ],
  [
    'missing octets and data',
    'incomplete',
    (flow, w, by) => flow.skip(by, 100).send(by, w.data(by, 40).record).fin(by),
  ],
];

describe.each(HANDSHAKES)('%s', (_, spec, stages) => {
  const steps = new TlsWriter(spec).handshake();

  it('consists of these records', () => {
    expect(steps.map(({ name }) => name)).toEqual(stages.map(([name]) => name));
  });

  describe.each(ENDINGS)('%s', (how, outcome, end) => {
    it.each(stages)('behind %s', (name, stage) => {
      for (const by of ['client', 'server'] as const) {
        const writer = new TlsWriter(spec);
        const flow = new TcpFlow().open();
        for (const step of writer.handshake()) {
          flow.send(step.from, step.record);
          if (step.name === name) break;
        }
        end(flow, writer, by);
        const h = onlyConnection(captureFile(flow.frames));
        const wanted = stage === 'done' ? 'established' : outcome;
        // Protected data behind a hole can be what the handshake lacked.
        if (how === 'missing octets and data') {
          if (stage !== 'done') expect(['incomplete', 'established']).toContain(h.outcome);
          expect(h.blindSpots).toContain('lost-bytes');
          continue;
        }
        expect({ by, outcome: h.outcome, stage: h.stage }).toEqual({ by, outcome: wanted, stage });
      }
    });
  });
});

describe('an encrypted alert before the handshake is done', () => {
  it.each([
    ['client', 'client_ccs', 'client-finished'],
    ['client', 'client_finished', 'server-finished'],
    ['server', 'server_ccs', 'server-finished'],
  ] as const)('of the %s behind %s', (by, name, stage) => {
    for (const closes of [true, false]) {
      const writer = new TlsWriter();
      const flow = new TcpFlow().open();
      for (const step of writer.handshake()) {
        flow.send(step.from, step.record);
        if (step.name === name) break;
      }
      flow.send(by, writer.sealedAlert(by).record);
      if (closes) flow.fin(by);
      const h = onlyConnection(captureFile(flow.frames));
      expect(h).toMatchObject({ outcome: closes ? 'failed' : 'incomplete', stage });
      expect(h.alerts).toMatchObject([{ from: by, encrypted: true, level: undefined, length: 26 }]);
    }
  });

  it('is what a server of TLS 1.3 answers the client’s Finished with when it refuses it', () => {
    const writer = new TlsWriter({ version: 0x0304 });
    const flow = new TcpFlow().open();
    for (const step of writer.handshake().slice(0, -1)) flow.send(step.from, step.record);
    flow.send('server', writer.sealedAlert('server').record).fin('server');
    expect(onlyConnection(captureFile(flow.frames))).toMatchObject({
      outcome: 'failed',
      stage: 'done',
    });
  });
});

describe('an answer to the client’s Finished', () => {
  reaches('refusalNanos', 100e6, 'is a refusal if it comes soon', (bound) => {
    const outcomes = [0, 1].map((beyond) => {
      const writer = new TlsWriter({ version: 0x0304 });
      const flow = new TcpFlow({ acknowledge: false }).open();
      for (const step of writer.handshake().slice(0, -1)) flow.send(step.from, step.record);
      flow.nanos = (flow.frames.at(-1)?.nanos ?? 0) + bound + beyond * 1000;
      flow.send('server', writer.sealedAlert('server').record).fin('server');
      return onlyConnection(captureFile(flow.frames)).outcome;
    });
    expect(outcomes).toEqual(['failed', 'established']);
  });
});

reaches('eventsPerConnection', 12, 'more messages than are listed are a blind spot', (bound) => {
  const told = (alerts: number) => {
    const writer = new TlsWriter();
    const flow = new TcpFlow().open();
    const [hello] = writer.handshake();
    if (hello !== undefined) flow.send(hello.from, hello.record);
    for (let n = 0; n < alerts; n++) flow.send('client', writer.alert('client', 1, 100).record);
    const file = captureFile(flow.frames);
    const { alerts: listed, messages, blindSpots } = onlyConnection(file);
    const { findings } = analyse(file);
    expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    return [messages.length + listed.length, blindSpots.includes('too-many-messages')];
  };
  expect(told(bound - 1)).toEqual([bound, false]);
  expect(told(bound)).toEqual([bound, true]);
});

describe('roles', () => {
  it.each(['client', 'server'] as const)(
    'come from the ClientHello when the %s opens the connection',
    (initiator) => {
      const flow = new TcpFlow({ initiator }).open();
      for (const { from, record } of new TlsWriter().handshake()) flow.send(from, record);
      expect(onlyConnection(captureFile(flow.frames))).toMatchObject({
        rolesFrom: 'client_hello',
        client: flow.hosts.client,
        server: flow.hosts.server,
      });
    },
  );

  it('come from the ServerHello where the ClientHello is missing', () => {
    const flow = new TcpFlow({ initiator: 'server' }).open();
    const [hello, ...rest] = new TlsWriter().handshake();
    flow.skip('client', hello?.record.length ?? 0);
    for (const { from, record } of rest) flow.send(from, record);
    expect(onlyConnection(captureFile(flow.frames))).toMatchObject({
      rolesFrom: 'server_hello',
      client: flow.hosts.client,
    });
  });

  it('come from the SYN, or else from the ports, where there is no hello', () => {
    for (const [syn, rolesFrom] of [
      [true, 'syn'],
      [false, 'port-order'],
    ] as const) {
      const writer = new TlsWriter();
      const flow = new TcpFlow();
      if (syn) flow.open();
      flow.skip('client', 500).skip('server', 500);
      for (let i = 0; i < 3; i++)
        flow
          .send('client', writer.data('client', 50).record)
          .send('server', writer.data('server', 90).record);
      const h = onlyConnection(captureFile(flow.frames));
      expect(h).toMatchObject({
        rolesFrom,
        client: flow.hosts.client,
        outcome: 'no-handshake',
        stage: 'none',
      });
      expect(h.blindSpots).toContain('start-not-captured');
    }
  });
});

describe('facts of a handshake', () => {
  it.each([
    [{}, { resumed: false, extendedMasterSecret: false, encryptThenMac: false }],
    [{ resumed: true }, { resumed: true }],
    [{ extendedMasterSecret: true }, { extendedMasterSecret: true, encryptThenMac: false }],
    [
      { suite: 0xc013, encryptThenMac: true },
      { encryptThenMac: true, cipherSuite: 0xc013 },
    ],
    [{ version: 0x0304 }, { resumed: false, version: 0x0304, encryptThenMac: undefined }],
    [
      { version: 0x0304, resumed: true },
      { resumed: true, extendedMasterSecret: undefined },
    ],
    [
      { version: 0x0300, suite: 0x0005 },
      { version: 0x0300, versionsOffered: [0x0300] },
    ],
    [{ serverName: 'a.example' }, { serverName: 'a.example', versionsOffered: [0x0303] }],
  ] as const)('%j', (spec, wanted) => {
    const flow = new TcpFlow().open();
    const writer = new TlsWriter(spec);
    for (const { from, record } of writer.handshake()) flow.send(from, record);
    const h = onlyConnection(captureFile(flow.frames));
    expect(h).toMatchObject(wanted);
    expect(h.clientRandom).toEqual(writer.clientRandom);
    expect(h.serverRandom).toEqual(writer.serverRandom);
  });

  it('lists messages in order with their packets, and counts records', () => {
    const writer = new TlsWriter();
    const flow = new TcpFlow({ acknowledge: false }).open();
    for (const { from, record } of writer.handshake()) flow.send(from, record);
    flow.send('client', writer.data('client', 10).record);
    flow.send('server', writer.data('server', 20).record, writer.data('server', 30).record);
    flow.send('client', writer.sealedAlert('client').record).fin('client').fin('server');
    const h = onlyConnection(captureFile(flow.frames));
    // SYN, SYN-ACK and ACK are packets 1 to 3; each record has one of its own.
    expect(h.messages.map(({ type, from, packet }) => [type, from, packet])).toEqual([
      [1, 'client', 4],
      [2, 'server', 5],
      [11, 'server', 6],
      [12, 'server', 7],
      [14, 'server', 8],
      [16, 'client', 9],
      [-1, 'client', 11],
      [-1, 'server', 13],
    ]);
    expect(h.changeCipherSpec).toMatchObject({ client: { packet: 10 }, server: { packet: 12 } });
    expect(h.records).toEqual({
      client: { handshake: 3, changeCipherSpec: 1, alert: 1, applicationData: 1, other: 0 },
      server: { handshake: 5, changeCipherSpec: 1, alert: 0, applicationData: 2, other: 0 },
    });
    expect(h.protectedRecords).toMatchObject({
      client: { count: 3, first: { packet: 11 }, last: { packet: 16, contentType: 21 } },
      server: { count: 3, last: { packet: 15, length: 54 }, lastData: { packet: 15 } },
    });
    expect(h.protectedRecords.client.lastData).toMatchObject({ packet: 14, length: 34 });
    expect(h.alerts).toMatchObject([{ packet: 16, encrypted: true, from: 'client' }]);
    expect(h).toMatchObject({ oddities: [], blindSpots: ['no-secrets'], bothDirections: true });
    expect(h.tcp).toMatchObject({ fin: { client: { packet: 17 }, server: { packet: 18 } } });
  });

  it('names what does not belong', () => {
    const writer = new TlsWriter({ suite: 0xc013 });
    const flow = new TcpFlow().open();
    const steps = writer.handshake();
    for (const { from, record } of steps) flow.send(from, record);
    const length = writer.data('client', 40);
    flow.send('client', length.record.map((o, i) => (i === 4 ? o - 1 : o)).subarray(0, -1));
    flow.send('client', steps[0]?.record ?? new Uint8Array());
    flow.send('server', new TextEncoder().encode('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const { oddities } = onlyConnection(captureFile(flow.frames));
    expect(oddities.map(({ kind, from }) => [kind, from])).toEqual([
      ['impossible-length', 'client'],
      ['client-hello-mid-connection', 'client'],
      ['plaintext-instead-of-record', 'server'],
    ]);
  });

  it('says that only one direction was captured', () => {
    const flow = new TcpFlow().open();
    for (const { from, record } of new TlsWriter().handshake()) {
      if (from === 'client') flow.send(from, record);
      else flow.skip(from, record.length);
    }
    const h = onlyConnection(captureFile(flow.frames));
    expect(h.bothDirections).toBe(false);
    expect(h.blindSpots).toContain('one-direction');
  });
});

it('tells connections apart that follow each other on the same ports', () => {
  const frames = [1, 2, 3].flatMap((n) => {
    const flow = new TcpFlow({
      startNanos: n * 1e9,
      initialSequence: { client: n * 1_000_000_000, server: n * 5_000_000 },
    }).open();
    const writer = new TlsWriter({ seed: n });
    for (const { from, record } of writer.handshake()) flow.send(from, record);
    return flow.fin('client').fin('server').acknowledge('client').frames;
  });
  const { connections } = analyse(captureFile(frames));
  expect(connections.map(({ id, stream, tcp }) => [id, stream, tcp?.incarnation])).toEqual([
    [1, 0, 0],
    [2, 1, 1],
    [3, 2, 2],
  ]);
});

const OTHER = { ...HOSTS, client: { ...HOSTS.client, port: 40_002 } };

reaches('events', 12, 'so are those beyond what is listed of all connections together', (bound) => {
  const writer = new TlsWriter();
  const flow = new TcpFlow().open();
  const [hello] = writer.handshake();
  if (hello !== undefined) flow.send(hello.from, hello.record);
  for (let n = 0; n < bound; n++) flow.send('client', writer.alert('client', 1, 100).record);
  const other = new TcpFlow({ hosts: OTHER, startNanos: flow.nanos }).open();
  if (hello !== undefined) other.send(hello.from, hello.record);
  const { connections, findings } = analyse(captureFile([...flow.frames, ...other.frames]));
  expect(connections.map(({ blindSpots }) => blindSpots.includes('too-many-messages'))).toEqual([
    true,
    true,
  ]);
  expect(connections[1]?.messages).toEqual([]);
  expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
});
