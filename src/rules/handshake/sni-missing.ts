import {
  alertDescriptionName,
  HANDSHAKE_FAILURE,
  INTERNAL_ERROR,
  UNRECOGNIZED_NAME,
} from '../../model/code-points/alerts.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable } from '../define-rule.ts';
import { agreedWith, earlyRefusal, listed } from '../support/early-refusal.ts';
import { blindToEnding } from '../support/ending.ts';
import { counted } from '../support/how-many.ts';
import { describeNegotiation } from '../support/negotiation.ts';
import { witness } from '../support/witness.ts';

/** A server behind a name cannot serve who does not say it. */
export const sniMissing = defineConnectionRule({
  meta: {
    id: 'sni-missing',
    group: 'handshake',
    title: 'The server appears to require a server name, and the client sends none',
    severity: 'error',
    sources: ['RFC 6066 §3', 'RFC 8446 §6.2'],
    reports:
      'ClientHellos without server_name that a server refuses with handshake_failure, unrecognized_name or internal_error, although it completes handshakes with clients that send a name.',
    matters:
      'Servers of many names, and content delivery networks in particular, refuse whoever does not name one. The alert is the same as for suites.',
    decides:
      'The server completed handshakes with a name and none without. That makes the missing name likely, as long as no other difference is as clear. After internal_error, which servers written in Go send where they find no certificate for a name, it is possible only.',
    silent:
      'Where a handshake without a name was completed with the same server, where none with a name was, and where octets of the handshake are missing.',
    messages: {
      refused: {
        what: 'The server refused the ClientHello (packet {packet0}), which has no server name, with {alert} in packet {packet}; with a name ({names}) it completed {count}, without one none; {negotiated}.',
        causes: [
          'the client was given an address in place of a name, or its library was not told the name',
          'a proxy or health check opens the connection without a name',
        ],
        remedies: [
          'let the client send the name of the server (SNI)',
          'or give the server a default certificate for clients that send none',
        ],
        commands: ['openssl s_client -connect HOST:PORT -noservername'],
      },
    },
  },
  check(history) {
    if (history.outcome !== 'failed' || history.serverName !== undefined) return NOT_APPLICABLE;
    const refusal = earlyRefusal(history, [HANDSHAKE_FAILURE, UNRECOGNIZED_NAME, INTERNAL_ERROR]);
    if (refusal === undefined || history.clientHello === undefined) return NOT_APPLICABLE;
    const blind = blindToEnding(history);
    if (blind !== undefined) return notAssessable(blind);
    const { alert, hello } = refusal;
    const name = alertDescriptionName(alert.description ?? 0);
    return {
      kind: 'finding',
      message: 'refused',
      // It says that the server is at a loss, which may have other reasons.
      confidence: alert.description === INTERNAL_ERROR ? 'possible' : 'likely',
      data: {
        packet: alert.packet,
        packet0: hello.packet,
        alert: name,
        names: '',
        count: '',
        negotiated: describeNegotiation(history),
      },
      evidence: [
        witness(alert, history.id, 'server', name),
        witness(hello, history.id, 'client', 'ClientHello without server_name'),
      ],
      connections: [history.id],
    };
  },
  complete(verdict, index) {
    const { names, isWithoutName, connections } = agreedWith(verdict, index);
    if (names.length === 0 || isWithoutName) return undefined;
    // Of one connection little follows.
    return {
      ...verdict,
      confidence: connections > 1 ? verdict.confidence : 'possible',
      data: { ...verdict.data, names: listed(names), count: counted(connections, 'handshake') },
    };
  },
});
