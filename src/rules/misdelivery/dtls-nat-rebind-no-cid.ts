import type { ContinuationFact } from '../../model/dtls-facts.ts';
import type { Evidence } from '../../model/finding.ts';
import type { ConnectionHistory } from '../../model/history.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { endpointText } from '../support/paths.ts';
import { times } from '../support/records.ts';
import { witness } from '../support/witness.ts';

/** Without secrets the number must be one of the next, and a few lost packets are all that may lie between. */
const STEP_MAX = 8;

/** Without an id a record tells its receiver by address and port alone which keys it needs. */
export const dtlsNatRebindNoCid = defineConnectionRule({
  meta: {
    id: 'dtls-nat-rebind-no-cid',
    group: 'misdelivery',
    title: 'Client came back from another port, and the server did not know it',
    severity: 'warning',
    sources: ['RFC 9146 §3', 'RFC 9146 §6', 'RFC 6347 §4.1.2.7', 'RFC 6347 §4.2.8'],
    reports:
      'Protected records of a client that go on with a connection from another port of the same address, without a handshake there and without connection ids; the server answers nothing.',
    matters:
      'The server finds the keys of a connection by addresses and ports, so to it these records belong to nobody and are dropped. The client does not know that anything has changed; all it sends is lost until it notices and begins a new handshake. Where an address translator forgets mappings after some seconds of silence, this happens to every device that sleeps.',
    decides:
      'The records are of epoch 1 or later, come from the address of a client whose handshake is in the capture and go to the same server; their numbers go on where that connection stopped, it stays silent from then on, and nobody answers. It is proven where they open under the keys of that connection; without secrets the number must be among the next few, and more than one record or a new ClientHello follow.',
    silent:
      'Two devices behind one address translator look alike: where the older connection goes on as well, where several connections would fit, or where the server answers, nothing is said. Connections with connection ids are followed by these.',
    restsOnSilence: true,
    messages: {
      rebound: {
        what: 'The client of connection {owner} sent from {old} until {quiet} before its records came from {client} instead ({count}, for {span}); the server answered none of them{after}.',
        causes: [
          'an address translator on the way forgot the mapping while the connection was silent, and gave the client another port',
          'the client opened another socket within the connection',
        ],
        remedies: [
          'use connection ids (RFC 9146): with them the server knows the client wherever its records come from',
          'let clients send something more often than translators forget: many keep UDP mappings for 30 seconds only',
          'let clients begin with a new handshake, or a resumption, once an answer stays away',
        ],
        commands: ['tshark -r CAPTURE -Y "udp.stream == {stream}"'],
      },
    },
  },

  check(history, { next }) {
    const { dtls } = history;
    if (dtls?.continues === undefined) return NOT_APPLICABLE;
    const { continues } = dtls;
    const { client, server } = history.protectedRecords;
    const { first, last } = client;
    if (continues.goesOn || server.count > 0) return PASS;
    if (!continues.wasAnswered) return notAssessable('one-direction');
    if (first === undefined || last === undefined) return PASS;
    const repeated = client.count > 1 || helloOf(next) !== undefined;
    if (!continues.isProven && (continues.step > STEP_MAX || !repeated)) return PASS;
    return {
      kind: 'finding',
      message: 'rebound',
      confidence: continues.isProven ? 'proven' : 'likely',
      connections: [continues.connection, history.id],
      secondKey: `record ${continues.print}`,
      evidence: [
        witness(
          continues.last,
          continues.connection,
          'client',
          'its last record from its old port',
        ),
        witness(first, history.id, 'client', noteOn(continues)),
        ...(last.packet === first.packet
          ? []
          : [witness(last, history.id, 'client', 'the last one; no answer')]),
        ...helloEvidence(next),
      ],
      data: {
        owner: continues.connection,
        old: endpointText(continues.client),
        client: endpointText(history.client),
        quiet: formatDuration(first.nanos - continues.last.nanos),
        count: times(client.count),
        span: formatDuration(last.nanos - first.nanos),
        after: afterwards(next, last.nanos),
        stream: history.stream,
      },
      explanations: [
        {
          likelihood: 'high',
          text: 'The client has another port, and the server looks for its keys under the old one.',
          for: [
            continues.isProven
              ? 'the record opens under the keys of the older connection'
              : `its number is ${continues.step} after the last one of the older connection`,
            'the older connection is silent from then on',
          ],
          against: [],
        },
        {
          likelihood: 'low',
          text: 'Another device behind the same address goes on with a connection from before the capture.',
          for: [],
          against: continues.isProven
            ? ['it would have other keys']
            : ['the server would answer it, and its numbers would be others'],
        },
      ],
    };
  },
});

const noteOn = ({ isProven, step }: ContinuationFact): string =>
  isProven
    ? 'from another port: opens under the keys of the older connection'
    : `from another port: ${step} after the last number of the older connection`;

const helloOf = (next: ConnectionHistory | undefined) => next?.dtls?.clientHellos[0];

function helloEvidence(next: ConnectionHistory | undefined): Evidence[] {
  const hello = helloOf(next);
  return hello === undefined || next === undefined
    ? []
    : [witness(hello, next.id, 'client', 'a new handshake from there')];
}

function afterwards(next: ConnectionHistory | undefined, since: number): string {
  const hello = helloOf(next);
  return hello === undefined || next === undefined
    ? ''
    : `, until ${formatDuration(hello.nanos - since)} later the client began a new handshake (connection ${next.id})`;
}
