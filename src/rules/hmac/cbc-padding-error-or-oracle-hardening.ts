import { DECRYPTION_FAILED } from '../../model/code-points/alerts.ts';
import { cipherSuite } from '../../model/code-points/suites.ts';
import { peerOf } from '../../model/history.ts';
import { defineConnectionRule, NOT_APPLICABLE, PASS } from '../define-rule.ts';
import { keyedFinding } from '../support/failed-record.ts';
import { describeNegotiation } from '../support/negotiation.ts';
import { witness } from '../support/witness.ts';

/** Whoever says whether the padding or the MAC was wrong helps an attacker to decrypt, so since 2006 nobody should. */
export const cbcPaddingErrorOrOracleHardening = defineConnectionRule({
  meta: {
    id: 'cbc-padding-error-or-oracle-hardening',
    group: 'hmac',
    title: 'A stack tells padding errors from MAC errors',
    severity: 'info',
    sources: ['RFC 5246 §6.2.3.2', 'RFC 5246 §7.2.2'],
    reports:
      'The alert decryption_failed (21) on a connection with a CBC suite: its sender found the padding wrong and says so. With secrets, a record whose MAC is right and whose padding is not.',
    matters:
      'Stacks send bad_record_mac for a wrong padding and for a wrong MAC alike. One that tells them apart can be asked, record by record, about the plaintext of others (a padding oracle). It also tells how old its sender is. Why the record failed is another question: as with bad_record_mac, mostly different keys or damage.',
    decides:
      'An alert 21 that can be read, on a connection that negotiated a CBC suite. The number is reserved and must not be sent; an alert in the clear over DTLS can come from anybody, so there it is only likely.',
    silent:
      'Where another kind of suite was negotiated, or none: the alert then says nothing about padding. bad_record_mac, which everybody sends, is left to other rules.',
    messages: {
      unfilled: {
        title: 'A side does not fill its padding',
        what: 'In packet {packet}, {record} ({octets} octets) has the right MAC and a padding whose octets do not all tell its length{reaction}; {negotiated}.',
        causes: ['the TLS stack of the {from} pads as SSL 3.0 did, with whatever octets there are'],
        remedies: [
          'update or correct the TLS stack of the {from}: from TLS 1.0 on each octet of the padding has its length',
          'or use an AEAD suite, which has no padding',
        ],
        commands: ['tshark -r CAPTURE -o tls.keylog_file:KEYS -Y "frame.number == {packet}" -V'],
      },
      told: {
        what: 'The {from} sent decryption_failed (21) in packet {packet}; its specification asks for bad_record_mac, so that padding and MAC errors look the same; {negotiated}.',
        causes: [
          'the TLS stack of the {from} is older than the advice against it, or was written without it',
        ],
        remedies: [
          'update the stack of the {from}, or switch off CBC suites there',
          'look at the first protected record of the {peer}: why it did not open is the other question',
        ],
        commands: ['tshark -r CAPTURE -Y "tls.alert_message.desc == 21"'],
      },
    },
  },
  check(history) {
    const keyed = keyedFinding(
      'cbc-padding-error-or-oracle-hardening',
      history,
      () => 'unfilled' as const,
      'right MAC, wrong padding',
    );
    if (keyed !== undefined) return keyed;
    if (history.alerts.length === 0) return NOT_APPLICABLE;
    const alert = history.alerts.find(({ description }) => description === DECRYPTION_FAILED);
    if (alert === undefined) return NOT_APPLICABLE;
    const { id, cipherSuite: code } = history;
    if (code === undefined || cipherSuite(code)?.mode !== 'cbc') return PASS;
    return {
      kind: 'finding',
      message: 'told',
      confidence: history.protocol === 'DTLS' && !alert.encrypted ? 'likely' : 'proven',
      data: {
        from: alert.from,
        peer: peerOf(alert.from),
        packet: alert.packet,
        negotiated: describeNegotiation(history),
      },
      evidence: [witness(alert, id, alert.from, 'decryption_failed')],
      connections: [id],
    };
  },
});
