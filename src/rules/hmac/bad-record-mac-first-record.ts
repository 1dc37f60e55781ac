import { BAD_RECORD_MAC } from '../../model/code-points/alerts.ts';
import type { Confidence } from '../../model/finding.ts';
import { peerOf } from '../../model/history.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule } from '../define-rule.ts';
import { isTls13 } from '../support/closing-alert.ts';
import { lostOctets } from '../support/ending.ts';
import { isSound, PROVEN_BY_SECRETS } from '../support/failed-record.ts';
import { keySuspects, rateSuspects } from '../support/key-suspects.ts';
import { describeNegotiation } from '../support/negotiation.ts';
import { refusedFirstRecord, strayRecord } from '../support/refused-record.ts';
import { compareWithSuite } from '../support/same-suite.ts';
import { witness } from '../support/witness.ts';

/**
 * The first protected record is the first use of the new keys. If it does not authenticate, key agreement or the MAC
 * construction differs; damage on the way would have to hit just this record.
 */
export const badRecordMacFirstRecord = defineConnectionRule({
  meta: {
    id: 'bad-record-mac-first-record',
    group: 'hmac',
    title: 'The first protected record did not authenticate',
    severity: 'error',
    sources: [
      'RFC 5246 §7.2.2',
      'RFC 5246 §6.3',
      'RFC 5246 §8.1.2',
      'RFC 8422 §5.10',
      'RFC 4279 §2',
      'RFC 6347 §4.1.2.1',
    ],
    reports:
      'A bad_record_mac in the clear that answers the first record the other side sent under the new keys, usually its Finished.',
    matters:
      'bad_record_mac is often put down to the network. On the first protected record it mostly means that the two sides do not have the same keys, or do not use them in the same way: then it will happen again. Damage on the way would have to hit just this record.',
    decides:
      'The alert 20 is in the clear, so its sender had not switched to the new keys itself, and the other side had: up to TLS 1.2 nothing but the first protected record can have raised it. In TLS 1.3, where a client writes in the clear until it has read the whole flight of the server, it is only likely. With secrets that open the record, it is proven that its sender is not at fault. Only likely it is over DTLS if a record of an earlier association arrived in this handshake.',
    silent:
      'Where the first protected record of the other side was not captured (handshake-alert speaks then), for encrypted alerts, and once records have been accepted.',
    yieldsTo: [
      'tcp-old-segment-in-new-incarnation',
      ...PROVEN_BY_SECRETS,
      'psk-mismatch',
      'record-length-impossible',
      'dtls-old-epoch-after-new-handshake',
      'server-hello-of-other-connection',
    ],
    messages: {
      finished: {
        what: 'The {from} could not authenticate the {peer}’s first protected record (packet {record}, {octets} octets) and ended the handshake with bad_record_mac in packet {packet}, {delay} later; {negotiated}{compared}.',
        causes: [
          'premaster or master secret differ: encoding of the shared secret, PRF hash, extended master secret on one side only',
          'the key block was cut differently, or the record MAC is computed differently, in one of the implementations',
          'the record was changed on the way, by a device that corrects the checksum or by faulty memory: rare, and then other connections of the same two sides succeed',
        ],
        remedies: [
          'open the record with a key log of its sender: if it opens, it came past this place as it was sent, and the other side has other keys, uses them in another way, or got other octets',
          'repeat with an AEAD suite and with another key exchange: what changes the outcome shows which step is wrong',
          'compare how often it happens by suite: always with one suite means code, once in a few hundred means an encoding, spread over all suites means hardware',
        ],
        commands: [
          'tshark -r CAPTURE -o tls.keylog_file:KEYS -Y "frame.number == {record}" -V',
          "openssl s_client -connect HOST:PORT -tls1_2 -cipher 'SUITE'",
        ],
      },
      sound: {
        title: 'A first record was refused that opens under the secrets at hand',
        what: 'The {from} refused the {peer}’s first protected record (packet {record}, {octets} octets) with bad_record_mac in packet {packet}, {delay} later, though it opens under the secrets at hand; {negotiated}{compared}.',
        causes: [
          'one side derived other secrets than the other, or cuts its keys or computes the MAC in another way; those at hand are the view of the side that wrote them down, which is not always the right one',
          'the record was changed behind the place of this capture',
        ],
        remedies: [
          'take a key log on the {from} as well, and compare the secrets for this client random: a key log shows the view only of the side that wrote it',
          'where the secrets are the same, capture on the {from}: a device behind the place of this capture changes the record',
        ],
        commands: ['tshark -r CAPTURE -o tls.keylog_file:KEYS -Y "frame.number == {record}" -V'],
      },
      flight13: {
        title: 'The server’s protected flight did not authenticate',
        what: 'The client could not authenticate the server’s protected flight (first record in packet {record}) and ended the handshake with bad_record_mac in packet {packet}, {delay} later; {negotiated}{compared}.',
        causes: [
          'the handshake secrets differ: ClientHello or ServerHello were changed on the way, or the ServerHello answers another ClientHello',
          'the shared secret of the key exchange is computed or encoded differently',
          'a record of the flight was changed on the way',
        ],
        remedies: [
          'capture at both ends and compare the hellos octet by octet',
          'open the flight with a key log of the server: if it opens, what the client computed differs',
        ],
        commands: ['tshark -r CAPTURE -o tls.keylog_file:KEYS -Y "frame.number == {record}" -V'],
      },
    },
  },
  check(history, neighbours) {
    const refused = refusedFirstRecord(history, [BAD_RECORD_MAC]);
    if (refused.kind !== 'refused') return refused;
    const { alert, record } = refused;
    const { id } = history;
    const peer = peerOf(alert.from);
    const stray = strayRecord(neighbours, history, alert.packet);
    const tls13 = isTls13(history);
    const sound = stray === undefined && isSound(history, record) === true;
    const sure = (!tls13 || sound) && stray === undefined && lostOctets(history) === 0;
    const confidence: Confidence = sure ? 'proven' : 'likely';
    const delay = formatDuration(alert.nanos - record.nanos);
    const what = tls13
      ? 'the first record of its protected flight'
      : 'the first record under the new keys';
    return {
      kind: 'finding',
      message: sound ? 'sound' : tls13 ? 'flight13' : 'finished',
      confidence,
      data: {
        from: alert.from,
        peer,
        record: record.packet,
        octets: record.length,
        packet: alert.packet,
        delay,
        negotiated: describeNegotiation(history),
        compared: '',
      },
      evidence: [
        witness(
          alert,
          id,
          alert.from,
          'bad_record_mac in the clear: it had not switched to the new keys',
        ),
        witness(
          record,
          id,
          peer,
          `${what}, ${record.length} octets${sound ? ': it opens under the secrets at hand' : ''}`,
        ),
        ...(stray === undefined
          ? []
          : [
              witness(
                stray,
                neighbours.previous?.id ?? 0,
                stray.from,
                'a record of the association before',
              ),
            ]),
      ],
      connections: [id],
      causes: [
        ...keySuspects(history),
        ...(stray === undefined
          ? []
          : [
              'a record of the earlier association on the same ports was taken for one of this handshake',
            ]),
      ],
    };
  },
  complete(verdict, index) {
    const [id = 0] = verdict.connections;
    return {
      ...verdict,
      data: { ...verdict.data, compared: compareWithSuite(index, id) },
      causes: [...rateSuspects(index, id), ...(verdict.causes ?? [])],
    };
  },
});
