import { expect, test } from 'vitest';
import { TCP, type TransportCursor } from '../../src/model/transport-cursor.ts';
import { SecondViews } from '../../src/transport/second-views.ts';
import { reaches } from '../support/reaches.ts';

/** Sends TCP segments by their sequence number from several points; collects those that are handed on. */
function views() {
  const points = { point: 0 };
  const passed: number[] = [];
  const notices: string[] = [];
  const next = {
    tcp: ({ sequence }: TransportCursor) => passed.push(sequence),
    udp() {},
    udpFragment() {},
    udpJoined() {},
    icmpUnreachable() {},
    icmpQuote() {},
  };
  const filter = new SecondViews(next, points, (point, { code }) =>
    notices.push(`${point} ${code}`),
  );
  const bytes = new Uint8Array(64);
  const cursor: TransportCursor = {
    packet: {
      bytes,
      view: new DataView(bytes.buffer),
      offset: 0,
      capturedLength: 64,
      originalLength: 64,
      seconds: 0,
      nanos: 0,
      linkType: 1,
      interfaceIndex: 0,
      packetNumber: 1,
    },
    bytes,
    view: new DataView(bytes.buffer),
    protocol: TCP,
    family: 4,
    sourceOffset: 0,
    destinationOffset: 4,
    headerOffset: 8,
    payloadOffset: 28,
    payloadLength: 0,
    wirePayloadLength: 0,
    sourcePort: 40_001,
    destinationPort: 443,
    sequence: 0,
    acknowledgement: 0,
    flags: 0x10,
    window: 0,
    hopLimit: 64,
    ipId: 0,
    fragmentPackets: undefined,
    icmpType: 0,
    icmpCode: 0,
  };
  const send = (point: number, sequence: number, acknowledgement = 0): void => {
    points.point = point;
    cursor.sequence = sequence;
    cursor.acknowledgement = acknowledgement;
    filter.tcp(cursor);
  };
  return { send, passed, filter, notices };
}

test('each packet counts as often as the point has it that saw it most often', () => {
  const { send, passed } = views();
  send(0, 7);
  send(1, 7);
  send(0, 7);
  send(1, 7);
  send(1, 7);
  send(2, 7);
  send(2, 8);
  expect(passed).toEqual([7, 7, 7, 8]);
});

test.each([3, 4])('%d packets in common', (common) => {
  const { send, filter, notices } = views();
  for (const point of [0, 1]) for (let n = 0; n < common; n++) send(point, n);
  filter.end();
  // A few are not worth a notice.
  expect(notices).toEqual(common < 4 ? [] : ['1 captured-at-two-points']);
});

reaches('secondViewPackets', 4096, 'those seen last are remembered, in bounded memory', (bound) => {
  const { send, passed } = views();
  const count = bound;
  for (let n = 0; n < count + 10; n++) send(0, n);
  passed.length = 0;
  send(1, 9);
  send(1, count + 9);
  send(1, 1000);
  expect(passed).toEqual([9]);
});

test('packets that are merely alike are told apart', () => {
  const { send, passed } = views();
  // As many comparisons as would take a fingerprint of 32 bits for equal some fifteen times.
  const count = 1_000_000;
  for (let n = 0; n < count; n++) send(n & 1, n, Math.imul(n, 0x85ebca6b));
  expect(passed).toHaveLength(count);
});
