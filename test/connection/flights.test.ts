/** What is told of flights that were sent again, and of messages that came in fragments. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ConnectionTable } from '../../src/connection/connection-table.ts';
import { AssociationPool } from '../../src/connection/dtls-association.ts';
import { emptyRecord } from '../../src/connection/dtls-record.ts';
import { FlightBook } from '../../src/connection/flight-book.ts';
import { analyse, onlyConnection } from '../support/analyse.ts';
import { Association, type DtlsSpec } from '../support/conversation.ts';
import { concat, type Octets } from '../support/hello-builder.ts';
import { captureFile, type Frame, MS, UdpFlow } from '../support/network.ts';
import { reaches } from '../support/reaches.ts';

const flightsOf = (flow: UdpFlow) => onlyConnection(captureFile(flow.frames)).dtls?.flights;
const SMALL = { verify: false, fragmentOctets: 200, coalesced: false } as const;

/** A handshake up to the server's flight, which `lose` thins out. */
function cut(spec: DtlsSpec = SMALL) {
  const flow = new UdpFlow();
  const a = new Association(flow, spec);
  a.send('client', a.clientHello());
  const flight = (lose: (index: number) => boolean = () => false) =>
    a.send(
      'server',
      a.serverFlight().filter((_, index) => !lose(index)),
    );
  return { flow, a, flight };
}

describe('repeats', () => {
  it('has none of a handshake that went straight through', () => {
    const flow = new UdpFlow();
    new Association(flow).handshake().data('client').closeBoth('client');
    expect(flightsOf(flow)).toBeUndefined();
  });

  it('counts a flight once, whatever messages it has and however it is cut', () => {
    for (const coalesced of [true, false]) {
      const flow = new UdpFlow();
      const a = new Association(flow, { coalesced });
      for (const [from, flight] of a.flights()) {
        a.send(from, flight());
        flow.wait(1000 * MS);
        a.send(from, flight());
        flow.wait(2000 * MS);
        a.send(from, flight());
      }
      const h = onlyConnection(captureFile(flow.frames));
      expect(h.outcome).toBe('established');
      // Two ClientHellos and the last flight of the client; HelloVerifyRequest, flight and last flight of the server.
      expect(h.dtls?.flights?.repeated).toEqual({ client: 6, server: 6 });
      expect(h.dtls?.flights?.repeats).toHaveLength(12);
      expect(h.dtls?.flights?.repeats[0]?.first.packet).toBe(2);
      expect(h.dtls?.flights?.fragmented).toEqual([]);
    }
  });

  it('counts a last flight that follows an earlier repeat closely', () => {
    const flow = new UdpFlow();
    const a = new Association(flow, { verify: false });
    for (const [from, flight] of a.flights())
      for (let n = 0; n < 3; n++) {
        a.send(from, flight());
        flow.wait(50 * MS);
      }
    expect(flightsOf(flow)?.repeated).toEqual({ client: 4, server: 4 });
  });

  it('counts no datagram that the path doubled or put behind others', () => {
    const { flow, a } = cut({ verify: false, coalesced: false });
    const flight = a.serverFlight();
    a.send('server', flight).send('server', flight);
    expect(flightsOf(flow)).toBeUndefined();
    const again = a.serverFlight();
    flow.wait(1000 * MS);
    a.send(
      'server',
      [3, 0, 2, 1].map((index) => again[index] as Octets),
    );
    expect(flightsOf(flow)?.repeated).toEqual({ client: 0, server: 1 });
    a.send('server', again);
    expect(flightsOf(flow)?.repeated).toEqual({ client: 0, server: 1 });
  });

  reaches('flightNanos', 100e6, 'counts what is sent again apart once time has passed', (bound) => {
    for (const beyond of [0, 1]) {
      const { flow, a } = cut({ verify: false, coalesced: false });
      a.send('server', a.serverFlight());
      flow.wait(1000 * MS);
      const again = a.serverFlight();
      a.send('server', again.slice(0, 1));
      flow.nanos = (flow.frames.at(-1)?.nanos ?? 0) + bound + beyond * 1000;
      a.send('server', again.slice(1, 2));
      expect(flightsOf(flow)?.repeated.server).toBe(1 + beyond);
    }
  });

  reaches('flightRepeats', 5, 'counts beyond the limit without telling each', (bound) => {
    const flow = new UdpFlow();
    const a = new Association(flow);
    const count = bound + 10;
    for (let n = 0; n <= count; n++) a.send('client', a.clientHello());
    const flights = flightsOf(flow);
    expect(flights?.repeated.client).toBe(count);
    expect(flights?.repeats).toHaveLength(bound);
    expect(flights?.lastRepeat.client?.packet).toBe(count + 1);
  });

  it('keeps associations on one 5-tuple apart', () => {
    const flow = new UdpFlow();
    const a = new Association(flow).handshake();
    flow.wait(1000 * MS);
    a.send('client', a.clientFlight());
    a.closeBoth('client');
    new Association(flow, { seed: 2 }).handshake();
    const [first, second] = analyse(captureFile(flow.frames)).connections;
    expect(first?.dtls?.flights?.repeated).toEqual({ client: 1, server: 0 });
    expect(second?.dtls?.flights).toBeUndefined();
  });
});

describe('datagrams in IP fragments', () => {
  /** The frames of a capture, the server's in two IP fragments each; `lose` says which of them are left out. */
  function split(frames: readonly Frame[], lose: (index: number, second: boolean) => boolean) {
    let index = -1;
    return frames.flatMap(({ octets, nanos }) => {
      const fromServer = octets[29] === frames[1]?.octets[29];
      if (!fromServer || octets.length < 600) return [{ octets, nanos }];
      index++;
      const at = 34 + 512;
      const part = (from: number, to: number, field: number) => {
        const header = octets.slice(0, 34);
        const view = new DataView(header.buffer);
        view.setUint16(16, 20 + to - from);
        view.setUint16(20, field);
        return { octets: concat(header, octets.subarray(from, to)), nanos };
      };
      return [part(34, at, 0x2000), part(at, octets.length, 512 / 8)].filter(
        (_, second) => !lose(index, second === 1),
      );
    });
  }
  const large = { fragmentOctets: 5000 } as const;
  const flow = new UdpFlow();
  const a = new Association(flow, large);
  a.send('client', a.clientHello()).send('server', a.helloVerifyRequest());
  for (let n = 0; n < 3; n++) {
    a.send('client', a.clientHello({ cookie: a.cookie, again: true }));
    a.send('server', a.serverFlight());
    flow.wait(1000 * MS);
  }
  const analysed = (lose: (index: number, second: boolean) => boolean) =>
    analyse(captureFile(split(flow.frames, lose)));

  it('are counted where they are whole', () => {
    const { connections, findings } = analysed(() => false);
    expect(connections[0]?.dtls?.flights?.ipFragments).toEqual({
      client: undefined,
      server: {
        whole: 3,
        firstWhole: { packet: 5, nanos: expect.any(Number) },
        halves: [],
        octets: 1375,
      },
    });
    // Nothing but the fragments is odd here, and the client goes on repeating.
    expect(findings.map(({ rule }) => rule)).toContain('dtls-ip-fragmentation');
  });

  it('are told one by one where the rest is missing', () => {
    const { connections, findings } = analysed((index, second) => second && index !== 1);
    const fact = connections[0]?.dtls?.flights?.ipFragments?.server;
    expect(fact).toMatchObject({ whole: 1, halves: [{ packet: 4 }, { packet: 9 }] });
    expect(findings.map(({ rule }) => rule)).toContain('dtls-ip-fragmentation');
  });

  it('count nothing behind the first fragment for a datagram', () => {
    const { connections } = analysed((_, second) => !second);
    expect(connections[0]?.dtls?.flights?.ipFragments?.server).toBeUndefined();
  });

  reaches('ipHalves', 4, 'are kept in a limited number', (bound) => {
    const many = new UdpFlow();
    const b = new Association(many, large);
    b.send('client', b.clientHello()).send('server', b.helloVerifyRequest());
    for (let n = 0; n < bound + 5; n++) b.send('server', b.serverFlight());
    const frames = split(many.frames, (_, second) => second);
    const flights = onlyConnection(captureFile(frames)).dtls?.flights;
    expect(flights?.ipFragments?.server?.halves).toHaveLength(bound);
  });

  it('are none of the handshake once it is over', () => {
    const done = new UdpFlow();
    const b = new Association(done, { verify: false }).handshake();
    for (let n = 0; n < 3; n++) b.data('server', 1300);
    const frames = split(done.frames, (index, second) => second && index > 0);
    expect(onlyConnection(captureFile(frames)).dtls?.flights?.ipFragments?.server).toMatchObject({
      whole: 1,
      halves: [],
    });
  });
});

describe('messages in fragments', () => {
  it('tells of one that was whole at once', () => {
    const { flow, flight } = cut();
    flight();
    expect(flightsOf(flow)?.repeated).toEqual({ client: 0, server: 0 });
    expect(flightsOf(flow)?.fragmented).toMatchObject([
      {
        from: 'server',
        type: 11,
        messageSequence: 1,
        length: 906,
        fragments: 5,
        largest: 200,
        transmissions: 1,
        passedOver: 0,
        missing: [],
        completed: { packet: 7 },
        wholeAtOnce: true,
        recut: false,
      },
      { type: 12, length: 329, fragments: 2, completed: { packet: 9 } },
    ]);
  });

  it('tells what every transmission lacks', () => {
    const { flow, flight } = cut();
    // ServerHello, five fragments of the certificate, two of the key exchange, ServerHelloDone.
    for (let n = 0; n < 3; n++) {
      flight((index) => index === 3);
      flow.wait(1000 * MS);
    }
    const flights = flightsOf(flow);
    expect(flights?.repeated.server).toBe(2);
    expect(flights?.fragmented[0]).toMatchObject({
      transmissions: 3,
      passedOver: 3,
      missing: [{ from: 400, to: 600 }],
      completed: undefined,
      wholeAtOnce: false,
      fragments: 12,
    });
  });

  it('does not count a transmission that may still go on', () => {
    const { flow, flight } = cut();
    flight((index) => index === 3);
    flow.wait(1000 * MS);
    flight((index) => index >= 3);
    expect(flightsOf(flow)?.fragmented[0]).toMatchObject({ transmissions: 2, passedOver: 1 });
  });

  it('tells of a tail that never came', () => {
    const { flow, flight } = cut();
    for (let n = 0; n < 2; n++) {
      flight((index) => index >= 4);
      flow.wait(1000 * MS);
    }
    flight((index) => index > 0);
    expect(flightsOf(flow)?.fragmented[0]).toMatchObject({
      transmissions: 2,
      passedOver: 1,
      missing: [{ from: 600, to: 906 }],
    });
  });

  it('puts transmissions together', () => {
    const { flow, flight } = cut();
    flight((index) => index === 3);
    flow.wait(1000 * MS);
    flight((index) => index === 4);
    expect(flightsOf(flow)?.fragmented[0]).toMatchObject({
      completed: { packet: 13 },
      missing: [],
      wholeAtOnce: false,
      recut: false,
    });
  });

  it('sees other boundaries', () => {
    const { flow, a, flight } = cut();
    flight((index) => index === 3);
    flow.wait(1000 * MS);
    const whole = new Association(flow, { ...SMALL, fragmentOctets: 333 });
    whole.next.server = a.next.server;
    whole.send('server', whole.serverFlight());
    const [certificate, exchange] = flightsOf(flow)?.fragmented ?? [];
    expect(certificate).toMatchObject({ recut: true, wholeAtOnce: true, transmissions: 2 });
    expect(exchange).toMatchObject({ recut: true, transmissions: 2 });
  });

  reaches('fragmentedMessages', 4, 'follows a limited number of messages', (bound) => {
    const { flow, a } = cut();
    for (let n = 0; n < bound + 5; n++)
      a.send('server', a.message('server', 11, n, new Uint8Array(100), 60).slice(0, 1));
    expect(flightsOf(flow)?.fragmented).toHaveLength(bound);
  });

  it('takes late fragments of a repeat in, and doubled ones not', () => {
    const { flow, a, flight } = cut();
    flight((index) => index === 3 || index === 4);
    flow.wait(1000 * MS);
    const again = a.serverFlight();
    const order = [0, 1, 3, 2, 5, 4, 4, 2, 6, 7, 8];
    a.send(
      'server',
      order.map((index) => again[index] as Octets),
    );
    expect(flightsOf(flow)?.repeated.server).toBe(1);
    expect(flightsOf(flow)?.fragmented[0]).toMatchObject({ fragments: 8, wholeAtOnce: true });
  });

  reaches(
    'roundRecords',
    16,
    'tells doubled datagrams of a repeat apart up to a limit',
    (bound) => {
      for (const beyond of [0, 1]) {
        const { flow, a } = cut();
        const chain = new Uint8Array(bound + 40);
        a.send('server', a.message('server', 11, 1, chain, 1).slice(0, -1));
        flow.wait(1000 * MS);
        const again = a.message('server', 11, 1, chain, 1).slice(0, -1);
        a.send('server', again);
        const before = flightsOf(flow)?.fragmented[0]?.fragments ?? 0;
        a.send('server', [again[bound - 1 + beyond] as Octets]);
        // What is not remembered may be counted again, and changes nothing else.
        expect(flightsOf(flow)?.fragmented[0]?.fragments).toBe(before + beyond);
        expect(flightsOf(flow)?.repeated.server).toBe(1);
      }
    },
  );

  reaches('fragmentCuts', 16, 'compares a limited number of fragments', (bound) => {
    for (const beyond of [0, 1]) {
      const { flow, a } = cut();
      const chain = new Uint8Array(bound + 40);
      a.send('server', a.message('server', 11, 1, chain, 1));
      const at = bound - 2 + 2 * beyond;
      const other = a.message('server', 11, 1, chain, 2)[at / 2] as Octets;
      a.send('server', [other]);
      // What is not remembered cannot be compared, and is no difference.
      expect(flightsOf(flow)?.fragmented[0]?.recut).toBe(beyond === 0);
    }
  });

  reaches(
    'dtlsFragments',
    16,
    'says nothing of a message in more pieces than anybody sends',
    (bound) => {
      for (const beyond of [0, 1]) {
        const { flow, a } = cut();
        // Every second octet: nothing of it can be joined.
        const chain = new Uint8Array(2 * (bound + beyond));
        const pieces = a.message('server', 11, 1, chain, 1).filter((_, n) => n % 2 === 0);
        a.send('server', pieces);
        expect(flightsOf(flow)?.fragmented.map(({ fragments }) => fragments)).toEqual(
          beyond === 0 ? [bound] : [],
        );
      }
    },
  );

  reaches('flightBooks', 8, 'is kept of the newest associations', (bound) => {
    const book = new FlightBook(new ConnectionTable());
    const pool = new AssociationPool();
    const fragment = { type: 1, length: 60, sequence: 0, offset: 0, start: 0, end: 60 };
    const many = Array.from({ length: bound + 1 }, () => pool.take());
    for (const a of many) book.again(a, emptyRecord(), fragment);
    expect(book.has(many[0] ?? pool.take())).toBe(false);
    expect(many.filter((a) => book.has(a))).toHaveLength(bound);
  });

  it('agrees with the story of a recorded loss', () => {
    const capture = new URL('../../samples/dtls-small-mtu/capture.pcap', import.meta.url);
    const flights = onlyConnection(readFileSync(capture)).dtls?.flights;
    expect(flights?.repeated).toEqual({ client: 1, server: 1 });
    expect(flights?.repeats).toMatchObject([
      { from: 'client', first: { packet: 10 } },
      { from: 'server', first: { packet: 11 }, last: { packet: 19 } },
    ]);
    expect(flights?.fragmented).toMatchObject([
      { type: 11, length: 791, recut: true, transmissions: 2, wholeAtOnce: true },
      { type: 12, recut: true },
    ]);
  });
});
