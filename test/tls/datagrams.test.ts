import { describe, expect, test } from 'vitest';
import { passedOverName } from '../../src/model/passed-over.ts';
import type { QuicSink, Side } from '../../src/model/stream.ts';
import { Datagrams } from '../../src/tls/datagrams.ts';
import { concat, dtlsRecord, filled, hex, type Octets, uint } from '../support/hello-builder.ts';
import { reaches } from '../support/reaches.ts';
import {
  channelData,
  channelNumber,
  classicStun,
  dataIndication,
  OTHER_PROTOCOLS,
  peerAddress,
  rtcp,
  rtp,
  sendIndication,
  stun,
  zrtp,
} from '../support/udp-neighbours.ts';

/** Inner flows are numbered from here. */
const INNER = 1000;

class Mux {
  /** `flow/side type epoch/sequence length` of each record, and unified headers. */
  readonly records: string[] = [];
  readonly outer: number[] = [];
  readonly counts: Record<string, number> = {};
  readonly datagrams: Datagrams;

  constructor() {
    const quic: QuicSink = {
      longHeader: (_flow, _side, bytes, start) => bytes[start + 4] === 1,
    };
    this.datagrams = new Datagrams(
      {
        record: (flow, side, type, _version, epoch, sequence, length) =>
          this.records.push(`${flow}/${side} ${type} ${epoch}/${sequence} ${length}`),
        connectionIdLength: () => 0,
        recordWithId: (flow, side) => this.records.push(`${flow}/${side} with id`),
        company: () => undefined,
        misfit: () => undefined,
        unified: (flow, side, _bytes, at, end) => {
          // Only where records were before is it known what it is.
          if (this.records.length === 0) return 0;
          this.records.push(`${flow}/${side} unified ${end - at}`);
          return end;
        },
      },
      quic,
      { addInner: (outer) => INNER + this.outer.push(outer) - 1 },
      {
        passedOver: (key) => {
          const kind = passedOverName(key);
          this.counts[kind] = (this.counts[kind] ?? 0) + 1;
        },
      },
      { notice() {} },
    );
  }

  send(octets: Octets, flow = 1, side: Side = 0, wireLength = octets.length): this {
    const block = concat(filled(3, 0x16), octets, filled(30, 0x17));
    this.datagrams.datagram(flow, side, block, 3, 3 + octets.length, wireLength, 9, 9, 9);
    return this;
  }
}

const data = (sequence = 1, octets = 20) =>
  dtlsRecord(23, 0xfefd, 1, sequence, filled(octets, 0xab));
const PEER = peerAddress(hex('c0000201'), 7000);
const OTHER = peerAddress(hex('c0000202'), 7000);

describe('UDP beside DTLS', () => {
  test.each(OTHER_PROTOCOLS)('%s leaves no record', (_name, octets) => {
    const mux = new Mux().send(octets).send(octets, 1, 1);
    expect(mux.records).toEqual([]);
    expect(mux.outer).toEqual([]);
  });

  test('STUN, media, ZRTP and DTLS share a 5-tuple, and each is counted as what it is', () => {
    const mux = new Mux().send(stun(1)).send(stun(0x101), 1, 1).send(data()).send(rtp(1));
    mux.send(rtcp(), 1, 1).send(zrtp()).send(classicStun()).send(data(2)).send(rtp(2));
    expect(mux.records).toEqual(['1/0 23 1/1 20', '1/0 23 1/2 20']);
    expect(mux.counts).toEqual({ STUN: 3, 'RTP or RTCP': 3, ZRTP: 1 });
  });

  test('media is not told without company', () => {
    expect(new Mux().send(rtp(1)).send(rtp(2)).counts).toEqual({});
  });

  test('QUIC: short headers count once a long one was seen', () => {
    const short = concat(hex('41'), filled(30, 8));
    const greased = concat(hex('91'), filled(30, 8));
    // A long header whose second bit is not set could be RTP.
    expect(new Mux().send(hex('80 00000001 00 00')).counts).toEqual({});
    const mux = new Mux().send(short).send(hex('c0 00000001 00 00')).send(short).send(greased);
    expect(mux.counts).toEqual({ QUIC: 3 });
    expect(new Mux().send(hex('c0 00000002 00 00')).counts).toEqual({});
  });

  test('damaged STUN is not counted', () => {
    const message = stun(1);
    expect(new Mux().send(concat(message, hex('00'))).counts).toEqual({});
    expect(new Mux().send(message.subarray(0, 19), 1, 0, 20).counts).toEqual({});
    expect(new Mux().send(classicStun(0x16)).counts).toEqual({});
    expect(new Mux().send(classicStun(1, hex('0003000500000000'))).counts).toEqual({});
    expect(new Mux().send(stun(0x16, [])).counts).toEqual({ STUN: 1 });
  });

  test('a unified header counts on a flow that speaks DTLS only', () => {
    const unified = concat(hex('2c 0001 0008'), filled(8, 1));
    expect(new Mux().send(unified).records).toEqual([]);
    expect(new Mux().send(data()).send(unified).records).toEqual([
      '1/0 23 1/1 20',
      '1/0 unified 13',
    ]);
  });

  test('on a flow that is known, odd records are read', () => {
    const odd = dtlsRecord(23, 0xfefd, 0, 5, filled(4, 1));
    expect(new Mux().send(odd).records).toEqual([]);
    expect(new Mux().send(data()).send(odd).records).toHaveLength(2);
  });
});

describe('DTLS through a TURN relay', () => {
  test('in ChannelData, padded or not, is a conversation of its own', () => {
    const mux = new Mux().send(channelData(0x4000, data(1)));
    mux.send(channelData(0x4000, data(2), true), 1, 1).send(channelData(0x4001, data(3)));
    expect(mux.records).toEqual(['1000/0 23 1/1 20', '1000/1 23 1/2 20', '1001/0 23 1/3 20']);
    expect(mux.outer).toEqual([1, 1]);
    expect(mux.counts).toEqual({ TURN: 3 });
  });

  test('in indications is that of the peer, and of the channel bound to it', () => {
    const mux = new Mux().send(sendIndication(PEER, data(1)));
    mux.send(dataIndication(PEER, data(2)), 1, 1).send(sendIndication(OTHER, data(3)));
    mux.send(stun(9, [channelNumber(0x4000), PEER])).send(channelData(0x4000, data(4)));
    expect(mux.records).toEqual([
      '1000/0 23 1/1 20',
      '1000/1 23 1/2 20',
      '1001/0 23 1/3 20',
      '1000/0 23 1/4 20',
    ]);
  });

  test('the transaction id does not make another peer of an IPv6 address', () => {
    const v6 = hex('20010db8000000000000000000000001');
    const mux = new Mux().send(sendIndication(peerAddress(v6, 9, 7), data(1), 7));
    mux.send(sendIndication(peerAddress(v6, 9, 0x55), data(2), 0x55));
    expect(mux.records).toEqual(['1000/0 23 1/1 20', '1000/0 23 1/2 20']);
  });

  test('a channel seen before its binding keeps its conversation', () => {
    const mux = new Mux().send(channelData(0x4000, data(1)));
    mux.send(stun(9, [channelNumber(0x4000), PEER])).send(dataIndication(PEER, data(2)), 1, 1);
    expect(mux.records).toEqual(['1000/0 23 1/1 20', '1000/1 23 1/2 20']);
  });

  test('two relays have nothing in common', () => {
    const mux = new Mux().send(channelData(0x4000, data(1))).send(channelData(0x4000, data(1)), 2);
    expect(mux.outer).toEqual([1, 2]);
  });

  test('media in channels is counted, and what is none is left alone', () => {
    const mux = new Mux().send(stun(3)).send(channelData(0x4000, rtp(1)));
    mux.send(concat(channelData(0x4000, rtp(1)), filled(4, 0))).send(hex('4000 0000'));
    mux.send(channelData(0x4000, dtlsRecord(23, 0xfefd, 0, 1, filled(9, 1))));
    expect(mux.records).toEqual([]);
    expect(mux.counts).toEqual({ STUN: 1, TURN: 2 });
  });

  test('a relay within a relay is not looked into', () => {
    const nested = channelData(0x4000, channelData(0x4001, data(1)));
    expect(new Mux().send(stun(3)).send(nested).records).toEqual([]);
  });

  test('cut by the snap length', () => {
    const whole = channelData(0x4000, data(1, 200));
    expect(new Mux().send(whole.subarray(0, 40), 1, 0, whole.length).records).toEqual([
      '1000/0 23 1/1 200',
    ]);
    const indication = sendIndication(PEER, data(1, 200));
    expect(new Mux().send(indication.subarray(0, 90), 1, 0, indication.length).records).toEqual([
      '1000/0 23 1/1 200',
    ]);
  });

  reaches('turnPeers', 8, 'peers beyond the limit are counted, not read', (bound) => {
    const mux = new Mux();
    for (let n = 0; n < bound; n++)
      mux.send(stun(9, [channelNumber(0x4000), peerAddress(uint(n, 4), 1)]), 1);
    const before = mux.counts['TURN'];
    mux.send(sendIndication(peerAddress(hex('ffffffff'), 1), data(1)));
    expect(mux.records).toEqual([]);
    expect(mux.counts['TURN']).toBe((before ?? 0) + 1);
    // Those that have a room keep it.
    mux.send(channelData(0x4000, data(2)));
    expect(mux.records).toHaveLength(1);
  });
});
