import { describe, expect, test } from 'vitest';
import { ascii, concat, filled, hex } from '../support/hello-builder.ts';
import {
  ANSWER,
  CCS,
  CLIENT_HELLO,
  HELLO,
  handshake,
  message,
  SERVER_HELLO,
  sealed,
  TlsWire,
  TYPE,
} from './wire.ts';

describe('SSL 2.0', () => {
  /** Two octets of length, type 1, version 3.1, three lengths, suites, challenge. */
  const ssl2 = concat(hex('802e 01 0301 0015 0000 0010'), filled(21, 3), filled(16, 4));

  test('a ClientHello in its form, answered by TLS', () => {
    const wire = new TlsWire()
      .send('c', ssl2)
      .send('s', ANSWER)
      .send('c', CCS, sealed(40, TYPE.handshake));
    expect(wire.lines).toEqual([
      'c recognised',
      'c ssl2 48',
      ...SERVER_HELLO,
      'c ccs',
      'c record 20 0303 1 clear',
      'c record 22 0303 40',
    ]);
  });

  test('in pieces of any size', () => {
    for (let size = 1; size < 60; size++) {
      const octets = concat(ssl2, CCS);
      const wire = new TlsWire();
      for (let at = 0; at < octets.length; at += size)
        wire.send('c', octets.subarray(at, at + size));
      expect(wire.lines).toEqual([
        'c recognised',
        'c ssl2 48',
        'c ccs',
        'c record 20 0303 1 clear',
      ]);
    }
  });

  test('with a hole in it, what follows is TLS all the same', () => {
    const wire = new TlsWire().send('c', ssl2.subarray(0, 20)).gap('c', 28).send('c', CCS);
    expect(wire.lines).toEqual([
      'c recognised',
      'c ssl2 48 incomplete',
      'c lost 28',
      'c ccs',
      'c record 20 0303 1 clear',
    ]);
  });

  const answer = concat(hex('8030 04 00 01 0002'), filled(43, 1));
  const masterKey = concat(hex('8012 02 010080'), filled(14, 2));
  /** With a longer header: one octet of padding. */
  const protectedRecord = concat(hex('0020 01'), filled(32, 3));
  const conversation = [
    ['c', ssl2],
    ['s', answer],
    ['c', masterKey],
    ['s', protectedRecord],
    ['c', protectedRecord],
  ] as const;

  test('its answer turns to the records of that version', () => {
    const wire = new TlsWire();
    for (const [who, octets] of conversation) wire.send(who, octets);
    expect(wire.lines).toEqual([
      'c recognised',
      'c ssl2 48',
      's ssl2 answer 50',
      's ssl2 record 48 04000100',
      'c ssl2 record 18 02010080',
      's ssl2 record 32 03030303',
      'c ssl2 record 32 03030303',
    ]);
  });

  test('the same in pieces', () => {
    for (let size = 1; size < 60; size++) {
      const wire = new TlsWire();
      for (const [who, octets] of conversation)
        for (let at = 0; at < octets.length; at += size)
          wire.send(who, octets.subarray(at, at + size));
      expect(wire.lines.filter((line) => line.includes('ssl2 record'))).toEqual([
        's ssl2 record 48 04000100',
        'c ssl2 record 18 02010080',
        's ssl2 record 32 03030303',
        'c ssl2 record 32 03030303',
      ]);
    }
  });

  test('a hole ends what can be read of a side', () => {
    const wire = new TlsWire().send('c', ssl2).send('s', answer).gap('s', 9);
    wire.send('s', protectedRecord).send('c', masterKey);
    expect(wire.lines.slice(4)).toEqual(['s lost 9 with boundaries', 'c ssl2 record 18 02010080']);
  });

  test.each([
    ['no suites', '8029 01 0301 0000 0000 0020'],
    ['suites that are not of three octets', '802e 01 0301 0014 0000 0011'],
    ['lengths that do not add up', '802f 01 0301 0015 0000 0010'],
    ['a version that is none', '802e 01 0401 0015 0000 0010'],
    ['a session of another length', '802e 01 0301 0015 0001 0010'],
  ])('not with %s', (_name, header) => {
    expect(new TlsWire().send('c', concat(hex(header), filled(37, 3))).lines).toEqual([]);
  });
});

describe('where TLS begins', () => {
  const plaintext = (wire: TlsWire, side: 0 | 1) => {
    const octets = wire.tls.plaintextStart(0, side);
    return octets && Buffer.from(octets).toString('latin1');
  };

  test('behind a PROXY header, in the same segment or in one of its own', () => {
    const one = ascii('PROXY TCP4 192.0.2.1 192.0.2.2 40000 443\r\n');
    const two = concat(hex('0d0a0d0a000d0a515549540a 21 11 000c'), filled(12, 9));
    for (const proxy of [one, two]) {
      expect(new TlsWire().send('c', concat(proxy, HELLO)).lines).toEqual(CLIENT_HELLO);
      expect(new TlsWire().send('c', proxy, HELLO).lines).toEqual(CLIENT_HELLO);
      expect(
        new TlsWire().send('c', concat(proxy, HELLO.subarray(0, 3)), HELLO.subarray(3)).lines,
      ).toEqual(CLIENT_HELLO);
    }
  });

  test('behind another protocol, at the start of a segment (STARTTLS)', () => {
    const wire = new TlsWire();
    wire
      .send('s', ascii('220 mail\r\n'))
      .send('c', ascii('EHLO\r\n'))
      .send('s', ascii('250 STARTTLS\r\n'));
    wire.send('c', ascii('STARTTLS\r\n')).send('s', ascii('220 go\r\n'));
    expect(plaintext(wire, 0)).toBe('EHLO\r\nSTARTTLS\r\n');
    expect(plaintext(wire, 1)).toBe('220 mail\r\n250 STARTTLS\r\n220 go\r\n');
    wire.send('c', HELLO).send('s', ANSWER);
    expect(wire.lines).toEqual([...CLIENT_HELLO, ...SERVER_HELLO]);
    expect(plaintext(wire, 0)).toBeUndefined();
  });

  test('also where the header of that ClientHello is a segment of its own', () => {
    for (let size = 1; size <= 11; size++) {
      const wire = new TlsWire().send(
        'c',
        ascii('STARTTLS\r\n'),
        HELLO.subarray(0, size),
        HELLO.subarray(size),
      );
      expect(wire.events.at(-1)).toBe('c record 22 0301 47 clear @2-3');
    }
  });

  test('no more than 64 octets are kept of what is none, and none behind a gap', () => {
    const wire = new TlsWire().send('c', filled(40, 0x61), filled(40, 0x62));
    expect(plaintext(wire, 0)).toBe('a'.repeat(40) + 'b'.repeat(24));
    const lossy = new TlsWire().send('c', ascii('ab')).gap('c', 5).send('c', ascii('cd'));
    expect(plaintext(lossy, 0)).toBe('ab');
    expect(plaintext(lossy, 1)).toBeUndefined();
  });

  test.each([
    ['a record that fills its segment', [sealed(100)], ['c record 23 0303 100']],
    [
      'records that fill it together',
      [concat(sealed(100), sealed(60, TYPE.alert))],
      ['c record 23 0303 100', 'c record 21 0303 60'],
    ],
    ['a protected handshake record', [sealed(40, TYPE.handshake)], ['c record 22 0303 40']],
    [
      'two headers',
      [concat(sealed(100), sealed(2000).subarray(0, 700)), sealed(2000).subarray(700)],
      ['c record 23 0303 100', 'c record 23 0303 2000'],
    ],
    [
      'a record confirmed by the end of a later segment',
      [sealed(3000).subarray(0, 1400), sealed(3000).subarray(1400)],
      ['c record 23 0303 3000'],
    ],
    ['a ServerHello', [ANSWER], ['c message 2 38 03035e5e…38', 'c record 22 0303 42 clear']],
    [
      'a ServerKeyExchange that fills its segment',
      [handshake(message(12, filled(300, 1)))],
      ['c message 12 300', 'c record 22 0303 304 clear'],
    ],
  ])('in the middle of a connection: %s', (_name, segments, told) => {
    const wire = new TlsWire().send('c', ...segments);
    expect(wire.lines).toEqual(['c recognised', ...told]);
  });

  test('in the middle, a record beyond its segment names the packet where it began', () => {
    const long = sealed(3000);
    const wire = new TlsWire().send(
      'c',
      filled(500, 0x9b),
      long.subarray(0, 1400),
      long.subarray(1400, 2800),
      concat(long.subarray(2800), sealed(50)),
    );
    expect(wire.events).toEqual([
      'c recognised @4',
      'c record 23 0303 3000 @2-4',
      'c record 23 0303 50 @4',
    ]);
  });

  test('a record beyond its segment that nothing follows was none', () => {
    const long = sealed(3000);
    const wire = new TlsWire().send('c', long.subarray(0, 1400), filled(1700, 0x9b), sealed(100));
    expect(wire.events).toEqual(['c recognised @3', 'c record 23 0303 100 @3']);
    const lossy = new TlsWire()
      .send('c', long.subarray(0, 1400))
      .gap('c', 5)
      .send('c', long.subarray(1405));
    expect(lossy.events).toEqual([]);
  });

  test('a refuted record does not hide a hello at the start of the segment that refutes it', () => {
    const wire = new TlsWire().send('c', sealed(45).subarray(0, 30), HELLO);
    expect(wire.lines).toEqual(CLIENT_HELLO);
  });

  test('where the other side is TLS, any record will do', () => {
    const wire = new TlsWire().send('c', HELLO).send('s', sealed(3000).subarray(0, 900));
    expect(wire.lines.at(-1)).toBe('s recognised');
  });
});
