/** Captures of two points whose clocks differ, in one: which of two associations a record came before is not known then. */
import { describe, expect, it } from 'vitest';
import { analyse } from '../support/analyse.ts';
import { Association } from '../support/conversation.ts';
import { late, told } from '../support/mixed-points.ts';
import { captureFile, type Frame, MS, UdpFlow } from '../support/network.ts';

/** Two associations one after the other; a record of the first comes late if asked to, before the second has keys. */
function restarted(isLate = false): Frame[] {
  const flow = new UdpFlow();
  const first = new Association(flow, { seed: 11 }).handshake();
  for (let n = 0; n < 3; n++) first.data('client').data('server');
  const stray = first.sealed('client', 23, 40);
  if (!isLate) first.send('client', [stray]);
  flow.wait(100 * MS);
  const second = new Association(flow, { seed: 12 });
  second.flights().forEach(([from, flight], n) => {
    if (isLate && n === 4) first.send('client', [stray]);
    second.send(from, flight());
  });
  second.data('client').data('server');
  return flow.frames;
}

describe('records of two associations on one 5-tuple', () => {
  it('are told of where they came late, also to a port that mirrors each packet twice', () => {
    const frames = restarted(true);
    const found = { accused: ['dtls-old-epoch-after-new-handshake'], unknown: false };
    expect(told(frames)).toEqual(found);
    expect(told(frames.flatMap((frame) => [frame, frame]))).toEqual(found);
    expect(told(restarted())).toEqual({ accused: [], unknown: false });
  });

  it.each([2, 150, 900])('accuse nobody where two points %i ms apart have some of them', (ms) => {
    const frames = restarted();
    for (let lost = 0; lost < 16; lost++) {
      const one = frames.filter((_, n) => n % 4 !== lost % 4);
      const other = frames.filter((_, n) => n % 5 !== lost % 5);
      expect(told([...one, ...late(other, ms * MS)]).accused, `without ${lost}`).toEqual([]);
    }
  });

  it('says so', () => {
    const frames = restarted();
    expect(told([...frames, ...late(frames, 150 * MS)]).unknown).toBe(true);
  });
});

it('does not matter to a single association', () => {
  const flow = new UdpFlow();
  new Association(flow, { seed: 5 }).handshake().data('client').data('server');
  const { frames } = flow;
  expect(told([...frames, ...late(frames, 90 * MS)])).toEqual({ accused: [], unknown: false });
});

describe('a HelloVerifyRequest behind the ServerHello', () => {
  /** The connections of a handshake with it put behind the server's flight, with this cookie. */
  const connections = (cookie?: Uint8Array<ArrayBuffer>) => {
    const flow = new UdpFlow();
    const one = new Association(flow, { seed: 7 });
    one.handshake().data('client').data('server');
    const [hello, , again, ...rest] = flow.frames;
    const other = new UdpFlow();
    other.datagram('server', ...one.helloVerifyRequest(cookie));
    const [late] = other.frames;
    if (!hello || !again || !rest[0] || !late) throw new Error('no handshake');
    const frames = [hello, again, rest[0], { ...late, nanos: rest[0].nanos }, ...rest.slice(1)];
    return analyse(captureFile(frames)).connections.map(({ outcome }) => outcome);
  };

  it('is of the handshake whose ClientHello brings its cookie, and came late', () => {
    expect(connections()).toEqual(['established']);
  });

  it('is of another one where it has another cookie', () => {
    expect(connections(new Uint8Array(20))).toHaveLength(2);
  });
});
