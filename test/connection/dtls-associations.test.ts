/** Which records on one 5-tuple make one association, and to which of several a late one is given. */
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/model/finding.ts';
import type { ConnectionHistory } from '../../src/model/history.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { createAnalysis } from '../../src/pipeline/analysis.ts';
import { analyse, type KeptHistory, onlyConnection } from '../support/analyse.ts';
import { Association, type DtlsSpec, type Nonces } from '../support/conversation.ts';
import type { Octets } from '../support/hello-builder.ts';
import { captureFile, MS, type Peer, twice, UDP_HOSTS, UdpFlow } from '../support/network.ts';
import { CBC_SHA, CHACHA, GCM, PSK_CCM8 } from '../support/protection.ts';
import { reaches } from '../support/reaches.ts';

const connectionsOf = (flow: UdpFlow): readonly KeptHistory[] =>
  analyse(captureFile(flow.frames)).connections;
const types = (h: KeptHistory | undefined) => h?.messages.map(({ type }) => type);
const kinds = (h: KeptHistory | undefined) => h?.dtls?.anomalies.map(({ kind }) => kind);

describe('how far a handshake came', () => {
  const FLIGHTS: readonly [DtlsSpec, readonly string[]][] = [
    [
      {},
      ['server-hello', 'server-hello', 'server-hello', 'client-flight', 'server-finished', 'done'],
    ],
    [{ verify: false }, ['server-hello', 'client-flight', 'server-finished', 'done']],
    [
      { resumed: true },
      ['server-hello', 'server-hello', 'server-hello', 'client-finished', 'done'],
    ],
    [
      { suite: PSK_CCM8, verify: false },
      ['server-hello', 'client-flight', 'server-finished', 'done'],
    ],
  ];
  it.each(FLIGHTS)('%j', (spec, stages) => {
    stages.forEach((stage, last) => {
      for (const how of ['end', 'alert', 'close', 'unreachable'] as const) {
        for (const by of ['client', 'server'] as const) {
          const flow = new UdpFlow();
          const a = new Association(flow, spec);
          for (const [from, flight] of a.flights().slice(0, last + 1)) a.send(from, flight());
          if (how === 'alert') a.send(by, [a.alert(by, 2, 40)]);
          else if (how === 'close') a.send(by, [a.alert(by, 1, 0)]);
          else if (how === 'unreachable') flow.portUnreachable(by);
          const h = onlyConnection(captureFile(flow.frames));
          // In the clear after the keys: anybody could have sent it.
          const forged = a.next[by][1] !== 0;
          const outcome =
            how === 'alert' && !forged
              ? 'failed'
              : how === 'unreachable' || (how === 'close' && !forged)
                ? 'aborted'
                : 'incomplete';
          expect({ how, by, stage: h.stage, outcome: h.outcome }).toEqual({
            how,
            by,
            stage,
            outcome: stage === 'done' ? 'established' : outcome,
          });
          expect(h.dtls?.portUnreachable.map(({ role }) => role)).toEqual(
            how === 'unreachable' ? [by] : [],
          );
          expect(kinds(h)).toEqual(
            forged && (how === 'alert' || how === 'close') ? ['epoch0-alert'] : [],
          );
        }
      }
    });
  });

  it('within the server’s flight', () => {
    const flow = new UdpFlow();
    const a = new Association(flow, { verify: false });
    a.send('client', a.clientHello());
    a.send('server', a.serverFlight().slice(0, -1));
    expect(onlyConnection(captureFile(flow.frames)).stage).toBe('server-flight');
    a.send('server', [a.message('server', 14, 3, new Uint8Array(0))].flat());
    a.send('client', a.clientFlight().slice(0, 1));
    expect(onlyConnection(captureFile(flow.frames)).stage).toBe('client-finished');
  });
});

describe('one association', () => {
  it('has the facts of its handshake', () => {
    const flow = new UdpFlow();
    const a = new Association(flow, { suite: CBC_SHA, encryptThenMac: true }).handshake();
    a.data('client').data('server').closeBoth('server');
    const h = onlyConnection(captureFile(flow.frames));
    expect(h).toMatchObject({
      protocol: 'DTLS',
      transport: 'udp',
      rolesFrom: 'client_hello',
      version: 0xfefd,
      cipherSuite: CBC_SHA,
      encryptThenMac: true,
      extendedMasterSecret: false,
      resumed: false,
      oddities: [],
      clientRandom: a.clientRandom,
      serverRandom: a.serverRandom,
      dtls: {
        ordinal: 0,
        siblings: [1],
        answered: { packet: 2 },
        clientHellos: [
          { packet: 1, messageSequence: 0, cookieLength: 0, retransmission: false },
          { packet: 3, messageSequence: 1, cookieLength: 20, retransmission: false, changed: [] },
        ],
        verifyRequests: [{ packet: 2, echoed: true }],
        probableClose: { client: { sequence: 2 }, server: { sequence: 2, length: 52 } },
        anomalies: [],
      },
    });
    expect(types(h)).toEqual([1, 3, 1, 2, 11, 12, 14, 16, -1, -1]);
    expect(h.records.client).toEqual({
      handshake: 4,
      changeCipherSpec: 1,
      alert: 1,
      applicationData: 1,
      other: 0,
    });
    expect(h.dtls?.epochs.client).toMatchObject([
      { epoch: 0, firstSequence: 0, highestSequence: 3, count: 4 },
      { epoch: 1, firstSequence: 0, highestSequence: 2, count: 3 },
    ]);
  });

  it('has its client where the ClientHello comes from, though the other side spoke first', () => {
    const flow = new UdpFlow();
    flow.datagram('server', Uint8Array.of(0, 1, 0, 0));
    new Association(flow).handshake();
    expect(onlyConnection(captureFile(flow.frames))).toMatchObject({
      rolesFrom: 'client_hello',
      client: UDP_HOSTS.client,
    });
  });

  it('includes a repeated ClientHello, and the one with the cookie', () => {
    const flow = new UdpFlow();
    const a = new Association(flow);
    a.send('client', a.clientHello());
    flow.wait(1000 * MS);
    a.send('client', a.clientHello()).send('server', a.helloVerifyRequest());
    a.send('client', a.clientHello({ cookie: a.cookie, again: true }));
    const h = onlyConnection(captureFile(flow.frames));
    expect(h.dtls?.clientHellos.map((c) => c.retransmission)).toEqual([false, true, false]);
  });

  it('includes a second ClientHello with another random, if it brings the cookie', () => {
    const flow = new UdpFlow();
    const a = new Association(flow);
    const random = new Uint8Array(32).fill(7);
    a.send('client', a.clientHello()).send('server', a.helloVerifyRequest());
    a.send('client', a.clientHello({ cookie: a.cookie, random, again: true }));
    a.send('server', a.serverFlight());
    expect(onlyConnection(captureFile(flow.frames)).clientRandom).toEqual(random);
  });

  it('puts messages together from fragments in any order, overlapping and cut anew', () => {
    const flow = new UdpFlow();
    const a = new Association(flow, { fragmentOctets: 97, coalesced: false });
    a.send('client', a.clientHello()).send('server', a.helloVerifyRequest());
    a.send('client', a.clientHello({ cookie: a.cookie, again: true }));
    const flight = a.serverFlight();
    a.send('server', [...flight.filter((_, i) => i % 3 !== 0)].reverse());
    flow.wait(1000 * MS);
    const again = new Association(flow, { fragmentOctets: 240, coalesced: false });
    again.next.server[0] = 500;
    a.send('server', again.serverFlight());
    a.send('client', a.clientFlight()).send('server', a.finish('server'));
    const h = onlyConnection(captureFile(flow.frames));
    expect(h).toMatchObject({
      outcome: 'established',
      stage: 'done',
      serverRandom: a.serverRandom,
    });
    expect(types(h)?.filter((type) => type === 11)).toEqual([11]);
  });

  it('keeps its epochs apart when it renegotiates', () => {
    const flow = new UdpFlow();
    const a = new Association(flow).handshake();
    a.data('client');
    for (const from of ['client', 'server'] as const) {
      a.send(from, [a.sealed(from, 22, 90), a.sealed(from, 20, 1)]);
      a.send(from, [a.sealed(from, 22, 24, { epoch: 2 }), a.sealed(from, 23, 40, { epoch: 2 })]);
    }
    const h = onlyConnection(captureFile(flow.frames));
    expect(h.dtls?.epochs.client.map(({ epoch, count }) => [epoch, count])).toEqual([
      [0, 4],
      [1, 4],
      [2, 2],
    ]);
    expect(kinds(h)).toEqual([]);
  });
});

describe('a new association', () => {
  it('begins with a ClientHello with another random', () => {
    const flow = new UdpFlow();
    for (const seed of [1, 2, 3]) {
      new Association(flow, { seed }).handshake().data('client').closeBoth('client');
      flow.wait(500 * MS);
    }
    const { connections, findings } = analyse(captureFile(flow.frames));
    expect(connections.map(({ id, outcome, dtls }) => [id, outcome, dtls?.ordinal])).toEqual([
      [1, 'established', 0],
      [2, 'established', 1],
      [3, 'established', 2],
    ]);
    for (const { dtls } of connections)
      expect(dtls).toMatchObject({ siblings: [1, 2, 3], anomalies: [], replacesOpen: 0 });
    expect(findings).toEqual([]);
  });

  it('says which open one it began over', () => {
    const flow = new UdpFlow();
    new Association(flow).handshake().data('client');
    new Association(flow, { seed: 2 }).handshake();
    const { connections, findings } = analyse(captureFile(flow.frames));
    expect(connections.map(({ dtls }) => dtls?.replacesOpen)).toEqual([0, 1]);
    expect(findings.map(({ severity }) => severity)).toEqual(['info']);
  });
});

// ------------------------------------------------------------------------------------------------ who owns a late alert

/** Flights of the second association in front of the late closing alert of the first; 0: before its ClientHello. */
const PLACES = [
  ['before the next ClientHello', 0],
  ['behind the next ClientHello', 1],
  ['behind the HelloVerifyRequest', 2],
  ['behind the server’s flight', 4],
  ['behind the next handshake', 6],
] as const;

const NONCES: readonly [string, number, readonly [Nonces, Nonces]][] = [
  ['AES-GCM, nonces from random starts', GCM, [0x1122_3344_5566_7788n, 0x0fed_cba9_8765_4321n]],
  ['AES-GCM, nonces that are the sequence number', GCM, ['sequence', 'sequence']],
  ['AES-GCM, random nonces', GCM, ['random', 'random']],
  ['AES-CBC', CBC_SHA, ['sequence', 'sequence']],
  ['ChaCha20', CHACHA, ['sequence', 'sequence']],
];

describe.each(NONCES)('a late close_notify, %s', (name, suite, [one, two]) => {
  it.each(PLACES)('%s', (_, place) => {
    const flow = new UdpFlow();
    const from = (client: Nonces) => ({ client, server: 'sequence' as const });
    const first = new Association(flow, { suite, nonces: from(one) }).handshake();
    for (let i = 0; i < 3; i++) first.data('client').data('server');
    first.close('server');
    flow.wait(300 * MS);
    const second = new Association(flow, { suite, seed: 2, nonces: from(two) });
    let late = 0;
    [...second.flights(), undefined].forEach((flight, i) => {
      if (i === place) {
        first.close('client');
        late = flow.frames.length;
      }
      if (flight !== undefined) second.send(flight[0], flight[1]());
    });
    second.data('client').data('server').closeBoth('client');
    const { connections, findings } = analyse(captureFile(flow.frames));
    expect(connections.map(({ outcome }) => outcome)).toEqual(['established', 'established']);
    expect(connections[0]?.dtls?.anomalies).toMatchObject([
      {
        kind: 'late',
        owner: 1,
        shape: 'alert',
        record: { packet: late, sequence: 4, contentType: 21 },
        during: place === 0 ? 0 : 2,
      },
    ]);
    expect(kinds(connections[1])).toEqual([]);
    expect(connections[0]?.dtls?.probableClose.client?.packet).toBe(late);
    // Only what the numbers cannot settle is less than proven.
    const settled = place < 6 || name.endsWith('random starts');
    expect(connections[0]?.dtls?.anomalies[0]?.confidence).toBe(settled ? 'proven' : 'likely');
    // The next handshake went through: nothing was hurt.
    expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    expect(findings.map(({ rule }) => rule)).toContain('dtls-late-close-notify');
  });
});

// ------------------------------------------------------------------------------------------------ numbers seen before

describe('a number that was seen before', () => {
  const talk = () => {
    const flow = new UdpFlow();
    return { flow, a: new Association(flow).handshake().data('client').data('server') };
  };

  it('with other octets is a reuse', () => {
    const { flow, a } = talk();
    a.send('client', [a.sealed('client', 23, 40, { sequence: 1 })]);
    const h = onlyConnection(captureFile(flow.frames));
    expect(h.dtls?.anomalies).toMatchObject([
      {
        kind: 'sequence-reuse',
        confidence: 'proven',
        record: { sequence: 1 },
        earlier: { packet: 7 },
      },
    ]);
  });

  it('with the same octets is a replay, unless it is one packet captured twice', () => {
    const { flow } = talk();
    const data = flow.frames[6] as (typeof flow.frames)[number];
    const again = [...flow.frames, { ...data, nanos: flow.nanos + 20 * MS }];
    expect(kinds(onlyConnection(captureFile(again)))).toEqual(['replay']);
    expect(kinds(onlyConnection(captureFile(twice(flow.frames))))).toEqual([]);
  });
});

describe('records out of place', () => {
  it('an alert in the clear after the keys', () => {
    const flow = new UdpFlow();
    const a = new Association(flow).handshake().data('client');
    a.send('server', [a.alert('server', 2, 20)]);
    const h = onlyConnection(captureFile(flow.frames));
    expect(h.outcome).toBe('established');
    expect(h.dtls?.anomalies).toMatchObject([
      { kind: 'epoch0-alert', alert: { level: 2, description: 20 }, confidence: 'proven' },
    ]);
  });

  it('a last flight once more', () => {
    const flow = new UdpFlow();
    const a = new Association(flow).handshake();
    flow.wait(1000 * MS);
    a.send('client', a.clientFlight()).send('server', a.finish('server'));
    const h = onlyConnection(captureFile(flow.frames));
    expect(kinds(h)).toEqual(['finished-again', 'finished-again']);
    expect(h.dtls?.finishedTransmissions.client.map(({ sequence }) => sequence)).toEqual([0, 1]);
  });

  it('a protected record before any association', () => {
    const flow = new UdpFlow();
    const gone = new Association(flow, { seed: 9 });
    gone.next.client[1] = 7;
    gone.close('client');
    flow.wait(500 * MS);
    new Association(flow).handshake();
    const connections = connectionsOf(flow);
    expect(connections.map(({ outcome }) => outcome)).toEqual(['no-handshake', 'established']);
    expect(connections[0]?.blindSpots).toContain('start-not-captured');
  });

  it('a protected record behind a ClientHello that nobody owns', () => {
    const flow = new UdpFlow();
    const a = new Association(flow);
    a.send('client', a.clientHello());
    new Association(flow, { seed: 9 }).close('client', { sequence: 5 });
    expect(onlyConnection(captureFile(flow.frames)).dtls?.anomalies).toMatchObject([
      { kind: 'no-association', owner: 0, shape: 'alert' },
    ]);
  });

  reaches(
    'anomaliesPerConnection',
    8,
    'are listed up to the limit and counted beyond it',
    (bound) => {
      const flow = new UdpFlow();
      const a = new Association(flow).handshake().data('client');
      const count = bound + 5;
      for (let i = 0; i < count; i++) a.send('client', [a.alert('client', 2, 20)]);
      const { dtls } = onlyConnection(captureFile(flow.frames));
      expect(dtls?.anomalies).toHaveLength(bound);
      expect(dtls?.anomaliesOmitted).toBe(5);
    },
  );
});

reaches('anomalies', 8, 'those of all associations are listed up to the limit', (bound) => {
  const flows = [40_000, 40_001].map((port) => {
    const hosts = { ...UDP_HOSTS, client: { ...UDP_HOSTS.client, port } };
    const flow = new UdpFlow({ hosts, startNanos: (port - 40_000) * 1000 * MS });
    const a = new Association(flow, { seed: port }).handshake().data('client');
    for (let i = 0; i < bound - 2; i++) a.send('client', [a.alert('client', 2, 20)]);
    return flow;
  });
  const { connections } = analyse(captureFile(flows.flatMap(({ frames }) => frames)));
  expect(connections.map(({ dtls }) => dtls?.anomalies.length)).toEqual([bound - 2, 2]);
  expect(connections.map(({ dtls }) => dtls?.anomaliesOmitted)).toEqual([0, bound - 4]);
});

// ------------------------------------------------------------------------------------------------ many of them

/** Looks at connections and findings in passing, where there are too many to keep. */
function glance(
  file: Octets,
  connection: (history: ConnectionHistory) => void,
  finding: (finding: Finding) => void = () => undefined,
) {
  const analysis = createAnalysis({ connection, finding });
  const intake = analysis.beginCapture('test.pcap', null);
  intake.push(file);
  intake.end(file.length);
  return analysis.end();
}

describe('associations on one 5-tuple', () => {
  const hellos = (count: number) => {
    const flow = new UdpFlow();
    const all = Array.from({ length: count }, (_, n) => new Association(flow, { seed: n + 1 }));
    const firsts = all.map((a) => a.clientHello());
    for (const [n, a] of all.entries()) a.send('client', firsts[n] as Octets[]);
    return { flow, all };
  };

  reaches('associationsPerFlow', 4, 'are so many; further ClientHellos join the last', (bound) => {
    const { flow } = hellos(bound + 2);
    const { connections, findings } = analyse(captureFile(flow.frames));
    expect(connections).toHaveLength(bound);
    expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
  });

  reaches('furtherAssociations', 3, 'are no more than this beside the first', (bound) => {
    const { flow } = hellos(bound + 3);
    const { connections, findings } = analyse(captureFile(flow.frames));
    expect(connections).toHaveLength(bound + 1);
    expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
  });

  reaches('associationsPerFlow', 4, 'are no more either where only answers are seen', (bound) => {
    const flow = new UdpFlow();
    for (let seed = 1; seed <= bound + 2; seed++) {
      const a = new Association(flow, { seed });
      a.send('server', a.serverFlight());
    }
    expect(analyse(captureFile(flow.frames)).connections).toHaveLength(bound);
  });

  reaches('openAssociationsPerFlow', 3, 'are found again while they are new', (bound) => {
    const repeating = (n: number) => {
      const { flow, all } = hellos(bound + 1);
      all[n]?.send('client', all[n].clientHello());
      return analyse(captureFile(flow.frames)).connections.length;
    };
    expect([repeating(1), repeating(0)]).toEqual([bound + 1, bound + 2]);
  });

  reaches('promptAnswerNanos', 20e6, 'end: what comes later than an answer is late', (bound) => {
    const kinds = [0, 1].map((beyond) => {
      const flow = new UdpFlow();
      const a = new Association(flow).handshake().data('client').data('server').close('server');
      flow.nanos = (flow.frames.at(-1)?.nanos ?? 0) + bound + beyond * 1000;
      a.data('client');
      return onlyConnection(captureFile(flow.frames)).dtls?.anomalies.map(({ kind }) => kind);
    });
    expect(kinds).toEqual([[], ['late']]);
  });
});

describe('when flows are final', () => {
  const hosts = (n: number) => ({
    client: { address: `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, port: 40_001 },
    server: UDP_HOSTS.server,
  });

  it('a short capture reports connections by id', () => {
    const flows = [0, 1, 2, 3].map((n) => new UdpFlow({ hosts: hosts(n), startNanos: n * MS }));
    const writers = flows.map((flow, n) => new Association(flow, { seed: n + 1 }));
    writers.forEach((a) => {
      a.handshake();
    });
    // The last one closes first.
    writers.reverse().forEach((a) => {
      a.closeBoth('client');
    });
    flows[1]?.wait(50 * MS);
    new Association(flows[1], { seed: 50 }).handshake();
    const { connections } = analyse(captureFile(flows.flatMap((flow) => flow.frames)));
    // Associations of one flow stay together.
    expect(connections.map(({ id }) => id)).toEqual([1, 2, 5, 3, 4]);
  });

  it('many closed flows are released, and each is reported once', () => {
    const count = LIMITS.closedConnections + 40;
    const frames = Array.from({ length: count }, (_, n) => {
      const flow = new UdpFlow({ hosts: hosts(n), startNanos: n * 3 * MS });
      new Association(flow, { verify: false, suite: PSK_CCM8, seed: n + 1 })
        .handshake()
        .closeBoth('client');
      return flow.frames;
    }).flat();
    const ids = new Set<number>();
    const result = glance(captureFile(frames), ({ id, outcome }) => {
      if (outcome !== 'established' || ids.has(id)) throw new Error(`${id}: ${outcome}`);
      ids.add(id);
    });
    expect(ids.size).toBe(count);
    expect(result).toMatchObject({ connections: count, internalErrors: 0 });
  }, 120_000);

  it('a flow that was released and speaks again has no start to judge by', () => {
    const count = LIMITS.closedConnections + 2;
    const flows = Array.from({ length: count }, (_, n) => {
      const flow = new UdpFlow({ hosts: hosts(n), startNanos: n * 3 * MS });
      const a = new Association(flow, { verify: false, suite: PSK_CCM8, seed: n + 1 });
      return { flow, a: a.handshake().closeBoth('client') };
    });
    const [first] = flows;
    if (first === undefined) throw new Error('no flow');
    first.flow.nanos = count * 3 * MS + 1000 * MS;
    first.a.data('server');
    const last: unknown[] = [];
    const grave: string[] = [];
    glance(
      captureFile(flows.flatMap(({ flow }) => flow.frames)),
      ({ id, outcome, blindSpots }) => {
        if (id > count) last.push([id, outcome, blindSpots.includes('start-not-captured')]);
      },
      ({ severity, rule }) => {
        if (severity !== 'info') grave.push(rule);
      },
    );
    expect(last).toEqual([[count + 1, 'no-handshake', true]]);
    expect(grave).toEqual([]);
  }, 120_000);
});

describe.each(['client', 'server'] as const)(
  'two healthy associations in a row, the %s closing first',
  (first) => {
    it.each([GCM, CHACHA, CBC_SHA, PSK_CCM8])('suite %i', (suite) => {
      for (const nonces of ['sequence', 'random', 77n] as const) {
        const flow = new UdpFlow();
        for (const seed of [1, 2]) {
          const both: Record<Peer, Nonces> = { client: nonces, server: nonces };
          const a = new Association(flow, { suite, seed, nonces: both }).handshake();
          a.data('client').data('server').data('client').closeBoth(first);
          flow.wait(20 * MS);
        }
        const { connections, findings } = analyse(captureFile(flow.frames));
        expect(connections.map(({ outcome }) => outcome)).toEqual(['established', 'established']);
        expect(findings).toEqual([]);
      }
    });
  },
);
