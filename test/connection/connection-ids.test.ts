/** Records with connection ids: whose they are, on which 5-tuple ever they come. RFC 9146. */
import { describe, expect, it } from 'vitest';
import { analyse, type KeptHistory, onlyConnection } from '../support/analyse.ts';
import { Association, type DtlsSpec } from '../support/conversation.ts';
import { filled, hex } from '../support/hello-builder.ts';
import { captureFile, type Hosts, MS, twice, UDP_HOSTS, UdpFlow } from '../support/network.ts';

const hexOf = (octets: Uint8Array) => Buffer.from(octets).toString('hex');
const NONE = new Uint8Array(0);
const SERVER_ID = hex('c1d5e2f3a4b5');
const CLIENT_ID = hex('0badcafe');
const BOTH: DtlsSpec = { ids: { client: CLIENT_ID, server: SERVER_ID } };
const TO_SERVER: DtlsSpec = { ids: { client: NONE, server: SERVER_ID } };

const from = (port: number, address = UDP_HOSTS.client.address): Hosts => ({
  ...UDP_HOSTS,
  client: { address, port },
});
const to = (port: number, address = UDP_HOSTS.server.address): Hosts => ({
  ...UDP_HOSTS,
  server: { address, port },
});
const flowOf = (hosts: Hosts) => new UdpFlow({ hosts });

function historiesOf(...flows: readonly UdpFlow[]): readonly KeptHistory[] {
  return analyse(fileOf(...flows)).connections;
}
function fileOf(...flows: readonly UdpFlow[]) {
  return captureFile(flows.flatMap(({ frames }) => frames).sort((a, b) => a.nanos - b.nanos));
}
const anomalies = (h: KeptHistory | undefined) => h?.dtls?.anomalies.map(({ kind }) => kind);

describe('what was negotiated', () => {
  it.each([
    ['both', BOTH, CLIENT_ID, SERVER_ID, 54],
    ['to the server alone', TO_SERVER, NONE, SERVER_ID, 54],
    ['a draft of Mbed TLS', { ...BOTH, idExtension: 254 }, CLIENT_ID, SERVER_ID, 254],
    ['a draft with a number', { ...BOTH, idExtension: 53 }, CLIENT_ID, SERVER_ID, 53],
  ] as const)('%s', (_, spec, client, server, extension) => {
    const a = new Association(undefined, spec).handshake().data('client').data('server');
    const h = onlyConnection(captureFile(a.flow.frames));
    expect(h.dtls?.connectionIds).toEqual({
      extension,
      to: { client: hexOf(client), server: hexOf(server) },
    });
    expect(h.outcome).toBe('established');
    expect(h.dtls?.paths).toEqual([]);
    expect(anomalies(h)).toEqual([]);
    expect(h.protectedRecords.client.count).toBe(2);
    expect(h.protectedRecords.server.count).toBe(2);
  });

  it('nothing', () => {
    const h = onlyConnection(captureFile(new Association().handshake().flow.frames));
    expect(h.dtls?.connectionIds).toBeUndefined();
  });

  it('a record is counted as other where its type cannot be known, and the first one is the Finished', () => {
    const a = new Association(undefined, BOTH).handshake().data('client').data('client');
    const { records } = onlyConnection(captureFile(a.flow.frames));
    expect(records.client).toMatchObject({ handshake: 4, applicationData: 0, other: 2 });
    expect(records.server).toMatchObject({ handshake: 6, applicationData: 0, other: 0 });
  });
});

describe('captured twice', () => {
  it('the Finished is the same both times', () => {
    const a = new Association(undefined, BOTH).handshake().data('client').data('server');
    const { connections, findings } = analyse(captureFile(twice(a.flow.frames)));
    expect(connections).toHaveLength(1);
    expect(anomalies(connections[0])).toEqual([]);
    expect(findings).toEqual([]);
  });

  it('a record without an id is none of the older association that wants one', () => {
    const flow = new UdpFlow();
    new Association(flow, BOTH).handshake().data('server');
    new Association(flow, { seed: 2 }).handshake().data('server');
    const { connections, findings } = analyse(captureFile(twice(flow.frames)));
    expect(connections.map(anomalies)).toEqual([[], []]);
    expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
  });
});

describe('hellos that are missing', () => {
  it.each([0, 1, 2, 3])('from packet %i on', (start) => {
    const a = new Association(undefined, BOTH).handshake().data('client').data('server');
    const { connections, result } = analyse(captureFile(a.flow.frames.slice(start)));
    expect(result.internalErrors).toBe(0);
    expect(connections).toHaveLength(1);
    const to = { client: start > 2 ? undefined : hexOf(CLIENT_ID), server: hexOf(SERVER_ID) };
    expect(connections[0]?.dtls?.connectionIds).toEqual({ extension: 54, to });
  });
});

describe('an association moves', () => {
  it.each([
    ['both have ids', BOTH],
    ['the client wants none', TO_SERVER],
  ] as const)('to another port: %s', (_, spec) => {
    const a = new Association(undefined, spec).handshake().data('client').data('server');
    const home = a.flow;
    a.moveTo(flowOf(from(50_007)))
      .data('client')
      .data('server')
      .data('client');
    const [h, ...others] = historiesOf(home, a.flow);
    expect(others).toEqual([]);
    expect(h?.dtls?.paths).toMatchObject([
      {
        stream: 1,
        endpoints: { client: { port: 50_007 }, server: UDP_HOSTS.server },
        records: { client: 2, server: 1 },
        isElsewhere: false,
      },
    ]);
    expect(h?.dtls?.epochs.client.at(-1)).toMatchObject({ firstSequence: 0, highestSequence: 3 });
    expect(anomalies(h)).toEqual([]);
    expect(h?.lastPacket).toBe(home.frames.length + a.flow.frames.length);
  });

  it('to another rank of the endpoints, so that sides change', () => {
    const a = new Association(undefined, BOTH).handshake();
    const home = a.flow;
    a.moveTo(flowOf(from(50_007, '203.0.113.200')))
      .data('client')
      .data('server');
    const [h, ...others] = historiesOf(home, a.flow);
    expect(others).toEqual([]);
    expect(h?.dtls?.paths).toMatchObject([
      { endpoints: { client: { address: '203.0.113.200' } }, records: { client: 1, server: 1 } },
    ]);
    expect(anomalies(h)).toEqual([]);
  });

  it('onto the port of another client, where each keeps its records', () => {
    const a = new Association(undefined, BOTH).handshake().data('client');
    const home = a.flow;
    const b = new Association(flowOf(from(50_007)), {
      ids: { client: hex('0badf00d'), server: hex('c1d5e2f3ffff') },
      seed: 2,
    });
    b.flow.wait(MS * 50);
    b.handshake().data('client');
    a.moveTo(b.flow).data('client').data('server');
    b.data('server').data('client');
    const [first, second, ...others] = historiesOf(home, b.flow);
    expect(others).toEqual([]);
    expect(first?.dtls?.paths).toMatchObject([{ records: { client: 1, server: 1 } }]);
    expect(second?.dtls?.paths).toEqual([]);
    expect([anomalies(first), anomalies(second)]).toEqual([[], []]);
    expect(second?.protectedRecords.client.count).toBe(3);
    expect(second?.protectedRecords.server.count).toBe(2);
  });

  it('onto the port of another client, without ids to the client', () => {
    const a = new Association(undefined, TO_SERVER).handshake();
    for (let n = 0; n < 20; n++) a.data('server').data('client');
    const home = a.flow;
    const b = new Association(flowOf(from(50_007)), {
      ids: { client: NONE, server: hex('c1d5e2f3ffff') },
      seed: 2,
    });
    b.flow.wait(MS * 50);
    b.handshake();
    for (let n = 0; n < 2000; n++) b.data('server');
    a.moveTo(b.flow).data('client').data('server');
    b.data('server');
    const [first, second] = historiesOf(home, b.flow);
    expect(first?.protectedRecords.server.count).toBe(22);
    expect(second?.protectedRecords.server.count).toBe(2002);
  });

  it('one server, many clients, ids of one length', () => {
    const flows: UdpFlow[] = [];
    for (let n = 0; n < 20; n++) {
      const a = new Association(new UdpFlow({ hosts: from(50_000 + n), startNanos: n * MS }), {
        ids: { client: NONE, server: Uint8Array.of(7, 7, n) },
        seed: n + 1,
      });
      flows.push(a.handshake().flow);
      flows.push(
        a
          .moveTo(flowOf(from(60_000 + n)))
          .data('client')
          .data('server').flow,
      );
    }
    const histories = historiesOf(...flows);
    expect(histories).toHaveLength(20);
    for (const h of histories) {
      expect(h.dtls?.paths).toMatchObject([
        {
          endpoints: { client: { port: h.client.port + 10_000 } },
          records: { client: 1, server: 1 },
        },
      ]);
    }
  });

  it('two servers gave out the same id', () => {
    const a = new Association(undefined, BOTH).handshake().data('client');
    const b = new Association(flowOf(to(5685)), { ...BOTH, seed: 2 });
    b.handshake().data('client');
    const [home, other] = [a.flow, b.flow];
    a.moveTo(flowOf(from(50_007))).data('client');
    b.moveTo(flowOf({ client: from(50_007).client, server: to(5685).server })).data('client');
    const [first, second, ...others] = historiesOf(home, other, a.flow, b.flow);
    expect(others).toEqual([]);
    expect(first?.dtls?.paths).toMatchObject([{ endpoints: { server: { port: 5684 } } }]);
    expect(second?.dtls?.paths).toMatchObject([{ endpoints: { server: { port: 5685 } } }]);
  });

  it('one server gave out the same id twice: the numbers tell', () => {
    const a = new Association(undefined, TO_SERVER).handshake();
    const home = a.flow;
    for (let n = 0; n < 2000; n++) a.data('client');
    const b = new Association(flowOf(from(40_002)), { ...TO_SERVER, seed: 2 }).handshake();
    const other = b.flow;
    b.moveTo(flowOf(from(50_007))).data('client');
    const [first, second, ...others] = historiesOf(home, other, b.flow);
    expect(others).toEqual([]);
    expect(first?.dtls?.paths).toEqual([]);
    expect(second?.dtls?.paths).toMatchObject([{ records: { client: 1 } }]);
  });

  it('to another server', () => {
    const a = new Association(undefined, BOTH).handshake().data('client');
    const home = a.flow;
    a.moveTo(flowOf(to(5684, '198.51.100.21'))).data('client');
    const [h, ...others] = historiesOf(home, a.flow);
    expect(others).toEqual([]);
    expect(h?.dtls?.paths).toMatchObject([
      { endpoints: { server: { address: '198.51.100.21' } }, isElsewhere: true },
    ]);
  });
});

describe('without the handshake', () => {
  it('the length is what several datagrams agree on', () => {
    const a = new Association(undefined, BOTH).handshake();
    const start = a.flow.frames.length;
    for (let n = 0; n < 6; n++) a.data('client', 10 + n).data('server', 30 + n);
    const { connections, result } = analyse(captureFile(a.flow.frames.slice(start)));
    const [h, ...others] = connections;
    expect(others).toEqual([]);
    expect(h?.dtls?.connectionIds).toEqual({
      extension: undefined,
      to: { client: hexOf(CLIENT_ID), server: hexOf(SERVER_ID) },
    });
    expect(h?.outcome).toBe('no-handshake');
    expect(h?.protectedRecords.client.count).toBe(4);
    expect(result.notices.flat().map(({ code }) => code)).toEqual([
      'connection-id-length-unknown',
      'connection-id-length-unknown',
    ]);
  });

  it('it is followed to another port', () => {
    const a = new Association(undefined, BOTH).handshake();
    const start = a.flow.frames.length;
    for (let n = 0; n < 6; n++) a.data('client', 10 + n).data('server', 30 + n);
    const frames = a.flow.frames.slice(start);
    a.moveTo(flowOf(from(50_007))).data('client');
    const [h, ...others] = analyse(captureFile([...frames, ...a.flow.frames])).connections;
    expect(others).toEqual([]);
    expect(h?.dtls?.paths).toHaveLength(1);
  });

  it('two datagrams are too few, and ids that differ leave no length', () => {
    const few = new Association(undefined, BOTH).handshake();
    const start = few.flow.frames.length;
    few.data('client').data('client', 77);
    expect(analyse(captureFile(few.flow.frames.slice(start))).connections).toEqual([]);
    const flow = new UdpFlow();
    const a = new Association(flow, BOTH);
    for (let n = 0; n < 5; n++)
      a.send('client', [a.sealed('client', 23, 40 + n, { id: filled(6, n) })]);
    expect(analyse(captureFile(flow.frames)).connections).toEqual([]);
  });
});

describe('without ids on the way', () => {
  const fromTo = (frames: readonly UdpFlow[]) => analyse(fileOf(...frames));

  it('copies on another 5-tuple are told as such', () => {
    const a = new Association(undefined, BOTH).handshake();
    const home = a.flow;
    const twin = flowOf(to(5684, '198.51.100.21'));
    for (let n = 0; n < 3; n++) {
      const record = a.sealed('client', 23, 40 + n);
      a.send('client', [record]);
      twin.nanos = home.nanos;
      twin.datagram('client', record);
      home.wait(MS);
    }
    const { connections, findings } = fromTo([home, twin]);
    expect(connections).toHaveLength(1);
    expect(connections[0]?.dtls?.paths).toMatchObject([{ isCopy: true, isElsewhere: true }]);
    expect(findings).toEqual([]);
  });

  const rebinding = (more: (a: Association) => void, spec: DtlsSpec = {}) => {
    const a = new Association(undefined, spec).handshake().data('client').data('server');
    const home = a.flow;
    a.moveTo(flowOf(from(50_007)))
      .data('client')
      .data('client');
    more(a);
    const { connections, findings } = fromTo([home, a.flow]);
    return {
      continues: connections[1]?.dtls?.continues,
      rules: findings.map(({ rule }) => rule),
    };
  };

  it('a client comes back from another port', () => {
    const { continues, rules } = rebinding(() => undefined);
    expect(continues).toMatchObject({
      connection: 1,
      client: { port: 40_001 },
      step: 1,
      wasAnswered: true,
      goesOn: false,
    });
    expect(rules).toEqual(['dtls-nat-rebind-no-cid']);
  });

  it('and is answered there', () => {
    expect(rebinding((a) => a.data('server')).rules).toEqual([]);
  });

  it('two devices behind one address', () => {
    const a = new Association().handshake().data('client').data('server');
    const b = new Association(flowOf(from(50_007)), { seed: 2 }).handshake().data('client');
    const start = b.flow.frames.length;
    b.flow.nanos = a.flow.nanos;
    b.data('client').data('client');
    a.flow.nanos = b.flow.nanos;
    a.data('client');
    const late = { ...b.flow, frames: b.flow.frames.slice(start) } as UdpFlow;
    const { connections, findings } = fromTo([a.flow, late]);
    expect(connections[1]?.dtls?.continues).toMatchObject({ connection: 1, goesOn: true });
    expect(findings).toEqual([]);
  });

  it('another address, another server, numbers that do not go on, or a closed connection', () => {
    const strangers: readonly ((a: Association) => void)[] = [
      (a) =>
        a
          .moveTo(flowOf(from(50_007, '192.0.2.11')))
          .data('client')
          .data('client'),
      (a) =>
        a
          .moveTo(flowOf({ client: from(50_007).client, server: to(5685).server }))
          .data('client')
          .data('client'),
      (a) => {
        a.next.client[1] = 500;
        a.moveTo(flowOf(from(50_007)))
          .data('client')
          .data('client');
      },
      (a) =>
        a
          .closeBoth('server')
          .moveTo(flowOf(from(50_007)))
          .data('client')
          .data('client'),
    ];
    for (const move of strangers) {
      const a = new Association().handshake().data('client').data('server');
      const home = a.flow;
      move(a);
      const { connections, findings } = fromTo([home, a.flow]);
      expect(connections[1]?.dtls?.continues).toBeUndefined();
      expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    }
  });

  it('two connections that would fit name none', () => {
    const a = new Association().handshake().data('client').data('server');
    const b = new Association(flowOf(from(40_002)), { seed: 2 }).handshake().data('client');
    const [first, second] = [a.flow, b.flow];
    a.moveTo(flowOf(from(50_007)))
      .data('client')
      .data('client');
    const { connections, findings } = fromTo([first, second, a.flow]);
    expect(connections[2]?.dtls?.continues).toBeUndefined();
    expect(findings).toEqual([]);
  });
});

describe('an id that its receiver did not ask for', () => {
  const misfits = (make: (a: Association) => void, spec: DtlsSpec = BOTH) => {
    const a = new Association(undefined, spec);
    for (const [by, flight] of a.flights().slice(0, -2)) a.send(by, flight());
    make(a);
    const { connections, findings } = analyse(captureFile(a.flow.frames));
    return {
      facts: connections[0]?.dtls?.idMisfits.map(({ kind, found }) => [kind, found]),
      rules: findings.map(({ rule, severity }) => `${rule} ${severity}`),
    };
  };
  const send =
    (id: Uint8Array, times = 2) =>
    (a: Association) => {
      for (let n = 0; n < times; n++) a.send('client', [a.sealed('client', 22, 24, { id })]);
    };

  it.each([
    ['cut off', SERVER_ID.subarray(0, 3), 'length'],
    ['filled up', Uint8Array.of(...SERVER_ID, 0, 0), 'length'],
    ['the sender’s own', CLIENT_ID, 'of-sender'],
    ['of another length', filled(9, 0x55), 'length'],
  ] as const)('%s', (_, id, kind) => {
    const found = hexOf(id);
    expect(misfits(send(id))).toEqual({
      facts: [
        [kind, found],
        [kind, found],
      ],
      rules: ['dtls-cid-length-mismatch error'],
    });
  });

  it('none, where one was asked for', () => {
    expect(misfits(send(NONE))).toEqual({
      facts: [
        ['missing', ''],
        ['missing', ''],
      ],
      rules: ['dtls-cid-length-mismatch error'],
    });
  });

  it('none, on the 5-tuple of one whose client had used it, is of somebody else', () => {
    const a = new Association(undefined, BOTH).handshake().data('client').data('server');
    a.send('server', [a.sealed('server', 23, 40, { id: NONE, sequence: 1 })]);
    const h = onlyConnection(captureFile(a.flow.frames));
    expect([h.dtls?.idMisfits, anomalies(h)]).toEqual([[], []]);
    expect(h.protectedRecords.server.count).toBe(2);
  });

  it('none was asked for', () => {
    const { facts, rules } = misfits(send(SERVER_ID, 3), {
      ids: { client: CLIENT_ID, server: NONE },
    });
    expect(facts?.[0]).toEqual(['not-negotiated', hexOf(SERVER_ID)]);
    expect(rules).toEqual(['dtls-cid-length-mismatch error']);
  });

  it('of the right length, and nobody’s', () => {
    expect(misfits(send(filled(6, 0x55)))).toEqual({
      facts: [
        ['unknown', '55'.repeat(6)],
        ['unknown', '55'.repeat(6)],
      ],
      rules: [],
    });
  });

  it('beside the right one', () => {
    const both = (a: Association) => {
      a.send('client', a.clientFlight());
      send(SERVER_ID.subarray(0, 3))(a);
    };
    expect(misfits(both)).toEqual({ facts: [], rules: [] });
  });
});
