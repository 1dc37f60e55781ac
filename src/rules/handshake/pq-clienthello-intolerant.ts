import { groupName, isPostQuantum } from '../../model/code-points/groups.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { blindToEnding } from '../support/ending.ts';
import { describeNegotiation } from '../support/negotiation.ts';
import { times } from '../support/records.ts';
import { retriesOf, unansweredHello } from '../support/retries.ts';
import { witness } from '../support/witness.ts';

/** A server, or a device that reads along, cannot take the large ClientHello of post-quantum key exchange. */
export const pqClientHelloIntolerant = defineConnectionRule({
  meta: {
    id: 'pq-clienthello-intolerant',
    group: 'handshake',
    title: 'A ClientHello with a post-quantum key share is not answered, one without is',
    severity: 'error',
    sources: ['RFC 8446 §4.2.8', 'RFC 8446 §4.1.2', 'RFC 8446 §6.2'],
    reports:
      'ClientHellos with a post-quantum key share (X25519MLKEM768 and its kin) that arrived and got a close, a reset or nothing in answer, while the same client succeeded with the same server without it.',
    matters:
      'A post-quantum key share makes the ClientHello larger than a packet. Servers and load balancers that look for the server name in the first read, and devices that take the unknown group for an attack, close or wait for ever; the client reports a reset or a timeout since its last update.',
    decides:
      'The host of the server acknowledged the whole ClientHello, the server sent no octet, and within a minute the same client completed a handshake with the same server, for the same name and the same highest version, whose ClientHello had no such key share. Never was one with such a key share answered. Two failures or more make it likely, one possible.',
    silent:
      'Where a ClientHello with such a key share was answered by the same server for the same name, where no attempt without it succeeded, where the client left within 3 s, and where part of the ClientHello was never acknowledged: that is told as swallowed by the path.',
    yieldsTo: [
      'clienthello-blackholed',
      'middlebox-reset',
      'server-process-died',
      'handshake-kills-server',
    ],
    restsOnTime: true,
    messages: {
      intolerant: {
        what: 'The ClientHello (packet {hello}, {octets} octets, key share of {group}) was acknowledged and {ended}; without that key share connection {other} of the same client succeeded; this offer failed {failures} and was never answered; {negotiated}.',
        causes: [
          'a server, load balancer or proxy that reads the ClientHello with one read and takes a part of it for the whole',
          'a firewall or filter that does not know the group and drops or resets the connection',
        ],
        remedies: [
          'update the server and what stands in front of it; a load balancer has to wait for the whole ClientHello before it looks for the server name',
          'to make sure, switch the key share off in one client (in OpenSSL the list of groups, in Go GODEBUG=tlsmlkem=0) and try again; fix the server, not the client',
        ],
        commands: [
          'openssl s_client -connect HOST:PORT -servername NAME -groups X25519MLKEM768',
          'openssl s_client -connect HOST:PORT -servername NAME -groups X25519',
        ],
      },
    },
  },

  check(history) {
    const { outcome, id } = history;
    if (outcome !== 'aborted' && outcome !== 'failed') return NOT_APPLICABLE;
    const found = unansweredHello(history);
    if (found === undefined) return NOT_APPLICABLE;
    const group = history.clientHello?.keyShareGroups.find(isPostQuantum);
    if (group === undefined) return PASS;
    const blind = blindToEnding(history);
    if (blind !== undefined) return notAssessable(blind);
    const { hello, ending } = found;
    const waited = formatDuration(ending.nanos - hello.nanos);
    return {
      kind: 'finding',
      message: 'intolerant',
      confidence: 'possible',
      data: {
        hello: hello.packet,
        octets: hello.length,
        group: groupName(group),
        ended:
          ending.by === 'server'
            ? `the server answered it with ${ending.kind.toUpperCase()} after ${waited}`
            : `got no answer for ${waited}, until the client gave up`,
        other: 0,
        failures: '',
        negotiated: describeNegotiation(history),
      },
      evidence: [
        witness(
          ending,
          id,
          ending.by,
          `${ending.kind.toUpperCase()}, no octet of the server before it`,
        ),
        witness(hello, id, 'client', `ClientHello with a key share of ${groupName(group)}`),
      ],
      connections: [id],
    };
  },

  complete(verdict, index) {
    const retries = retriesOf(verdict, index);
    if (retries === undefined) return undefined;
    const { answered, succeeded, offer, failures } = retries;
    if (answered.some((one) => one.offer.postQuantum)) return undefined;
    const other = succeeded.find((one) => one.offer.highestVersion === offer.highestVersion);
    if (other === undefined) return undefined;
    const [first, ...rest] = verdict.evidence;
    return {
      ...verdict,
      confidence: failures > 1 ? 'likely' : 'possible',
      data: { ...verdict.data, other: other.id, failures: times(failures) },
      evidence: [
        first,
        ...rest,
        ...(other.hello === undefined
          ? []
          : [
              witness(
                other.hello,
                other.id,
                'client',
                'a ClientHello without it, which is answered',
              ),
            ]),
      ],
    };
  },
});
