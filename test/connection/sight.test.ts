/** What the way of capturing did to what the capture shows. */
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/model/limits.ts';
import { analyse } from '../support/analyse.ts';
import { Association, TlsWriter } from '../support/conversation.ts';
import { captureFile, type Frame, TcpFlow, type TcpOptions, UdpFlow } from '../support/network.ts';
import { reaches } from '../support/reaches.ts';

function healthy(options: TcpOptions = {}): Frame[] {
  const writer = new TlsWriter({ seed: 7 });
  const flow = new TcpFlow(options).open();
  for (const { from, record } of writer.handshake()) flow.send(from, record);
  flow.send('client', writer.sealedAlert('client').record).fin('client');
  return flow.acknowledge('server').fin('server').acknowledge('client').frames;
}

function dtls(): Frame[] {
  const flow = new UdpFlow();
  new Association(flow).handshake().data('client').data('server').close('client').close('server');
  return flow.frames;
}

/** Each packet a second time, a little later, as on another interface. */
const twice = (frames: readonly Frame[], nanos: number): Frame[] =>
  frames
    .flatMap((frame) => [frame, { ...frame, nanos: frame.nanos + nanos }])
    .sort((a, b) => a.nanos - b.nanos);

const codes = ({ result }: ReturnType<typeof analyse>) =>
  new Set(result.notices.flat().map(({ code }) => code));

describe('packets captured twice', () => {
  it('are no retransmissions of TCP', () => {
    const once = analyse(captureFile(healthy()));
    const both = analyse(captureFile(twice(healthy(), 20_000)));
    expect(codes(once)).toEqual(new Set());
    expect(codes(both)).toEqual(new Set(['captured-twice']));
    expect(both.connections).toHaveLength(1);
    expect(both.connections[0]?.tcp?.retransmissions).toEqual({ client: 0, server: 0 });
    expect(both.connections[0]?.records).toEqual(once.connections[0]?.records);
    expect(both.findings).toEqual([]);
  });

  it('are retransmissions where they come later than any second tap', () => {
    const later = twice(healthy(), 20_000).map((frame, i) => ({
      ...frame,
      nanos: Math.floor(i / 2) * 20e6 + (i % 2) * 2 * LIMITS.duplicateCaptureNanos,
    }));
    const { connections, result } = analyse(captureFile(later));
    expect(result.notices.flat()).toEqual([]);
    expect(connections[0]?.tcp?.retransmissions.client).toBeGreaterThan(0);
  });

  it('are no replays of DTLS', () => {
    const both = analyse(captureFile(twice(dtls(), 20_000)));
    expect(codes(both)).toEqual(new Set(['captured-twice']));
    expect(both.connections[0]?.dtls?.anomalies).toEqual([]);
    expect(both.findings).toEqual([]);
  });
});

describe('handshakes captured on both sides of an address translator', () => {
  const outside = healthy({
    hosts: {
      client: { address: '203.0.113.5', port: 61_001 },
      server: { address: '198.51.100.20', port: 443 },
    },
    startNanos: 30_000,
  });
  const both = analyse(captureFile([...healthy(), ...outside].sort((a, b) => a.nanos - b.nanos)));

  it('are said to be so, once', () => {
    expect(both.connections).toHaveLength(2);
    expect(both.result.notices.flat()).toMatchObject([{ code: 'seen-on-both-sides', needed: 1 }]);
  });

  it('accuse nobody', () => {
    expect(both.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
  });
});

describe('a snap length', () => {
  it('is told apart from lost packets over TCP', () => {
    const { connections, findings } = analyse(captureFile(healthy(), { snapLength: 96 }));
    expect(connections[0]?.blindSpots).toContain('cut-packets');
    expect(connections[0]?.blindSpots).not.toContain('lost-bytes');
    expect(findings).toEqual([]);
  });

  it('is told for DTLS', () => {
    const { connections, findings } = analyse(captureFile(dtls(), { snapLength: 96 }));
    expect(connections[0]?.blindSpots).toContain('cut-packets');
    expect(findings).toEqual([]);
  });

  it('that cuts nothing is none', () => {
    for (const frames of [healthy(), dtls()])
      expect(analyse(captureFile(frames)).connections[0]?.blindSpots).toEqual(['no-secrets']);
  });
});

const LARGE = 'packets that no network carries are told, with the size of the largest';
reaches('networkPacketOctets', 2000, LARGE, (bound) => {
  const writer = new TlsWriter();
  const flow = new TcpFlow().open();
  for (const { from, record } of writer.handshake()) flow.send(from, record);
  flow.send('server', writer.data('server', bound).record);
  const { result } = analyse(captureFile(flow.frames));
  expect(result.notices.flat()).toMatchObject([{ code: 'large-packets' }]);
  expect(result.notices.flat()[0]?.needed).toBeGreaterThan(bound);
});
