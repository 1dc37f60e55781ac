import { defineConnectionRule, NOT_APPLICABLE, PASS } from '../define-rule.ts';
import { keyedFinding } from '../support/failed-record.ts';
import { refusalOf, refusalText } from '../support/refusal.ts';
import { consequence, strayWitness } from '../support/strays.ts';
import { witness } from '../support/witness.ts';

/** Each direction has keys of its own: the same ciphertext in both was not encrypted twice but came back. */
export const recordWrongDirection = defineConnectionRule({
  meta: {
    id: 'record-wrong-direction',
    group: 'misdelivery',
    title: 'A record came back to the side that had sent it',
    severity: 'error',
    sources: ['RFC 5246 §6.3', 'RFC 8446 §7.3'],
    reports:
      'A protected record whose ciphertext the other side had sent before on the same connection, or a ClientHello that comes from the side that had received one.',
    matters:
      'The two directions of a connection have different keys, so the side that meets its own record cannot authenticate it and ends the connection with bad_record_mac. An echoed ClientHello ends the handshake with unexpected_message.',
    decides:
      'By the octets on the wire: two records of one length that begin with the same ciphertext, one in each direction. Ciphertext does not repeat by chance, so this is proven, as is a ClientHello from both sides. With secrets, a record that opens under the keys of the other direction is proven as well.',
    silent:
      'For records that are too short to be told apart, where nothing is encrypted, and where much was sent in between: only the records seen last are compared.',
    restsOnOrder: true,
    yieldsTo: ['record-decrypts-under-other-connection'],
    messages: {
      reflected: {
        what: 'The {from} sent a record of {octets} octets (packet {packet}) that the {peer} had sent in packet {earlier}{refusal}.',
        causes: [
          'a proxy or tunnel copies what it reads from one side back to the same side',
          'a device loops packets back, or an address translator sends a host its own traffic (hairpinning)',
        ],
        remedies: [
          'find the device between the two that holds both sockets, and look at which one it writes to',
          'capture on both sides of it: on one of them the record goes one way only',
        ],
        commands: [
          'tshark -r CAPTURE -Y "frame.number == {packet} || frame.number == {earlier}" -x',
        ],
      },
      'own-keys': {
        title: 'A record is protected with the keys of its receiver',
        what: 'In packet {packet}, {record} ({octets} octets) opens under the keys with which the {peer} writes, as its number {number}{reaction}; {negotiated}.',
        causes: [
          'a proxy, tunnel or device sends the {peer} back what it had sent',
          'the {from} took the two halves of its keys the wrong way round, as if it were the {peer}',
        ],
        remedies: [
          'look for the device between the two that holds both sockets, and at which one it writes to',
          'where it happens with every connection of the {from}, check which role its stack was given',
        ],
        commands: ['tshark -r CAPTURE -o tls.keylog_file:KEYS -Y "frame.number == {packet}" -V'],
      },
      hello: {
        title: 'Both sides sent a ClientHello',
        what: 'The {from} sent a ClientHello (packet {packet}) on a connection on which it had received one.',
        causes: [
          'the client is connected to an echo service, or to itself',
          'a proxy sends back what it should pass on',
          'both ends are configured as clients',
        ],
        remedies: [
          'check what listens at that address and port, and that it is configured as a TLS server',
        ],
        commands: ['tshark -r CAPTURE -Y "tcp.stream == {stream} && tls.handshake.type == 1" -V'],
      },
    },
  },

  check(history) {
    const { id, strays, oddities, stream } = history;
    const proven = keyedFinding(
      'record-wrong-direction',
      history,
      () => 'own-keys' as const,
      'opens under the keys of its receiver',
    );
    if (history.protocol !== 'TLS') return proven ?? NOT_APPLICABLE;
    const echo = oddities.find(({ kind }) => kind === 'hello-reflected');
    if (echo !== undefined) {
      return {
        kind: 'finding',
        message: 'hello',
        confidence: 'proven',
        connections: [id],
        evidence: [witness(echo, id, echo.from, `ClientHello of the ${echo.from}`)],
        data: { from: echo.from, packet: echo.packet, stream },
      };
    }
    const stray = strays.find(({ kind }) => kind === 'reflection');
    if (stray?.other === undefined) return proven ?? PASS;
    const { from, length, packet, other } = stray;
    const peer = from === 'client' ? 'server' : 'client';
    const refusal = refusalOf(history, stray);
    return {
      kind: 'finding',
      message: 'reflected',
      confidence: 'proven',
      connections: [id],
      evidence: [
        strayWitness(stray, id),
        witness(other, id, peer, 'this ciphertext for the first time'),
        ...consequence(history, refusal),
      ],
      data: {
        from,
        peer,
        octets: length,
        packet,
        earlier: other.packet,
        refusal: refusalText(stray, refusal),
      },
    };
  },
});
