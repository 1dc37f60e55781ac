import { describe, expect, test } from 'vitest';
import { concat, filled, hex } from '../support/hello-builder.ts';
import { reaches } from '../support/reaches.ts';
import { behindHellos, handshake, hello, message, record, TlsWire, TYPE } from './wire.ts';

describe('messages', () => {
  const long = message(1, filled(3000, 0x42));
  const told = 'message 1 3000 42424242…3000';

  test('over several records, each in a segment of its own', () => {
    expect(
      behindHellos((wire) =>
        wire.send(
          'c',
          handshake(long.subarray(0, 2)),
          handshake(long.subarray(2, 1000)),
          handshake(long.subarray(1000), message(14, filled(0, 0))),
        ),
      ),
    ).toEqual([
      'c record 22 0303 2 clear @3',
      'c record 22 0303 998 clear @4',
      `c ${told} @5`,
      'c message 14 0 @5',
      'c record 22 0303 2008 clear @5',
    ]);
  });

  test('a message that ends before its record does is told where it ends', () => {
    const flight = handshake(hello, message(11, filled(2000, 7)));
    expect(
      behindHellos((wire) => wire.send('s', flight.subarray(0, 60), flight.subarray(60))),
    ).toEqual([
      's message 1 43 0303c1c1…43 @3',
      's message 11 2000 @4',
      's record 22 0303 2051 clear @3-4',
    ]);
  });

  test('other messages than hellos are counted down, however long they claim to be', () => {
    const huge = concat(hex('0b ffffff'), filled(500, 1));
    expect(
      behindHellos((wire) => wire.send('s', handshake(huge), handshake(filled(300, 2)))),
    ).toEqual(['s record 22 0303 504 clear @3', 's record 22 0303 300 clear @4']);
  });

  reaches(
    'handshakeMessageOctets',
    30000,
    'a hello beyond the limit is told without its body',
    (bound) => {
      const length = bound + 1;
      const octets = message(1, filled(length, 5));
      const lines = behindHellos((wire) => {
        for (let at = 0; at < octets.length; at += 16_000)
          wire.send('c', handshake(octets.subarray(at, at + 16_000)));
      }).filter((line) => !line.includes('record'));
      expect(lines).toEqual(['! message-too-long @3', `c message 1 ${length} @4`]);
    },
  );

  test('many hellos that never end do not keep others from being read', () => {
    const wire = new TlsWire();
    const endless = record(TYPE.handshake, 0x0301, concat(hex('01 03ffff 0303'), filled(60, 1)));
    for (let row = 1; row <= 3000; row++) wire.tls.octets(row, 0, endless, 0, endless.length, 1, 1);
    wire.all.length = 0;
    wire.send(
      'c',
      record(TYPE.handshake, 0x0301, hello.subarray(0, 20)),
      handshake(hello.subarray(20)),
    );
    expect(wire.lines).toContain('c message 1 43 0303c1c1…43');
    expect(wire.notices).toEqual([]);
  });

  reaches('handshakeOctets', 65536, 'until there are too many', (bound) => {
    const wire = new TlsWire();
    const endless = record(TYPE.handshake, 0x0301, concat(hex('01 03ffff 0303'), filled(60, 1)));
    const rows = bound / 2048;
    for (let row = 1; row <= rows; row++) wire.tls.octets(row, 0, endless, 0, endless.length, 1, 1);
    expect(wire.notices).toEqual([]);
    const split = [
      record(TYPE.handshake, 0x0301, hello.subarray(0, 20)),
      handshake(hello.subarray(20)),
    ];
    wire.send('c', ...split);
    expect(wire.notices.map(({ code }) => code)).toEqual(['message-too-long']);
    expect(wire.lines).toContain('c message 1 43');
    wire.tls.forget(7);
    wire.tls.forget(0);
    wire.send('c', ...split);
    expect(wire.lines.at(-2)).toBe('c message 1 43 0303c1c1…43');
  });
});
