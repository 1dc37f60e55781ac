import type { ServerFacts } from '../../model/capture-index.ts';
import { CERTIFICATE } from '../../model/code-points/handshake-types.ts';
import type { Explanation } from '../../model/finding.ts';
import type { At, ConnectionHistory, Role } from '../../model/history.ts';
import { formatDuration, SECOND } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { isTls13, mayBeComplete, unreadAlert } from '../support/closing-alert.ts';
import { blindToEnding, type Ending, endingOf } from '../support/ending.ts';
import { PROVEN_BY_SECRETS } from '../support/failed-record.ts';
import { howMany } from '../support/how-many.ts';
import { describeNegotiation, messageName, recordMacOf } from '../support/negotiation.ts';
import { countSuites, type SuiteCounts, suiteTable } from '../support/separation.ts';
import { witness } from '../support/witness.ts';

/** A stack that fails in its key set-up does so at once; what takes longer is a timeout or a person. */
const AT_ONCE = SECOND;

/** A capture may have many failures at one busy server: its rows are counted once. */
const counted = new WeakMap<ServerFacts, SuiteCounts>();

function succeeded(server: ServerFacts): SuiteCounts {
  let counts = counted.get(server);
  if (counts === undefined) {
    counts = countSuites(server.connections.filter(({ outcome }) => outcome === 'established'));
    counted.set(server, counts);
  }
  return counts;
}

const total = (counts: readonly { readonly count: number }[]): number =>
  counts.reduce((sum, { count }) => sum + count, 0);

/** Who was setting up keys when the connection stopped at this point; undefined if nobody was. */
function atWork(history: ConnectionHistory): Role | undefined {
  switch (history.stage) {
    case 'client-finished':
    case 'server-finished':
      return 'server';
    case 'client-flight':
      return 'client';
    default:
      return undefined;
  }
}

/** The peer's last octets before the end: the flight that was answered by closing. */
function flightBefore(
  { tcp, messages }: ConnectionHistory,
  from: Role,
  ending: Ending,
): At | undefined {
  const data = tcp?.lastData[from];
  if (data !== undefined && data.packet < ending.packet) return data;
  return messages.findLast((message) => message.from === from && message.packet < ending.packet);
}

function rivals(history: ConnectionHistory, by: Role): Explanation[] {
  const certificate = history.messages.some(
    ({ type, from }) => type === CERTIFICATE && (by === 'client' || from === 'client'),
  );
  const tls13 = isTls13(history);
  return [
    {
      likelihood: by === 'server' ? 'high' : 'medium',
      text: `The ${by}’s code gave up while it derived keys, set up cipher and MAC, or checked the Finished.`,
      for: ['it closed at once after the flight that starts this work, and sent no alert'],
      against:
        by === 'client' && certificate ? ['it had just been shown the server’s certificate'] : [],
    },
    {
      likelihood: certificate || tls13 ? 'medium' : 'low',
      text:
        by === 'server'
          ? 'The server’s policy refused the client (its certificate, for one) and it closed without saying so.'
          : 'The client did not accept the server’s certificate or parameters and closed without saying so.',
      for: certificate ? ['a certificate was shown in the flight before'] : [],
      against: certificate || tls13 ? [] : ['the flight before carried no certificate'],
    },
  ];
}

/**
 * A recovered panic, a failing hash provider and an unsupported MAC look alike on the wire: the side that has to
 * derive keys now closes instead. Which side and which suite is all that can be said, and mostly all that is needed.
 */
export const handshakeAbortedAtKeySetup = defineConnectionRule({
  meta: {
    id: 'handshake-aborted-at-key-setup',
    group: 'handshake',
    title: 'Closed without an alert where the keys are set up',
    severity: 'error',
    sources: ['RFC 5246 §7.2.2', 'RFC 5246 §6.3', 'RFC 5246 §7.3'],
    reports:
      'Handshakes that one side closed or reset, without any alert, right after it received the flight that makes it derive keys: the server after ClientKeyExchange, ChangeCipherSpec or Finished, the client after the first flight of the server.',
    matters:
      'At this point the implementation computes the master secret and the keys and sets up cipher and MAC. A fault there (an exception that was caught, a hash that is not available) shows only as a close, and the other side is left without a reason.',
    decides:
      'The first closing event is a FIN or RST of the side whose turn it was, no alert of either side precedes it, and it follows within 1 s of the last octets of the other side. The finding adds how the same server fared with other suites in the capture.',
    silent:
      'After any alert, after a longer pause (handshake-aborted speaks then), where octets are missing from the capture or only one direction was captured, and where the whole server process seems to have died.',
    yieldsTo: [
      ...PROVEN_BY_SECRETS,
      'dtls-cid-length-mismatch',
      'server-process-died',
      'handshake-kills-server',
      'ems-required',
      'no-shared-sigalg',
      'client-cert-required',
      'cert-expired',
      'cert-chain-incomplete',
      'cert-name-mismatch',
      'key-exchange-signature-invalid',
      'middlebox-reset',
      'pmtu-blackhole-server-flight',
    ],
    restsOnTime: true,
    messages: {
      server: {
        what: 'The server closed the connection ({kind}, packet {packet}) {delay} after the client’s {flight}, without an alert; {negotiated}.',
        causes: [
          'an exception in the key set-up of the server that was caught, or ended only this worker',
          'a hash, MAC or cipher that the TLS library of the server offers but cannot provide (a patched library, a FIPS mode, a faulty engine)',
        ],
        remedies: [
          'look into the log of the server at that moment, at debug level if it says nothing',
          'connect with suites of another record MAC (AEAD instead of CBC): if only one kind fails, look at the set-up of that MAC in the server, not at the keys',
          'take the suites that fail out of the configuration until the cause is found',
        ],
        commands: ["openssl s_client -connect HOST:PORT -tls1_2 -cipher 'SUITE:@SECLEVEL=0'"],
      },
      client: {
        what: 'The client closed the connection ({kind}, packet {packet}) {delay} after the server’s {flight}, without an alert; {negotiated}.',
        causes: [
          'the client refused the certificate or the parameters of the server without sending the alert it owes',
          'an exception in the key set-up of the client',
        ],
        remedies: [
          'look into the log of the client at that moment: it is the side that decided to close',
          'connect with another client that names its reason, and compare',
        ],
        commands: ['openssl s_client -connect HOST:PORT -servername NAME -showcerts'],
      },
    },
  },
  check(history) {
    if (history.outcome !== 'aborted' && history.outcome !== 'failed') return NOT_APPLICABLE;
    const by = atWork(history);
    if (by === undefined || history.tcp === undefined) return NOT_APPLICABLE;
    const ending = endingOf(history);
    if (ending === undefined || (ending.kind !== 'fin' && ending.kind !== 'rst')) return PASS;
    if (ending.by !== by) return PASS;
    const blind = blindToEnding(history);
    if (blind !== undefined) return notAssessable(blind);
    const from = by === 'server' ? 'client' : 'server';
    const flight = flightBefore(history, from, ending);
    if (flight === undefined || ending.nanos - flight.nanos > AT_ONCE) return PASS;
    if (unreadAlert(history, ending) !== undefined || mayBeComplete(history)) return PASS;
    const last = history.messages.findLast(
      (message) => message.from === from && message.packet <= flight.packet,
    );
    return {
      kind: 'finding',
      message: by,
      confidence: by === 'server' ? 'likely' : 'possible',
      data: {
        kind: ending.kind.toUpperCase(),
        packet: ending.packet,
        delay: formatDuration(ending.nanos - flight.nanos),
        flight: last === undefined ? 'flight' : `flight (up to ${messageName(last.type)})`,
        negotiated: describeNegotiation(history),
      },
      evidence: [
        witness(ending, history.id, by, `${ending.kind.toUpperCase()}, no alert before it`),
        witness(flight, history.id, from, `the flight that makes the ${by} set up its keys`),
      ],
      connections: [history.id],
      explanations: rivals(history, by),
    };
  },
  complete(verdict, index) {
    const row = index.summary(verdict.connections[0] ?? 0);
    if (row === undefined) return verdict;
    const server = index.server('tcp', row.server);
    const fine = server === undefined ? [] : [...succeeded(server).values()];
    const all = total(fine);
    if (server === undefined || all === 0) return verdict;
    const mac = row.cipherSuite === undefined ? undefined : recordMacOf(row.cipherSuite);
    const alike = total(fine.filter((one) => one.mac === mac));
    const [own, ...others] = verdict.explanations ?? [];
    const table = suiteTable(countSuites([row]), succeeded(server), 'closed at key set-up');
    if (own === undefined || mac === undefined) return { ...verdict, table };
    const compared = `of ${howMany(all, '1 handshake', 'handshakes', 0)} that succeeded with this server, ${alike} had the record MAC ${mac}`;
    const explained =
      alike === 0
        ? { ...own, for: [...own.for, compared] }
        : { ...own, against: [...own.against, compared] };
    return { ...verdict, table, explanations: [explained, ...others] };
  },
});
