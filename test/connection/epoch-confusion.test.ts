/** Records whose epoch and protection contradict each other: only what cannot be ciphertext is told. */
import { describe, expect, it } from 'vitest';
import { analyse } from '../support/analyse.ts';
import { Association } from '../support/conversation.ts';
import { Dtls13Association } from '../support/dtls13-conversation.ts';
import {
  clientHello,
  dtlsFragment,
  dtlsRecord,
  filled,
  type Octets,
} from '../support/hello-builder.ts';
import { captureFile, UdpFlow } from '../support/network.ts';

const told = (flow: UdpFlow) => {
  const { connections, findings } = analyse(captureFile(flow.frames));
  return {
    reasons: connections.flatMap(
      ({ dtls }) =>
        dtls?.anomalies.flatMap((a) => (a.kind === 'epoch-confusion' ? [a.reason] : [])) ?? [],
    ),
    rules: findings.filter(({ severity }) => severity !== 'info').map(({ rule }) => rule),
  };
};
const hello = dtlsFragment(1, 0, clientHello({ cookie: new Uint8Array(0) }));
const after = (type: number, epoch: number, body: Octets, version = 0xfefd) => {
  const flow = new UdpFlow();
  new Association(flow).handshake().data('client').data('server');
  flow.datagram('client', dtlsRecord(type, version, epoch, 90, body));
  return flow;
};

describe('in the clear under an epoch with keys', () => {
  it.each([
    ['client_hello', 22, hello],
    ['finished', 22, dtlsFragment(20, 7, filled(12, 3))],
    ['alert decrypt_error', 21, Uint8Array.of(2, 51)],
    ['ChangeCipherSpec', 20, Uint8Array.of(1)],
  ])('%s', (reason, type, body) => {
    for (const epoch of [1, 2]) {
      const { reasons, rules } = told(after(type, epoch, body));
      expect(reasons).toEqual([reason]);
      expect(rules).toEqual(['dtls-epoch-confusion']);
    }
  });

  it('a ClientHello where there is no association', () => {
    const flow = new UdpFlow();
    flow.datagram('client', dtlsRecord(22, 0xfefd, 1, 0, hello));
    expect(told(flow)).toEqual({ reasons: ['client_hello'], rules: ['dtls-epoch-confusion'] });
  });

  it('a ServerHello of DTLS 1.3', () => {
    const a = new Dtls13Association();
    a.send('client', a.clientHello());
    const octets = Uint8Array.from(a.serverHello()[0]?.octets ?? []);
    octets[4] = 2;
    a.flow.datagram('server', octets);
    expect(told(a.flow).reasons).toEqual(['server_hello']);
  });
});

describe('nothing is told', () => {
  it.each([
    ['of ciphertext', 22, filled(40, 0x5a)],
    ['of a message with other lengths', 22, dtlsFragment(1, 0, filled(40, 1), 0, 20)],
    ['of what only begins like a message', 22, Uint8Array.from([...hello, ...filled(20, 9)])],
    ['of an alert as long as protection makes it', 21, filled(26, 2)],
    ['of a level that no alert has', 21, Uint8Array.of(9, 51)],
    ['of data of two octets', 23, Uint8Array.of(2, 51)],
  ])('%s', (_name, type, body) => {
    expect(told(after(type, 1, body)).reasons).toEqual([]);
  });

  it('of a renegotiation', () => {
    const flow = new UdpFlow();
    const a = new Association(flow).handshake();
    a.send('client', [a.sealed('client', 20, 1)]).send('client', [
      a.sealed('client', 22, 24, { epoch: 2 }),
    ]);
    expect(told(flow).reasons).toEqual([]);
  });
});

describe('a Finished without protection', () => {
  it('is told', () => {
    const flow = new UdpFlow();
    const a = new Association(flow);
    const [first, second, third, fourth] = a.flights();
    for (const flight of [first, second, third, fourth])
      if (flight !== undefined) a.send(flight[0], flight[1]());
    a.send('client', a.message('client', 20, 3, filled(12, 7)));
    expect(told(flow)).toMatchObject({ reasons: ['its Finished'] });
  });
});
