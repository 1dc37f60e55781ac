import { type ConnectionHistory, peerOf } from '../../model/history.ts';
import type { RuleMessage } from '../../model/rule.ts';
import { defineConnectionRule, type FindingOf, PASS } from '../define-rule.ts';
import {
  derivedFinding,
  type Failure,
  failureData,
  failureEvidence,
  failureOf,
  ruleOf,
  severityOf,
} from '../support/failed-record.ts';
import { readingsOf } from '../support/mistake-text.ts';
import { describeNegotiation } from '../support/negotiation.ts';

const REMEDIES = [
  'update or correct the TLS stack of the {from}; if it is your own code, recompute this very record in a test',
  'try a suite of another kind (AEAD in place of CBC, or the other way round): if that works, the construction is at fault, and not the key agreement',
];
const COMMANDS = [
  'tshark -r CAPTURE -o tls.keylog_file:KEYS -Y "frame.number == {packet}" -V',
  'tshark -r CAPTURE -Y "frame.number == {packet}" -x',
];

const MESSAGES = {
  explained: {
    title: 'A record is authenticated in another way than specified',
    what: 'In packet {packet}, {record} ({kind}, {octets} octets) does not authenticate as specified, and does under one assumption: {meaning}{details}{reaction}; {negotiated}.',
    causes: ['the TLS stack of the {from} makes this mistake, with this suite or always'],
    remedies: REMEDIES,
    commands: COMMANDS,
  },
  'other-keys': {
    title: 'One side appears to use other keys than those at hand',
    what: 'In packet {packet}, {record} ({kind}, {octets} octets) does not authenticate under the secrets at hand, which open {opened} records of the {peer} and none of the {from}, as if it used other keys{reaction}; {negotiated}.',
    causes: [
      'the {from} derived other secrets: it hashed another handshake, or took another label, hash or shared secret',
      'the secrets come from the {peer}, which has no others; they show its view only',
    ],
    remedies: [
      'take a key log on the {from} as well and compare: where the two differ for one random, the derivation does',
      'let both sides log the hash of the handshake, message by message, and see where it parts',
    ],
    commands: COMMANDS,
  },
  unexplained: {
    what: 'In packet {packet}, {record} ({kind}, {octets} octets) does not authenticate under the keys that open {opened} other records of the connection, nor under any of {tried} known mistakes{reaction}; {negotiated}.',
    causes: [
      'the record was changed in more than a few bits, by a device on the way or in memory',
      'the record belongs to a connection whose secrets are not at hand',
      'the {from} makes a mistake that nobody has met yet',
    ],
    remedies: [
      'capture at both ends and compare the octets of the record: where they are still equal, the fault is not',
      'give the secrets of all connections of the {from}: a record of another one is then named',
    ],
    commands: COMMANDS,
  },
  inserted: {
    title: 'A record was inserted that its sender did not count',
    what: 'In packet {packet} stands a record of {octets} octets among those of the {from} that does not authenticate, and the next one opens with the number that it would have had: the {from} as this connection knows it did not write it{reaction}; {negotiated}.',
    causes: [
      'another thread, process or connection wrote to this socket',
      'a device on the way inserted it, or a proxy joined two streams',
    ],
    remedies: [
      'look at who else holds the socket of the {from} (a descriptor that was closed and used again, a forked process)',
      'give the secrets of all connections of the {from}: a record of another one is then named',
    ],
    commands: COMMANDS,
  },
  premaster: {
    title: 'The premaster secret of the client has the wrong version in front',
    what: 'The records of the {from} (from packet {packet} on) are in order, and {meaning}{details}{reaction}; {negotiated}.',
    causes: [
      'the client writes the negotiated version into the premaster secret; a server that finds another one than the ClientHello offers goes on with random octets, so that nobody learns what was wrong',
      'a device on the way changed the version in ClientHello',
    ],
    remedies: [
      'update or correct the TLS stack of the client: the version is that of its ClientHello, also where less is negotiated',
      'use a key exchange without RSA encryption (ECDHE), which has no such version',
    ],
    commands: ['tshark -r CAPTURE -o tls.keys_list:KEY -Y "tls.handshake.type == 16" -V'],
  },
  derived: {
    title: 'One side derives the master secret in another way than specified',
    what: 'The records of the {from} open only under a master secret that was derived in another way than specified: {meaning}{details}{reaction}; {negotiated}.',
    causes: ['the TLS stack of the {from} makes this mistake, with this key exchange or always'],
    remedies: REMEDIES,
    commands: COMMANDS,
  },
} as const satisfies Readonly<Record<string, RuleMessage>>;

type Found = FindingOf<typeof MESSAGES>;

/** The verdict that ends all guessing: with the secrets at hand a record authenticates, or it does not. */
export const recordMacMismatch = defineConnectionRule({
  meta: {
    id: 'record-mac-mismatch',
    group: 'hmac',
    title: 'A record does not authenticate under the keys of its connection',
    severity: 'error',
    sources: [
      'RFC 5246 §6.2.3.1',
      'RFC 5246 §6.2.3.3',
      'RFC 8446 §5.2',
      'RFC 6347 §4.1.2.1',
      'RFC 5246 §7.4.7.1',
    ],
    reports:
      'A protected record whose MAC or tag is wrong under the secrets that were given, with the mistake that reproduces it, if one of those known does.',
    matters:
      'bad_record_mac says that something is wrong, and neither what nor with whom. Recomputing the record tells whether its sender computed it wrongly and how, whether the two sides have different keys, or whether the octets are not what was sent.',
    decides:
      'Each record is opened as specified first, then under each known mistake: another hash, number, version, type, length, nonce, order of keys. One that reproduces a MAC of ten octets or more is no coincidence. Without one, the secrets must have opened other records of the connection, so that they are the right ones, and the number of the record must be certain.',
    silent:
      'Without secrets, with ones that open nothing, behind octets that the capture lacks, and where the receiver went on as if it had opened the record: then the secrets are not those of the connection. Mistakes that have a rule of their own are told there.',
    yieldsTo: ['tcp-old-segment-in-new-incarnation', 'record-decrypts-under-other-connection'],
    messages: MESSAGES,
  },

  check(history) {
    const failure = failureOf(history);
    if (failure.kind !== 'failure')
      return (
        derivedFinding(history, /^premaster-version/, 'premaster') ??
        derivedFinding(history, OTHER_DERIVATIONS, 'derived') ??
        failure
      );
    return ruleOf(history, failure) === 'record-mac-mismatch' ? found(history, failure) : PASS;
  },
});

function found(history: ConnectionHistory, failure: Failure): Found {
  const { record, facts } = failure;
  const message = messageOf(failure);
  const { authenticated, perRole } = facts;
  return {
    kind: 'finding',
    message,
    confidence: 'proven',
    severity: severityOf(failure, history),
    connections: [history.id],
    evidence: failureEvidence(failure, history, 'does not authenticate'),
    explanations: readingsOf(record, 'No known mistake of its sender gives this record.', history),
    data: {
      ...failureData(failure, history),
      opened: message === 'other-keys' ? perRole[peerOf(record.from)].authenticated : authenticated,
      tried: record.excluded.length,
      negotiated: describeNegotiation(history),
    },
  };
}

function messageOf({ explanation, record, facts }: Failure): Found['message'] {
  if (explanation !== undefined) return 'explained';
  if (record.isExtra) return 'inserted';
  return facts.perRole[record.from].authenticated === 0 ? 'other-keys' : 'unexplained';
}

/** Derivations without a rule of their own: that of the extended master secret and that of PSKs have one. */
const OTHER_DERIVATIONS = /^(?!classic-master|extended-master|session-hash|psk-)/;
