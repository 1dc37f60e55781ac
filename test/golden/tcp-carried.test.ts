import { describe, expect, test } from 'vitest';
import { analyse } from '../support/analyse.ts';
import { concat, filled, hex, type Octets, u16 } from '../support/hello-builder.ts';
import { captureFile, type Peer, TcpFlow, UdpFlow } from '../support/network.ts';
import { datagramsOf, fileOf, play, verdicts } from '../support/sample-datagrams.ts';
import {
  channelData,
  dataIndication,
  peerAddress,
  rtp,
  sendIndication,
  stun,
} from '../support/udp-neighbours.ts';

const PEER = peerAddress(hex('c6336414'), 4444);
const HOSTS = {
  4: {
    client: { address: '192.0.2.10', port: 40_001 },
    server: { address: '192.0.2.20', port: 3478 },
  },
  6: {
    client: { address: '2001:db8::10', port: 40_001 },
    server: { address: '2001:db8::20', port: 3478 },
  },
} as const;

interface Form {
  readonly name: string;
  /** What the client says first. */
  readonly first: Octets;
  readonly frame: (from: Peer, datagram: Octets, n: number) => Octets;
}

const prefixed = (datagram: Octets): Octets => concat(u16(datagram.length), datagram);
const FORMS: readonly Form[] = [
  {
    name: 'TURN, in a channel',
    first: stun(3),
    frame: (_from, datagram) => channelData(0x4001, datagram, true),
  },
  {
    name: 'TURN, in indications',
    first: stun(3),
    frame: (from, datagram) =>
      from === 'client' ? sendIndication(PEER, datagram) : dataIndication(PEER, datagram),
  },
  {
    name: 'ICE over TCP',
    first: prefixed(stun(1)),
    frame: (_from, datagram, n) =>
      concat(prefixed(datagram), n % 3 === 0 ? prefixed(rtp(n)) : hex('')),
  },
  {
    name: 'DTLS with a prefix alone',
    first: hex(''),
    frame: (_from, datagram) => prefixed(datagram),
  },
];

const CUTS: readonly (readonly [string, readonly number[] | undefined])[] = [
  ['as sent', undefined],
  ['cut anywhere', [1300, 3, 1, 700, 20, 2, 50]],
];

const NAMES = ['dtls-mutual-close', 'dtls-late-close-notify-in-handshake-fatal', 'dtls-small-mtu'];

/** The sample's datagrams in frames on one TCP connection. */
function carried(
  name: string,
  form: Form,
  segments: readonly number[] | undefined,
  version: 4 | 6,
) {
  const flow = new TcpFlow({ hosts: HOSTS[version], ...(segments && { segments }) }).open();
  // The first segment tells what the connection is, so it is whole.
  const whole = new TcpFlow({ hosts: HOSTS[version] }).open();
  const [one, ...others] = datagramsOf(name);
  const start = flow.nanos;
  const opening = concat(form.first, form.frame('client', one?.octets ?? hex(''), 1));
  whole.send('client', opening);
  flow.skip('client', opening.length);
  flow.nanos = whole.nanos;
  others.forEach(({ from, octets, nanos }, n) => {
    flow.nanos = Math.max(flow.nanos, start + nanos);
    flow.send(from, form.frame(from, octets, n));
  });
  return captureFile([...whole.frames, ...flow.frames.slice(3)]);
}

describe.each(FORMS)('DTLS of a real stack over TCP: $name', (form) => {
  test.each(CUTS.flatMap(([cut, segments]) => NAMES.map((name) => [name, cut, segments] as const)))(
    '%s, %s: the same as over UDP',
    (name, _cut, segments) => {
      const alone = verdicts(captureFile(play(new UdpFlow(), datagramsOf(name)).frames));
      expect(alone.connections.length).toBeGreaterThan(0);
      for (const version of [4, 6] as const) {
        const file = carried(name, form, segments, version);
        expect(verdicts(file)).toEqual(alone);
        const { connections, result } = analyse(file);
        for (const one of connections) {
          expect([one.protocol, one.transport]).toEqual(['DTLS', 'tcp']);
          expect(one.client.address).toMatch(version === 4 ? /^192\.0\.2\./ : /^2001:db8::/);
        }
        expect([result.tcpStreams, result.flows]).toEqual([1, 1]);
      }
    },
  );
});

describe('a TCP connection with datagrams', () => {
  const form = FORMS[0] as Form;
  const datagrams = datagramsOf('dtls-mutual-close');

  test('goes on behind octets that the capture lacks, inside a frame and across some', () => {
    const [data] = datagrams.filter(({ octets }) => octets[0] === 23);
    if (data === undefined) throw new Error('no application data in the sample');
    for (const missing of [20, 200]) {
      const flow = new TcpFlow({ hosts: HOSTS[4] }).open().send('client', form.first);
      for (const { from, octets } of datagrams) {
        if (octets === data.octets) {
          const frames = concat(
            form.frame(from, octets, 0),
            stun(4, [{ type: 9, value: filled(400, 1) }]),
          );
          flow
            .send(from, frames.subarray(0, 10))
            .skip(from, missing)
            .send(from, frames.subarray(10 + missing));
        } else flow.send(from, form.frame(from, octets, 0));
      }
      const { connections, findings } = analyse(captureFile(flow.frames));
      expect(connections.map(({ outcome, stage }) => [outcome, stage])).toEqual([
        ['established', 'done'],
      ]);
      expect(connections[0]?.alerts.length ?? 0).toBeGreaterThanOrEqual(0);
      expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    }
  });

  test('may speak TLS afterwards, as behind a connection that the relay binds (RFC 6062)', () => {
    const flow = new TcpFlow({ hosts: HOSTS[4] }).open();
    flow.send('client', stun(0x0b)).send('server', stun(0x10b));
    flow.send(
      'client',
      hex('1603010035 01000031 0303'),
      filled(32, 7),
      hex('00 0004 c02f002f 0100'),
      hex('0004 00170000'),
    );
    const { connections } = analyse(captureFile(flow.frames));
    expect(connections.map(({ protocol, stream }) => [protocol, stream])).toEqual([['TLS', 0]]);
  });

  test('WebRTC of a browser through coturn', () => {
    const { connections, findings, result } = analyse(fileOf('webrtc-turn-tcp'));
    expect(findings).toEqual([]);
    expect(
      connections.map(({ transport, stream, version }) => [transport, stream, version]),
    ).toEqual([
      ['tcp', 1, 0xfefc],
      ['tcp', 0, 0xfefc],
    ]);
    expect(result.captures[0]?.passedOver?.map(({ kind }) => kind)).toEqual(['TURN', 'STUN']);
    expect([result.tcpStreams, result.flows]).toEqual([2, 2]);
  });
});
