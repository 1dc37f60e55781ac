/** What leaves a live pipe before its end, by the time of the capture alone. */
import { describe, expect, it } from 'vitest';
import type { BlindSpot, Finding } from '../../src/model/finding.ts';
import type { Outcome } from '../../src/model/history.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { createAnalysis } from '../../src/pipeline/analysis.ts';
import { Association, TlsWriter } from '../support/conversation.ts';
import { captureFile, type Frame, inTime, MS, TcpFlow, UdpFlow } from '../support/network.ts';
import { PSK_CCM8 } from '../support/protection.ts';
import { reaches, withBounds } from '../support/reaches.ts';

const SECOND = 1000 * MS;
const MISSING: BlindSpot = 'start-not-captured';
/** Where they stand behind the headers of Ethernet, IP, UDP, the record and the message. */
const SOURCE_ADDRESS = 14 + 12;
const UDP_PAYLOAD = 14 + 28;
const RANDOM = 14 + 20 + 8 + 13 + 12 + 2;

interface Left {
  readonly id: number;
  readonly stream: number;
  readonly outcome: Outcome;
  readonly blindSpots: readonly BlindSpot[];
}

/** Connections and findings by the time of the end, and those that came only then. */
function follow(frames: readonly Frame[]) {
  const before: Left[] = [];
  const after: Left[] = [];
  const findings: Finding[] = [];
  let now = before;
  const analysis = createAnalysis({
    connection: ({ id, stream, outcome, blindSpots }) =>
      now.push({ id, stream, outcome, blindSpots }),
    finding: (finding) => findings.push(finding),
  });
  const file = captureFile(inTime(frames));
  const intake = analysis.beginCapture('-', null);
  intake.push(file);
  intake.end(file.length);
  now = after;
  const result = analysis.end();
  return { before, after, findings, result };
}

/** Datagrams that are no TLS, one a second: all that keeps the capture's time going. */
function clock(from: number, until: number): Frame[] {
  const flow = new UdpFlow({
    hosts: {
      client: { address: '192.0.2.99', port: 5000 },
      server: { address: '198.51.100.99', port: 53 },
    },
  });
  for (let second = from; second <= until; second++) {
    flow.nanos = second * SECOND;
    flow.datagram('client', new Uint8Array(12));
  }
  return flow.frames;
}

const grave = (findings: readonly Finding[]) =>
  findings.filter(({ severity }) => severity !== 'info').map(({ rule }) => rule);

describe('a connection leaves a live pipe while nothing else happens', () => {
  it('over TCP, when it has been closed for a while', () => {
    const flow = new TcpFlow().open();
    for (const { from, record } of new TlsWriter().handshake()) flow.send(from, record);
    flow.fin('client').fin('server');
    const quiet = LIMITS.closedNanos / SECOND;
    expect(follow([...flow.frames, ...clock(1, quiet - 1)]).after).toHaveLength(1);
    expect(follow([...flow.frames, ...clock(1, quiet + 2)])).toMatchObject({
      before: [{ id: 1, outcome: 'established' }],
      after: [],
    });
  });

  it('over UDP, when both sides have closed', () => {
    const flow = new UdpFlow();
    new Association(flow).handshake().data('client').closeBoth('client');
    const quiet = LIMITS.closedNanos / SECOND;
    expect(follow([...flow.frames, ...clock(1, quiet - 1)]).after).toHaveLength(1);
    expect(follow([...flow.frames, ...clock(1, quiet + 2)])).toMatchObject({
      before: [{ id: 1, outcome: 'established' }],
      after: [],
      findings: [],
    });
  });

  it.each(['closed by one side', 'open'])('over UDP, after an hour where it is %s', (how) => {
    const flow = new UdpFlow();
    const a = new Association(flow).handshake().data('client');
    if (how !== 'open') a.close('server');
    const idle = LIMITS.idleNanos / SECOND;
    expect(follow([...flow.frames, ...clock(1, idle - 1)]).after).toHaveLength(1);
    const { before, after, findings } = follow([...flow.frames, ...clock(1, idle + 2)]);
    expect([before.map(({ outcome }) => outcome), after]).toEqual([['established'], []]);
    expect(grave(findings)).toEqual([]);
  });

  it('but not because one packet has a time of its own', () => {
    const flow = new UdpFlow();
    new Association(flow).handshake().data('client');
    const [stray] = clock(86_400, 86_400);
    const file = [...flow.frames, ...clock(1, 5), ...(stray ? [stray] : []), ...clock(6, 10)];
    const seen: number[] = [];
    const analysis = createAnalysis({ connection: ({ id }) => seen.push(id), finding() {} });
    const octets = captureFile(file);
    const intake = analysis.beginCapture('-', null);
    intake.push(octets);
    intake.end(octets.length);
    expect(seen).toEqual([]);
    analysis.end();
    expect(seen).toEqual([1]);
  });
});

describe('an association that was given up after an hour of silence', () => {
  const idle = LIMITS.idleNanos / SECOND + 2;
  const silent = () => {
    const flow = new UdpFlow();
    const a = new Association(flow).handshake().data('client').data('server');
    return { flow, a };
  };

  it('and speaks again is a connection without a beginning, and nobody is accused', () => {
    const { flow, a } = silent();
    flow.nanos = (idle + 5) * SECOND;
    a.data('server').data('client').data('server').closeBoth('server');
    const { after, findings } = follow([...flow.frames, ...clock(1, idle)]);
    expect(after).toMatchObject([
      {
        id: 2,
        outcome: 'no-handshake',
        blindSpots: expect.arrayContaining(['start-not-captured']),
      },
    ]);
    expect(grave(findings)).toEqual([]);
  });

  it('leaves records that are not held against the next one on its 5-tuple', () => {
    for (const behind of [0, 1, 2, 3, 4, 5, 6]) {
      const { flow, a } = silent();
      flow.nanos = (idle + 5) * SECOND;
      const next = new Association(flow, { seed: 7 });
      next.flights().forEach(([from, flight], index) => {
        if (index === behind) a.data('server').data('client');
        next.send(from, flight());
      });
      next.data('client').data('server').data('client').data('server').data('client');
      if (behind === 5) a.data('client').data('server').data('client').data('server');
      if (behind === 6) a.close('server');
      flow.wait(300 * MS);
      next.data('server').data('client').data('server').data('client').closeBoth('client');
      const { before, after, findings } = follow([...flow.frames, ...clock(1, idle)]);
      expect(before).toHaveLength(1);
      expect(after.at(-1)).toMatchObject({ outcome: 'established' });
      expect(grave(findings)).toEqual([]);
    }
  });
});

describe('a DTLS handshake that does not go on', () => {
  const given = LIMITS.handshakeNanos / SECOND;
  /** The first flights of a handshake, and what sends the rest. */
  const begun = (flights: number) => {
    const flow = new UdpFlow();
    const a = new Association(flow);
    const all = a.flights();
    const send = (some: typeof all) => {
      for (const [from, flight] of some) a.send(from, flight());
    };
    send(all.slice(0, flights));
    return { flow, a, goOn: () => send(all.slice(flights)) };
  };

  reaches('handshakeNanos', 200 * SECOND, 'leaves a live pipe long before an hour', (bound) => {
    const { flow } = begun(4);
    const quiet = bound / SECOND;
    expect(follow([...flow.frames, ...clock(1, quiet - 1)]).after).toHaveLength(1);
    expect(follow([...flow.frames, ...clock(1, quiet + 2)])).toMatchObject({
      before: [{ id: 1, outcome: 'incomplete' }],
      after: [],
    });
  });

  it('is followed to its end when somebody waits for less', () => {
    const { flow, a, goOn } = begun(4);
    flow.nanos = (given - 2) * SECOND;
    goOn();
    a.data('client').data('server').closeBoth('client');
    const { before, after } = follow([...flow.frames, ...clock(1, given - 2)]);
    expect(before).toEqual([]);
    expect(after).toMatchObject([{ id: 1, outcome: 'established' }]);
  });

  it('stays where it is complete, whether or not anything came behind it', () => {
    const { flow } = begun(99);
    expect(follow([...flow.frames, ...clock(1, given + 2)]).before).toEqual([]);
  });

  it('and is held against nobody when it goes on after all', () => {
    for (let flights = 1; flights < begun(0).a.flights().length; flights++) {
      const { flow, a, goOn } = begun(flights);
      const told = follow([...flow.frames, ...clock(1, given + 2)]);
      expect(told.before).toHaveLength(1);
      flow.nanos = (given + 5) * SECOND;
      goOn();
      a.data('client').data('server').data('client').closeBoth('server');
      const { after, findings } = follow([...flow.frames, ...clock(1, given + 4)]);
      // Behind a HelloVerifyRequest the client begins anew.
      if (flights > 2) expect(after[0]?.blindSpots).toContain(MISSING);
      expect(after).toHaveLength(1);
      expect(grave(findings)).toEqual(grave(told.findings));
    }
  });
});

describe('DTLS flows that nobody closes', () => {
  reaches('openDtlsFlows', 200, 'are bounded in number, and it is said', (bound) => {
    const flow = new UdpFlow();
    const first = new Association(flow, { verify: false, suite: PSK_CCM8 });
    first.send('client', first.clientHello());
    const [hello] = flow.frames;
    if (hello === undefined) throw new Error('no frame');
    // The same ClientHello from everywhere, each with a random of its own.
    const frames = Array.from({ length: bound + 50 }, (_, n): Frame => {
      const octets = hello.octets.slice();
      const view = new DataView(octets.buffer);
      view.setUint32(SOURCE_ADDRESS, 0x0a000000 + n);
      view.setUint32(RANDOM, n);
      return { octets, nanos: n * MS };
    });
    const { before, after, result, findings } = follow(frames);
    expect([before.length, after.length]).toEqual([50, bound]);
    expect(result.notices[0]?.map(({ code, detail }) => [code, detail])).toContainEqual([
      'limit-reached',
      expect.stringContaining('DTLS flows are open'),
    ]);
    expect(grave(findings)).toEqual([]);
  });
});

describe('UDP flows that carry something else', () => {
  /** As many datagrams that are none of DTLS, each from another address. */
  const noise = (like: Frame, count: number, from: number): Frame[] =>
    Array.from({ length: count }, (_, n) => {
      const octets = like.octets.slice();
      new DataView(octets.buffer).setUint32(SOURCE_ADDRESS, 0x0b00_0000 + from + n);
      octets[UDP_PAYLOAD] = 200;
      return { octets, nanos: like.nanos };
    });

  reaches('flows', 64, 'are forgotten, and DTLS is not', (bound) => {
    const flow = new UdpFlow();
    const a = new Association(flow);
    const flights = a.flights();
    for (const [from, flight] of flights.slice(0, 4)) a.send(from, flight());
    const begun = flow.frames.length;
    for (const [from, flight] of flights.slice(4)) a.send(from, flight());
    a.data('client').data('server').closeBoth('client');
    const [like] = flow.frames;
    if (like === undefined) throw new Error('no frame');
    const { after, findings, result } = follow([
      ...flow.frames.slice(0, begun),
      ...noise(like, 2 * bound, 0),
      ...flow.frames.slice(begun),
      ...noise(like, 2 * bound, 2 * bound),
    ]);
    expect(after).toMatchObject([{ id: 1, stream: 0, outcome: 'established' }]);
    expect(after[0]?.blindSpots).toEqual(follow(flow.frames).after[0]?.blindSpots);
    expect(grave(findings)).toEqual([]);
    expect(result.flows).toBe(1 + 4 * bound);
    expect(result.notices[0]?.map(({ code, detail }) => [code, detail])).toContainEqual([
      'limit-reached',
      expect.stringContaining('UDP flows'),
    ]);
  });

  it('and nothing is held against what goes on where it was forgotten', async () => {
    const flow = new UdpFlow();
    const a = new Association(flow);
    for (const [from, flight] of a.flights()) a.send(from, flight());
    a.data('client').data('server').closeBoth('client');
    const reported = flow.frames.length;
    flow.nanos += 2 * LIMITS.closedNanos;
    a.data('client').data('server');
    const [like] = flow.frames;
    if (like === undefined) throw new Error('no frame');
    const late = flow.frames.slice(reported);
    const [first] = late;
    if (first === undefined) throw new Error('nothing late');
    await withBounds({ flows: 16 }, () => {
      const { before, after, findings } = follow([
        ...flow.frames.slice(0, reported),
        ...clock(1, (1.5 * LIMITS.closedNanos) / SECOND),
        ...noise({ ...like, nanos: first.nanos }, 100, 0),
        ...late,
      ]);
      expect(before).toMatchObject([{ outcome: 'established' }]);
      expect(after).toHaveLength(1);
      expect(after[0]?.blindSpots).toContain(MISSING);
      expect(grave(findings)).toEqual([]);
    });
  });
});
