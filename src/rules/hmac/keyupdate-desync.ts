import type { RuleMessage } from '../../model/rule.ts';
import { defineConnectionRule, NOT_APPLICABLE, PASS } from '../define-rule.ts';
import { isTls13 } from '../support/closing-alert.ts';
import { isDtls13, keyedFinding, unjudged } from '../support/failed-record.ts';

const COMMANDS = [
  'tshark -r CAPTURE -o tls.keylog_file:KEYS -Y "tls.handshake.type == 24 || frame.number == {packet}" -V',
];

const MESSAGES = {
  previous: {
    title: 'A side sent KeyUpdate and went on under its old keys',
    what: 'The {from} had announced new keys, and {record} in packet {packet} ({octets} octets) opens under its old ones, as the number that follows them{reaction}; {negotiated}.',
    causes: [
      'the {from} sends KeyUpdate and does not change its own keys, or changes them in one of two places only (a kernel or card that encrypts for it)',
      'a second thread of the {from} still wrote with the old keys',
    ],
    remedies: [
      'update the TLS stack of the {from}; with kernel TLS, see whether its version can change keys at all',
      'until then, switch off what asks for KeyUpdate (limits of octets or of time for one key)',
    ],
    commands: COMMANDS,
  },
  next: {
    title: 'A side changed its keys without saying so',
    what: 'No KeyUpdate of the {from} came, and {record} in packet {packet} ({octets} octets) opens under the keys that would follow one{reaction}; {negotiated}.',
    causes: [
      'the {from} changes its keys when it is asked to and forgets the KeyUpdate that announces it',
      'the KeyUpdate was written to another connection, or dropped by whoever writes for the {from}',
    ],
    remedies: [
      'update the TLS stack of the {from}: its next record after new keys has to be announced by KeyUpdate',
      'until then, switch off what asks for KeyUpdate',
    ],
    commands: COMMANDS,
  },
  'previous-epoch': {
    title: 'A side shows a new epoch and keeps the keys of the old one',
    what: 'In packet {packet} {record} ({octets} octets) shows the epoch behind a KeyUpdate and opens under the keys before it{reaction}; {negotiated}.',
    causes: [
      'the {from} counts its epoch on when its KeyUpdate is acknowledged, and does not derive the next keys, or not in the place that encrypts',
    ],
    remedies: [
      'update the DTLS stack of the {from}',
      'until then, switch off what asks for KeyUpdate (limits of octets or of time for one key)',
    ],
    commands: ['tlsdiag analyze --keylog KEYS --stream udp:{stream} CAPTURE'],
  },
  'next-epoch': {
    title: 'A side changed its keys and shows the old epoch',
    what: 'In packet {packet} {record} ({octets} octets) shows an epoch whose keys do not open it, and opens under the keys of the next one{reaction}; {negotiated}.',
    causes: [
      'the {from} takes up new keys when it sends KeyUpdate, and the epoch only when that is acknowledged',
      'the {from} repeats a record of before the KeyUpdate with the keys behind it',
    ],
    remedies: [
      'update the DTLS stack of the {from}: keys and epoch change together, once the KeyUpdate is acknowledged',
    ],
    commands: ['tlsdiag analyze --keylog KEYS --stream udp:{stream} CAPTURE'],
  },
} as const satisfies Readonly<Record<string, RuleMessage>>;

/** From one record to the next a direction takes up new keys; if one side misses the step, nothing opens any more. */
export const keyUpdateDesync = defineConnectionRule({
  meta: {
    id: 'keyupdate-desync',
    group: 'hmac',
    title: 'The two sides do not change keys at the same record',
    severity: 'error',
    sources: ['RFC 8446 §4.6.3', 'RFC 8446 §7.2', 'RFC 9147 §8'],
    reports:
      'A record of TLS 1.3 that opens under the traffic keys before a KeyUpdate that was sent, or under those behind one that was not; in DTLS 1.3 one that opens under the keys of the epoch before or behind the one that it shows.',
    matters:
      'Connections that live long, or carry much, change their keys without anybody noticing. Where a stack gets that wrong, they end with bad_record_mac after hours or gigabytes, always at about the same amount, and nothing in the logs points at the keys.',
    decides:
      'The record does not open under the keys in force and does under the neighbouring ones, with the number that fits. That is proven: it takes the secrets of the connection, and its tag does not come out by chance.',
    silent:
      'Without secrets: KeyUpdate is encrypted, and an alert of the same length. Before TLS 1.3, where keys change by a handshake.',
    yieldsTo: ['record-decrypts-under-other-connection'],
    messages: MESSAGES,
  },

  check(history) {
    if (!isTls13(history)) return NOT_APPLICABLE;
    const keyed = keyedFinding(
      'keyupdate-desync',
      history,
      ({ details }) => {
        const generation = details.generation === 'next' ? 'next' : 'previous';
        return isDtls13(history) ? (`${generation}-epoch` as const) : generation;
      },
      'opens under neighbouring keys',
    );
    if (keyed !== undefined) return keyed;
    const verdict = unjudged(history);
    return verdict.kind === 'not-assessable' ? verdict : PASS;
  },
});
