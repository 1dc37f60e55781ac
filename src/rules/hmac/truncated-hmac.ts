import { BAD_RECORD_MAC } from '../../model/code-points/alerts.ts';
import { TRUNCATED_HMAC } from '../../model/code-points/extensions.ts';
import { cipherSuite } from '../../model/code-points/suites.ts';
import type { Evidence } from '../../model/finding.ts';
import { type ConnectionHistory, peerOf, type RecordFact, type Role } from '../../model/history.ts';
import { defineConnectionRule, NOT_APPLICABLE, PASS } from '../define-rule.ts';
import { isTls13 } from '../support/closing-alert.ts';
import { lostOctets } from '../support/ending.ts';
import { keyedFinding } from '../support/failed-record.ts';
import { isAnswered, isOffered } from '../support/hello-extensions.ts';
import { describeNegotiation } from '../support/negotiation.ts';
import { recordEvidence } from '../support/records.ts';
import { refusedFirstRecord } from '../support/refused-record.ts';
import { silentlyDropped } from '../support/silent-drop.ts';
import { witness } from '../support/witness.ts';

/** Suites whose records carry a MAC of their own, which the extension can shorten. */
function hasMac({ cipherSuite: code }: ConnectionHistory): boolean {
  const suite = code === undefined ? undefined : cipherSuite(code);
  return suite !== undefined && suite.macOctets > 0;
}

interface Refusal {
  readonly sender: Role;
  readonly record: RecordFact;
  readonly evidence: Evidence;
}

/** The first protected record that the other side did not accept, and what shows it. */
function refusalOf(history: ConnectionHistory): Refusal | undefined {
  const refused = refusedFirstRecord(history, [BAD_RECORD_MAC]);
  if (refused.kind === 'refused') {
    const { alert, record } = refused;
    const evidence = witness(alert, history.id, alert.from, 'bad_record_mac in the clear');
    return { sender: peerOf(alert.from), record, evidence };
  }
  const dropped = silentlyDropped(history);
  if (dropped.kind !== 'dropped') return undefined;
  const { sender, first, last, count } = dropped;
  const evidence = recordEvidence(last, history.id, `transmission ${count}, never accepted`);
  return { sender, record: first, evidence };
}

/** Ten octets of HMAC in place of all: hardly used, and computed wrongly where it is. */
export const truncatedHmac = defineConnectionRule({
  meta: {
    id: 'truncated-hmac',
    group: 'hmac',
    title: 'The first record under a truncated HMAC was refused',
    severity: 'error',
    sources: ['RFC 6066 §7', 'RFC 5246 §7.2.2'],
    reports:
      'A handshake that negotiated truncated_hmac with a suite that has a MAC, and whose first protected record the other side refused with bad_record_mac or, over DTLS, dropped in silence.',
    matters:
      'The extension cuts the MAC to ten octets and leaves its key as it is. Implementations have shortened the key as well (Mbed TLS before 2.8), which interoperates only with itself and looks like wrong keys everywhere else.',
    decides:
      'Both hellos carry the extension, the suite is a CBC or stream suite, and nothing but the first protected record can have raised the alert, or that record is repeated without an answer. Other reasons for different keys remain, so it is likely. With secrets, a record that authenticates with the MAC, or its key, in another length proves which side it is.',
    silent:
      'For AEAD suites, which the extension does not change, for TLS 1.3, and wherever the first record was accepted.',
    yieldsTo: [
      'record-mac-mismatch',
      'finished-mismatch',
      'seq-desync',
      'payload-corrupted-in-transit',
      'record-decrypts-under-other-connection',
      'psk-mismatch',
    ],
    messages: {
      disagrees: {
        title: 'One side does not keep to what was negotiated about the truncated HMAC',
        what: 'In packet {packet}, {record} ({octets} octets) authenticates under one assumption: {meaning}{details}{reaction}; {negotiated}.',
        causes: [
          'the TLS stack of the {from} answers or offers truncated_hmac and does not apply it, or applies it without having agreed on it',
          'it shortens the key of the MAC together with the MAC, as Mbed TLS did before 2.8',
        ],
        remedies: [
          'switch truncated_hmac off on the {from}: it weakens the MAC and saves a few octets',
          'update the older stack, or use an AEAD suite, which has no such MAC',
        ],
        commands: ['tshark -r CAPTURE -o tls.keylog_file:KEYS -Y "frame.number == {packet}" -V'],
      },
      refused: {
        what: 'The {receiver} did not accept the first protected record of the {sender} (packet {record}, {octets} octets), and truncated_hmac had been negotiated; {negotiated}.',
        causes: [
          'one side shortens the key of the MAC as well as the MAC, or shortens neither',
          'one side answered the extension and does not apply it',
        ],
        remedies: [
          'switch truncated_hmac off on one side: it weakens the MAC and saves a few octets',
          'update the older stack, or use an AEAD suite, which has no such MAC',
        ],
        commands: ['tshark -r CAPTURE -o tls.keylog_file:KEYS -Y "frame.number == {record}" -V'],
      },
    },
  },
  check(history) {
    if (isTls13(history) || !hasMac(history)) return NOT_APPLICABLE;
    const keyed = keyedFinding(
      'truncated-hmac',
      history,
      () => 'disagrees' as const,
      'authenticates with a MAC of another length',
    );
    if (keyed !== undefined) return keyed;
    const refusal = refusalOf(history);
    if (refusal === undefined || isAnswered(history, TRUNCATED_HMAC) !== true) return PASS;
    if (isOffered(history, TRUNCATED_HMAC) === false) return PASS;
    const { sender, record, evidence } = refusal;
    return {
      kind: 'finding',
      message: 'refused',
      confidence: lostOctets(history) === 0 ? 'likely' : 'possible',
      data: {
        sender,
        receiver: peerOf(sender),
        record: record.packet,
        octets: record.length,
        negotiated: describeNegotiation(history),
      },
      evidence: [
        witness(record, history.id, sender, `the first record under a MAC of ten octets`),
        evidence,
      ],
      connections: [history.id],
    };
  },
});
