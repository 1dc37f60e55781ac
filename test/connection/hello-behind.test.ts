/** A ClientHello that is not the one with which the connection began. */
import { describe, expect, it } from 'vitest';
import { analyse } from '../support/analyse.ts';
import { TlsWriter } from '../support/conversation.ts';
import { captureFile, type Frame, TcpFlow } from '../support/network.ts';

/** A connection in use, on which the client begins anew and is refused; frames of the TCP handshake first. */
function secondHello() {
  const tls = new TlsWriter();
  const other = new TlsWriter({ seed: 9 });
  const flow = new TcpFlow().open();
  for (const { from, record } of tls.handshake()) flow.send(from, record);
  const begun = flow.frames.length;
  flow.send('server', tls.data('server', 90).record);
  const [hello] = other.handshake();
  flow.send('client', hello?.record ?? new Uint8Array());
  flow.send('client', other.alert('client', 2, 10).record).fin('client');
  flow.acknowledge('server').fin('server').acknowledge('client');
  return { frames: flow.frames, begun };
}

const of = (frames: readonly Frame[]) => analyse(captureFile(frames));
const rules = (frames: readonly Frame[]) => of(frames).findings.map(({ rule }) => rule);

describe('a second ClientHello on a connection in use', () => {
  const { frames, begun } = secondHello();

  it('is told in the whole capture', () => {
    expect(rules(frames)).toContain('tls-clienthello-mid-connection');
    expect(of(frames).connections).toMatchObject([{ outcome: 'established' }]);
  });

  it('begins no handshake where the capture began behind the first', () => {
    const { connections, findings, faults } = of(frames.slice(begun));
    expect(connections).toMatchObject([
      { stage: 'none', blindSpots: ['start-not-captured', 'no-secrets'] },
    ]);
    expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    expect(faults.map(({ likelier }) => likelier)).not.toContain('client');
  });

  it('is not taken for the first where that one was lost', () => {
    const { connections } = of(frames.filter((_, n) => n !== 3));
    const [random] = of(frames).connections.map(({ clientHello }) => clientHello?.random);
    expect(random).toBeDefined();
    expect(connections).toMatchObject([{ clientHello: undefined, serverHello: {} }]);
    expect(connections[0]?.blindSpots).toEqual(
      expect.arrayContaining(['start-not-captured', 'lost-bytes']),
    );
  });
});
