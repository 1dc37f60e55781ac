/** Record numbers of DTLS that no record of the capture has. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { analyse, onlyConnection } from '../support/analyse.ts';
import { Association, type DtlsSpec } from '../support/conversation.ts';
import { captureFile, type Frame } from '../support/network.ts';

/** A handshake and five records of data from each side, two packets of data at a time. */
function packetsOf(spec: DtlsSpec = {}): Frame[] {
  const one = new Association(undefined, spec).handshake();
  for (let n = 0; n < 5; n++) one.data('client').data('server');
  return one.flow.frames;
}
const lackedBy = (packets: readonly Frame[]) => {
  const { missingRecords, blindSpots } = onlyConnection(captureFile(packets));
  expect(blindSpots.includes('lost-records')).toBe(missingRecords !== undefined);
  return missingRecords;
};

describe.each([
  ['with a cookie', {}],
  ['with connection ids', { ids: { client: new Uint8Array(0), server: Uint8Array.of(1, 2, 3) } }],
  ['at once', { verify: false }],
])('an association %s', (_, spec) => {
  const packets = packetsOf(spec as DtlsSpec);
  const end = packets.length;

  it('lacks nothing where nothing is missing, in whatever order it comes', () => {
    expect(lackedBy(packets)).toBeUndefined();
    const last = packets.slice(-6);
    const turned = last.map((one, n) => ({ ...one, nanos: last[5 - n]?.nanos ?? 0 }));
    expect(lackedBy([...packets.slice(0, -6), ...turned])).toBeUndefined();
  });

  it('lacks what is missing, by direction', () => {
    expect(lackedBy(packets.toSpliced(end - 6, 1))).toEqual({ client: 1, server: 0 });
    expect(lackedBy(packets.toSpliced(end - 6, 2))).toEqual({ client: 1, server: 1 });
    expect(lackedBy(packets.toSpliced(end - 10, 6))).toEqual({ client: 3, server: 3 });
  });

  it('does not lack what may never have been sent', () => {
    for (let count = 1; count < end; count++) {
      const read = analyse(captureFile(packets.slice(0, count)));
      for (const { missingRecords } of read.connections) expect(missingRecords).toBeUndefined();
    }
    expect(lackedBy(packets.slice(-6))).toBeUndefined();
  });
});

it('data that overtook the last flight is not missing', () => {
  const one = new Association(undefined, { coalesced: true });
  const flights = one.flights();
  const [last] = flights.splice(-1);
  for (const [from, flight] of flights) one.send(from, flight());
  const [sealed, finished] = [last?.[1]() ?? [], one.sealed('server', 23, 40)];
  one.send('server', [finished]).send('server', sealed).data('server').data('client');
  expect(lackedBy(one.flow.frames)).toBeUndefined();
});

it('a lost record lowers the confidence of nothing else', () => {
  const file = captureFile(packetsOf().toSpliced(-4, 1));
  const { findings, result } = analyse(file);
  expect(findings).toEqual([]);
  for (const { notAssessable } of result.coverage)
    expect(Object.keys(notAssessable)).not.toContain('lost-records');
});

it.each(['dtls13-healthy', 'dtls13-keyupdate', 'dtls13-psk'])(
  'numbers that are encrypted tell nothing: %s',
  (name) => {
    const capture = Uint8Array.from(readFileSync(`samples/${name}/capture.pcap`));
    for (const { missingRecords } of analyse(capture).connections)
      expect(missingRecords).toBeUndefined();
  },
);
