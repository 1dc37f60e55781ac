/** A connection that was captured on both sides of an address translator is one, and so is what went wrong in it. */
import { describe, expect, it } from 'vitest';
import { captureOf, harmed, readSample, type Taken } from '../properties/scrambled.ts';
import { OUTSIDE } from '../properties/views.ts';
import { analyse } from '../support/analyse.ts';
import { Association } from '../support/conversation.ts';
import { told } from '../support/mixed-points.ts';
import { type Hosts, MS, UDP_HOSTS, UdpFlow } from '../support/network.ts';

const isOutside = ({ octets }: Taken): boolean =>
  [26, 30].some((at) => octets.subarray(at, at + 4).join('.') === OUTSIDE);

/** A sample as it is, and as two points have it whose clocks differ, with a translator between them. */
function seenTwice(packets: readonly Taken[], clock: number): Taken[] {
  const both = harmed(packets, [{ kind: 'translated', share: 1, late: 20_000, seed: 1 }]);
  const shifted = both.map((one) => (isOutside(one) ? { ...one, nanos: one.nanos + clock } : one));
  return shifted.sort((a, b) => a.nanos - b.nanos);
}

/** What accuses, by rule and title, in the order of the alphabet. */
const accused = (packets: readonly Taken[]): string[] =>
  analyse(captureOf(packets, 1))
    .findings.filter(({ severity }) => severity !== 'info')
    .map(({ rule, title }) => `${rule}: ${title}`)
    .sort();

describe('what both sides of a translator show, whose clocks are apart', () => {
  it.each([
    'tls-premaster-version',
    'tls-parameters-refused',
    'tls-signature-flipped',
    'tls-certificates-refused',
    'proxy-reflects-record',
    'proxy-doubles-record',
    'dtls-cookie-loop',
    'dtls-nat-rebind-no-cid',
  ])('%s is told once for each connection', (name) => {
    const { packets } = readSample(name);
    const whole = accused(packets);
    expect(whole).not.toEqual([]);
    for (const clock of [-40 * MS, 300 * MS])
      expect(accused(seenTwice(packets, clock))).toEqual(whole);
  });
});

it('a client that returns its cookie under another random is one on both sides, also without its first hello', () => {
  const view = (hosts: Hosts, startNanos: number, random?: Uint8Array<ArrayBuffer>) => {
    const flow = new UdpFlow({ hosts, startNanos });
    const one = new Association(flow, { seed: 9 });
    const [, ...flights] = one.flights();
    if (random !== undefined) one.send('client', one.clientHello({ random }));
    for (const [from, flight] of flights) one.send(from, flight());
    return one.data('client').data('server').flow.frames;
  };
  const outside = { ...UDP_HOSTS, client: { address: '203.0.113.77', port: 52_000 } };
  const first = new Uint8Array(32).fill(5);
  for (const random of [first, undefined]) {
    const frames = [...view(UDP_HOSTS, 0, first), ...view(outside, 90 * MS, random)];
    expect(told(frames).accused).toEqual([]);
  }
  const other = new Association(new UdpFlow({ hosts: outside, startNanos: 90 * MS }), { seed: 4 });
  Object.assign(other, { serverRandom: new Association(undefined, { seed: 9 }).serverRandom });
  const repeated = [...view(UDP_HOSTS, 0, first), ...other.handshake().flow.frames];
  expect(told(repeated).accused).toEqual(['tls-duplicate-hello-random']);
});
