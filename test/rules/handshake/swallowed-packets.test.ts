/** Built captures, through the whole of the tool: what a path swallows, and what somebody does not tolerate. */
import { describe, expect, it } from 'vitest';
import { analyse } from '../../support/analyse.ts';
import { Association, TlsWriter } from '../../support/conversation.ts';
import { concat } from '../../support/hello-builder.ts';
import {
  captureFile,
  type Frame,
  HOSTS,
  type Hosts,
  MS,
  TcpFlow,
  UDP_HOSTS,
  UdpFlow,
} from '../../support/network.ts';

const SEGMENT = 1100;
const [hello, ...answers] = new TlsWriter().handshake();
const flight = concat(
  ...answers
    .filter(({ from }) => from === 'server')
    .slice(0, 4)
    .map(({ record }) => record),
);

const hostsOf = (port: number): Hosts => ({ ...HOSTS, client: { ...HOSTS.client, port } });
const told = (...flows: readonly { readonly frames: readonly Frame[] }[]) =>
  analyse(captureFile(flows.flatMap(({ frames }) => frames))).findings.map(
    ({ rule, severity, confidence, connections }) =>
      `${rule} ${severity} ${confidence} ${connections.join(' ')}`,
  );

const opened = (startNanos = 0, port = 50_000) => {
  const flow = new TcpFlow({ hosts: hostsOf(port), startNanos, acknowledge: false });
  return flow
    .open()
    .send('client', hello?.record ?? new Uint8Array(0))
    .acknowledge('server');
};

/** A whole handshake between the same hosts, full or resumed. */
function visit(startNanos: number, port: number, resumed: boolean): TcpFlow {
  const flow = new TcpFlow({ hosts: hostsOf(port), startNanos }).open();
  for (const { from, record } of new TlsWriter({ resumed, seed: port }).handshake())
    flow.send(from, record);
  return flow.fin('client').fin('server').acknowledge('client');
}

describe('full segments of the server that get lost on the way', () => {
  /** As the server's network sees it: the first segment goes out again and again. */
  const atServer = (times: number) => {
    const flow = opened();
    const first = flight.subarray(0, SEGMENT);
    flow
      .send('server', first)
      .send('server', flight.subarray(SEGMENT))
      .skip('server', -flight.length);
    flow.acknowledge('client');
    for (let n = 0; n < times; n++)
      flow
        .wait(200 * MS * 2 ** n)
        .send('server', first)
        .skip('server', -SEGMENT);
    return flow.wait(100 * MS).fin('client');
  };
  /** As the client's network sees it: only the last, small one arrives. */
  const atClient = () => {
    const flow = opened().skip('server', SEGMENT).send('server', flight.subarray(SEGMENT));
    return flow
      .skip('server', -flight.length)
      .acknowledge('client')
      .wait(5000 * MS)
      .fin('client');
  };

  it('are of some size, with a small rest', () => {
    expect(flight.length).toBeGreaterThan(SEGMENT + 100);
    expect(flight.length).toBeLessThan(2 * SEGMENT - 100);
  });

  it('are suspected near the server, and likely once a resumed session has passed', () => {
    expect(told(atServer(4))).toEqual(['pmtu-blackhole-server-flight error possible 1']);
    expect(told(atServer(4), visit(6e9, 50_001, true))).toEqual([
      'pmtu-blackhole-server-flight error likely 1',
    ]);
  });

  it('are likely near the client', () => {
    expect(told(atClient())).toEqual(['pmtu-blackhole-server-flight error likely 1']);
  });

  it('are not suspected where another full handshake passed, nor after two repetitions', () => {
    for (const flow of [atServer(4), atClient()])
      expect(told(flow, visit(6e9, 50_001, false)).join()).not.toContain('pmtu');
    expect(told(atServer(2)).join()).not.toContain('pmtu');
  });

  it('are not suspected where the client has them: the capture lost them', () => {
    const flow = opened().skip('server', SEGMENT).send('server', flight.subarray(SEGMENT));
    expect(
      told(
        flow
          .acknowledge('client')
          .wait(5000 * MS)
          .fin('client'),
      ),
    ).toEqual([]);
  });
});

describe('versions that are not tolerated', () => {
  const refused = (startNanos: number, port: number) => {
    const [first] = new TlsWriter({ version: 0x0304, seed: port }).handshake();
    const flow = new TcpFlow({ hosts: hostsOf(port), startNanos }).open();
    flow.send('client', first?.record ?? new Uint8Array(0)).fin('server');
    return flow.fin('client').acknowledge('server');
  };
  const accepted = (startNanos: number, port: number, version: number) => {
    const flow = new TcpFlow({ hosts: hostsOf(port), startNanos }).open();
    for (const { from, record } of new TlsWriter({ version, seed: port }).handshake())
      flow.send(from, record);
    return flow.fin('client').fin('server').acknowledge('client');
  };

  it('are told by the retry that succeeds', () => {
    expect(told(refused(0, 1), refused(1e9, 2), accepted(2e9, 3, 0x0303))).toEqual([
      'middlebox-intolerance error likely 1',
      'middlebox-intolerance error likely 2',
    ]);
  });

  it('are no explanation where the same offer is answered later on', () => {
    const attempts = [refused(0, 1), refused(1e9, 2), accepted(2e9, 3, 0x0303)];
    expect(told(...attempts, accepted(3e9, 4, 0x0304)).join()).not.toContain('intolerance');
  });
});

describe('a DTLS server that does not answer', () => {
  const flowAt = (startNanos: number, port: number) =>
    new UdpFlow({ hosts: { ...UDP_HOSTS, client: { ...UDP_HOSTS.client, port } }, startNanos });
  /** The ClientHello, and its repetitions after 1, 2 and 4 s. */
  const unanswered = (times = 4, port = 50_000, startNanos = 0) => {
    const association = new Association(flowAt(startNanos, port), { seed: 7 });
    for (let n = 0; n < times; n++) {
      association.send('client', association.clientHello());
      association.flow.wait(1000 * MS * 2 ** n);
    }
    return association.flow;
  };
  const answered = (port: number, startNanos: number, seed: number) =>
    new Association(flowAt(startNanos, port), { seed }).handshake().flow;

  it('is told, and for sure where it answers others', () => {
    expect(told(unanswered())).toEqual(['handshake-timeout error possible 1']);
    expect(told(unanswered(), answered(50_001, 20e9, 8))).toEqual([
      'handshake-timeout error likely 1',
    ]);
  });

  it('is not told of a client that tried twice, or went on from another port with the same hello', () => {
    expect(told(unanswered(2))).toEqual([]);
    expect(told(unanswered(), answered(50_001, 20e9, 7)).join()).not.toContain('timeout');
  });
});
