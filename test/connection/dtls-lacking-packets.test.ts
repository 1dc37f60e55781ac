/**
 * Associations that follow each other on one 5-tuple, in a capture that lacks a packet, has two in the wrong order or has
 * all of them twice. All use the same epoch and the same numbers, so a packet that is missing must not turn the records
 * of one into the misdeeds of another.
 */
import { describe, expect, it } from 'vitest';
import { analyse } from '../support/analyse.ts';
import { Association, type DtlsSpec } from '../support/conversation.ts';
import { captureFile, type Frame, MS, twice, UdpFlow } from '../support/network.ts';
import { CBC_SHA, CHACHA, GCM } from '../support/protection.ts';

/** Two associations with some data each, the first closed by both sides unless told otherwise. */
function pair(first: DtlsSpec = {}, second: DtlsSpec = {}, close = true): readonly Frame[] {
  const flow = new UdpFlow();
  const one = new Association(flow, { suite: GCM, seed: 1, ...first }).handshake();
  one.data('client').data('server').data('client');
  if (close) one.closeBoth('server');
  flow.wait(500 * MS);
  const two = new Association(flow, { suite: GCM, seed: 2, ...second }).handshake();
  two.data('client').data('server').data('client').closeBoth('server');
  return flow.frames;
}

const grave = (frames: readonly Frame[]) => {
  const { connections, findings } = analyse(captureFile(frames));
  return {
    outcomes: connections.map(({ outcome, stage }) => `${outcome} ${stage}`),
    anomalies: connections.flatMap(({ dtls }) => dtls?.anomalies ?? []),
    grave: findings.filter(({ severity }) => severity !== 'info'),
  };
};

const HEALTHY = ['established done', 'established done'];
const without = (frames: readonly Frame[], at: number) => frames.filter((_, i) => i !== at);
const swapped = (frames: readonly Frame[], at: number) =>
  frames.map((frame, i) => {
    const other = frames[i === at ? at + 1 : i === at + 1 ? at : i] as Frame;
    return { ...other, nanos: frame.nanos };
  });

describe('a ClientHello that the capture lacks', () => {
  it('is known from a ServerHello with a random of its own', () => {
    const frames = pair({ verify: false }, { verify: false });
    // Packets of an association: ClientHello, server's flight, client's flight, server's finish, three of data, two closes.
    const { outcomes, anomalies, grave: bad } = grave(without(frames, 9));
    expect(outcomes).toEqual(HEALTHY);
    expect(anomalies).toEqual([]);
    expect(bad).toEqual([]);
    const { connections } = analyse(captureFile(without(frames, 9)));
    expect(connections[1]).toMatchObject({
      rolesFrom: 'server_hello',
      clientRandom: undefined,
      blindSpots: ['start-not-captured', 'no-secrets'],
    });
  });

  it('is known from a HelloVerifyRequest after a finished handshake', () => {
    const frames = pair();
    const { connections, findings } = analyse(captureFile(without(frames, 11)));
    expect(connections.map(({ outcome }) => outcome)).toEqual(['established', 'established']);
    expect(connections[1]?.messages.map(({ type }) => type).slice(0, 3)).toEqual([3, 1, 2]);
    expect(findings).toEqual([]);
  });

  it('is not presumed when the answer repeats one that was seen', () => {
    const flow = new UdpFlow();
    const a = new Association(flow).handshake();
    flow.wait(1000 * MS);
    a.send('server', a.serverFlight());
    a.send('server', a.helloVerifyRequest());
    expect(analyse(captureFile(flow.frames)).connections).toHaveLength(1);
  });

  it('is not presumed when a repeated ClientHello gets another answer', () => {
    const flow = new UdpFlow();
    const a = new Association(flow, { verify: false });
    const restarted = new Association(flow, { verify: false, seed: 9 });
    a.send('client', a.clientHello()).send('server', a.serverFlight());
    flow.wait(1000 * MS);
    a.send('client', a.clientHello()).send('server', restarted.serverFlight());
    expect(analyse(captureFile(flow.frames)).connections).toHaveLength(1);
  });
});

describe('an answer captured in front of its ClientHello', () => {
  it.each([
    ['ServerHello', false, 0],
    ['HelloVerifyRequest', true, 0],
    ['ServerHello of the next association', false, 9],
    ['HelloVerifyRequest of the next association', true, 11],
  ])('%s', (_, verify, at) => {
    const { outcomes, grave: bad } = grave(swapped(pair({ verify }, { verify }), at));
    expect(outcomes).toEqual(HEALTHY);
    expect(bad).toEqual([]);
  });

  it('does not take in a ClientHello that comes much later', () => {
    const flow = new UdpFlow();
    const a = new Association(flow);
    a.send('server', a.serverHello());
    flow.wait(1000 * MS);
    new Association(flow, { seed: 2 }).handshake();
    expect(analyse(captureFile(flow.frames)).connections).toHaveLength(2);
  });
});

describe('a ChangeCipherSpec and Finished that the capture lacks', () => {
  // The client's flight of the second association is packet 11 without, 15 with cookies; the server's is the next one.
  it.each([
    ['client', 11, { suite: GCM }, { suite: GCM }],
    ['server', 12, { suite: GCM }, { suite: GCM }],
    ['client', 11, { suite: CBC_SHA }, { suite: CHACHA }],
    ['client', 11, { suite: CHACHA }, { suite: CBC_SHA }],
    ['server', 12, { suite: CHACHA }, { suite: CBC_SHA }],
  ])('of the %s, packet %i: the data belongs to the newer association', (_, at, one, two) => {
    for (const close of [true, false]) {
      const frames = pair({ verify: false, ...one }, { verify: false, ...two }, close);
      const { anomalies, grave: bad } = grave(without(frames, close ? at : at - 2));
      expect(anomalies.filter(({ confidence }) => confidence === 'proven')).toEqual([]);
      expect(bad).toEqual([]);
    }
  });

  it('does not hide that a closing alert owed by the older association is late', () => {
    const flow = new UdpFlow();
    const one = new Association(flow, { verify: false }).handshake();
    one.data('client').data('server').close('server');
    flow.wait(500 * MS);
    const two = new Association(flow, { verify: false, resumed: true, seed: 2 });
    two.send('client', two.clientHello()).send('server', two.serverFlight());
    // The server has keys, the client has not: the alert can only be the older one's.
    one.close('client');
    two.send('client', two.clientFlight());
    const { connections } = analyse(captureFile(flow.frames));
    expect(connections[0]?.dtls?.anomalies).toMatchObject([{ kind: 'late', owner: 1, during: 2 }]);
  });
});

it('does not blame an older association that owes a close for the alert behind one missing record', () => {
  const flow = new UdpFlow();
  const one = new Association(flow, { verify: false }).handshake();
  one.data('client').data('client').data('client').close('server');
  flow.wait(15 * MS);
  const two = new Association(flow, { verify: false, seed: 2 }).handshake();
  two.data('client').data('client').data('client');
  const lacking = flow.frames.length - 1;
  two.closeBoth('client');
  const { anomalies, grave: bad } = grave(without(flow.frames, lacking));
  expect(anomalies.filter(({ confidence }) => confidence !== 'possible')).toEqual([]);
  expect(bad).toEqual([]);
});

it('does not blame an older association that owes a close for the alert behind a missing Finished', () => {
  const flow = new UdpFlow();
  new Association(flow, { verify: false }).handshake().close('client');
  flow.wait(2 * MS);
  const two = new Association(flow, { verify: false, seed: 2 }).handshake();
  const lacking = flow.frames.length - 1;
  two.closeBoth('server');
  expect(grave(without(flow.frames, lacking)).grave).toEqual([]);
});

describe('every packet captured twice', () => {
  it.each([
    ['with one suite', {}, {}, true],
    ['with two suites', { suite: CBC_SHA }, { suite: CHACHA }, true],
    ['restarted without a close', {}, {}, false],
  ])('%s', (_, one, two, close) => {
    const { outcomes, anomalies, grave: bad } = grave(twice(pair(one, two, close)));
    expect(outcomes).toEqual(HEALTHY);
    expect(anomalies).toEqual([]);
    expect(bad).toEqual([]);
  });
});

it('gives a key exchange that was repeated behind a new ClientHello to the association that lacks an answer', () => {
  const flow = new UdpFlow();
  const one = new Association(flow);
  for (const [from, flight] of one.flights().slice(0, 5)) one.send(from, flight());
  flow.wait(1000 * MS);
  const two = new Association(flow, { seed: 2 });
  two.send('client', two.clientHello());
  one.send('client', one.clientFlight());
  const { connections } = analyse(captureFile(flow.frames));
  expect(connections[1]?.messages.map(({ type }) => type)).toEqual([1]);
  expect(connections[0]?.records.client.changeCipherSpec).toBe(2);
});
