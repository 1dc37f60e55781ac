/** Records with connection ids: whose they are, on which 5-tuple ever they come. RFC 9146. */
import { describe, expect, it } from 'vitest';
import { analyse, type KeptHistory, onlyConnection } from '../support/analyse.ts';
import { Association, type DtlsSpec } from '../support/conversation.ts';
import { filled, hex } from '../support/hello-builder.ts';
import { captureFile, type Hosts, MS, UDP_HOSTS, UdpFlow } from '../support/network.ts';

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
    expect(h.dtls?.connectionIds).toEqual({ extension, to: { client, server } });
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
      to: { client: CLIENT_ID, server: SERVER_ID },
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
