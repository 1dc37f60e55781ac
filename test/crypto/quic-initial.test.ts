import { describe, expect, test } from 'vitest';
import { InitialOpener, opensInitials } from '../../src/crypto/quic-initial.ts';
import { concat, filled, hex, type Octets } from '../support/hello-builder.ts';
import { DRAFT_29, initialPacket, V1, V2, V2_DRAFT } from '../support/quic-builder.ts';

/** RFC 9001 appendix A: the connection id, and the frames of A.2 and A.3. */
const ID = hex('8394c8f03e515708');
const CLIENT_FRAMES = concat(
  hex(`
    060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868
    04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578
    616d706c652e636f6dff01000100000a00080006001d00170018001000070005
    04616c706e000500050100000000003300260024001d00209370b2c9caa47fba
    baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400
    0d0010000e0403050306030203080408050806002d00020101001c0002400100
    3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000
    75300901100f088394c8f03e51570806048000ffff`),
  new Uint8Array(917),
);
const SERVER_PACKET = hex(`
    cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a
    5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3
    dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84
    022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc4
    2158407dd074ee`);
const SERVER_FRAMES = hex(`
    02000000000600405a020000560303eefce7f7b37ba1d1632e96677825ddf739
    88cfc79825df566dc5430b9a045a1200130100002e00330024001d00209d3c94
    0d89690b84d08a60993c144eca684d1081287c834d5311bcf32bb9da1a002b00
    020304`);

/** Long header of a client's Initial without token: the number is behind two octets of length. */
const clientNumber = (packet: Octets) =>
  7 + (packet[5] as number) + (packet[6 + (packet[5] as number)] as number) + 3;

const sealed = (packet: Octets, numberOffset: number) => ({
  bytes: packet,
  start: 0,
  numberOffset,
  end: packet.length,
});

describe('Initial packets of QUIC', () => {
  test.each([
    [
      V1,
      'c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11',
      'e221af44860018ab0856972e194cd934',
    ],
    [V2, 'd76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485', undefined],
  ])(
    'the client’s example of version %i (RFC 9001 appendix A.2, RFC 9369 appendix A.2)',
    (version, first, tag) => {
      const packet = initialPacket({
        version,
        keysOf: ID,
        number: 2,
        numberOctets: 4,
        frames: CLIENT_FRAMES,
      });
      expect(packet).toHaveLength(1200);
      // What was written is what was published, from the masked header to the tag.
      expect(Buffer.from(packet.subarray(0, 32)).toString('hex')).toBe(first);
      if (tag !== undefined) expect(Buffer.from(packet.subarray(-16)).toString('hex')).toBe(tag);
      const opener = new InitialOpener(version, ID);
      expect(opener.open('client', sealed(packet, 18))).toEqual(Buffer.from(CLIENT_FRAMES));
      expect(opener.open('server', sealed(packet, 18))).toBeUndefined();
    },
  );

  test('the server’s example (RFC 9001 appendix A.3)', () => {
    const before = SERVER_PACKET.slice();
    const opener = new InitialOpener(V1, ID);
    expect(opener.open('server', sealed(SERVER_PACKET, 18))).toEqual(Buffer.from(SERVER_FRAMES));
    expect(SERVER_PACKET).toEqual(before);
    expect(new InitialOpener(V2, ID).open('server', sealed(SERVER_PACKET, 18))).toBeUndefined();
    expect(
      new InitialOpener(V1, filled(8, 1)).open('server', sealed(SERVER_PACKET, 18)),
    ).toBeUndefined();
  });

  test.each([V1, V2, V2_DRAFT, DRAFT_29])(
    'version 0x%i with packet numbers of every length',
    (version) => {
      for (const numberOctets of [1, 2, 3, 4]) {
        const frames = filled(30, 1);
        const packet = initialPacket({ version, keysOf: ID, number: 0x2a, numberOctets, frames });
        const opener = new InitialOpener(version, ID);
        expect(opener.open('client', sealed(packet, clientNumber(packet)))).toEqual(
          Buffer.from(frames),
        );
        for (let at = 0; at < packet.length; at += 7) {
          const damaged = packet.slice();
          damaged[at] = (damaged[at] as number) ^ 1;
          expect(opener.open('client', sealed(damaged, clientNumber(packet)))).toBeUndefined();
        }
      }
    },
  );

  test('too short to be sampled, or to have a tag', () => {
    const packet = initialPacket({ keysOf: ID, frames: filled(30, 1) });
    const at = clientNumber(packet);
    for (let end = at; end < packet.length; end++)
      expect(
        new InitialOpener(V1, ID).open('client', sealed(packet.subarray(0, end), at)),
      ).toBeUndefined();
  });

  test('versions without known keys are not opened', () => {
    expect(
      [V1, V2, V2_DRAFT, DRAFT_29, 0xff000020, 0xff000021, 0xff000022].map(opensInitials),
    ).toEqual(Array(7).fill(true));
    expect([0xff00001c, 0x51303436, 2, 0].map(opensInitials)).toEqual(Array(4).fill(false));
    const packet = initialPacket({ keysOf: ID, frames: filled(30, 1) });
    expect(
      new InitialOpener(2, ID).open('client', sealed(packet, clientNumber(packet))),
    ).toBeUndefined();
  });
});
