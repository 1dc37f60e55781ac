/** What is said of a DTLS handshake that the capture lacks a part of: over UDP nothing but record numbers tells of it. */
import { describe, expect, it } from 'vitest';
import { analyse } from '../support/analyse.ts';
import { Association } from '../support/conversation.ts';
import { captureFile, type Frame, UdpFlow } from '../support/network.ts';

const outcome = (frames: readonly Frame[]) =>
  analyse(captureFile(frames)).connections.map((one) => one.outcome);

/** A handshake whose last flight is that of the server, then `more`. */
function association(more: (one: Association) => void): { frames: Frame[]; last: number } {
  const flow = new UdpFlow();
  const one = new Association(flow).handshake();
  const last = flow.frames.length - 1;
  more(one);
  return { frames: flow.frames, last };
}

describe('a closing alert where the last flight of the handshake is missing', () => {
  const closed = association((one) => one.data('client').close('client'));
  const without = closed.frames.filter((_, n) => n !== closed.last);

  it('ends no handshake behind data', () => {
    expect(outcome(closed.frames)).toEqual(['established']);
    expect(outcome(without)).toEqual(['incomplete']);
  });

  it('ends none where one side was not captured at all', () => {
    const [first] = closed.frames;
    const sender = String(first?.octets.subarray(26, 30));
    const oneWay = closed.frames.filter(({ octets }) => String(octets.subarray(26, 30)) === sender);
    expect(oneWay.length).toBeGreaterThan(2);
    expect(outcome(oneWay)).toEqual(['incomplete']);
  });

  it('ends none where numbers are missing', () => {
    const { frames, last } = association((one) => one.data('client').close('client'));
    expect(outcome(frames)).toEqual(['established']);
    // The server's Finished, and the data, which would have shown that it was sent.
    expect(outcome(frames.filter((_, n) => n !== last && n !== last + 1))).toEqual(['incomplete']);
  });

  it('ends one where nothing is missing', () => {
    const refused = association((one) => one.close('client'));
    expect(outcome(refused.frames.filter((_, n) => n !== refused.last))).toEqual(['failed']);
  });
});
