import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SummaryRows } from '../../src/connection/summary-rows.ts';
import type { ConnectionHistory } from '../../src/model/history.ts';

const packet = fc.integer({ min: 0, max: 0x7fffffff });
const nanos = fc
  .oneof(
    fc.integer({ min: -1, max: 4e15 }).map((micros) => micros * 1000),
    fc.double({ min: -1, max: 1e18, noNaN: true }),
  )
  // Zero has one sign here.
  .map((value) => value + 0);
const small = fc.integer({ min: 0, max: 0xffff });
const at = fc.record({ packet, nanos });
const history = fc.record({
  stream: packet,
  version: fc.option(fc.integer({ min: 1, max: 0xffff }), { nil: undefined }),
  cipherSuite: fc.option(small, { nil: undefined }),
  firstPacket: packet,
  startNanos: nanos,
  lastPacket: packet,
  endNanos: nanos,
});
const hello = fc.record({
  flow: packet,
  clientSide: fc.constant(0 as const),
  packet,
  nanos,
  transmissions: small,
  answerPacket: packet,
  answerNanos: nanos,
  octets: small,
  offer: small,
  lastFromClient: at,
  lastFromServer: at,
  segmentSize: small,
  answeredClose: fc.constant(undefined),
});
const more = fc.record({
  name: packet,
  alpn: small,
  hello: fc.integer(),
  client: fc.integer({ min: 0, max: 2 ** 49 - 1 }),
  server: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2 ** 49 - 1 })),
  fatalAlert: fc.option(
    fc.record({
      description: fc.integer({ min: 0, max: 255 }),
      from: fc.constantFrom('client' as const, 'server' as const),
      packet,
    }),
    { nil: undefined },
  ),
});
const flags = fc.integer({ min: 0, max: 0xffffff });

it('gives back what was written, also where a place is filled again', () => {
  const rows = new SummaryRows();
  rows.pages.reserve(3);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), packet, flags, history, hello, more)),
      (given) => {
        const filled = new Map<number, (typeof given)[number]>();
        for (const one of given) {
          const [place, owner, bits, of, numbers, rest] = one;
          if (filled.has(place)) rows.release(place);
          filled.set(place, one);
          rows.write(place, owner, bits, of as ConnectionHistory, numbers, rest);
        }
        for (const [place, [, owner, bits, of, numbers, rest]] of filled) {
          expect([rows.owner(place), rows.flags(place)]).toEqual([owner, bits]);
          expect(rows.read(place)).toEqual({
            ...{ ...rest, stream: of.stream, version: of.version, cipherSuite: of.cipherSuite },
            start: { packet: of.firstPacket, nanos: of.startNanos },
            end: { packet: of.lastPacket, nanos: of.endNanos },
            clientHello: { packet: numbers.packet, nanos: numbers.nanos },
            answer: { packet: numbers.answerPacket, nanos: numbers.answerNanos },
            lastFromClient: numbers.lastFromClient,
            lastFromServer: numbers.lastFromServer,
            ...{ offer: numbers.offer, segmentSize: numbers.segmentSize },
            ...{ helloOctets: numbers.octets, helloTransmissions: numbers.transmissions },
          });
          rows.release(place);
        }
      },
    ),
  );
});
