import type { ConnectionSummary, ServerCloseFact, ServerFacts } from '../../model/capture-index.ts';
import type { Confidence, Evidence, Explanation } from '../../model/finding.ts';
import type { Stage } from '../../model/history.ts';
import { formatDuration } from '../../model/time.ts';
import { defineCaptureRule, type FindingOf } from '../define-rule.ts';
import { counted } from '../support/how-many.ts';
import { describeSuite, endpointText } from '../support/negotiation.ts';
import { recordMac } from '../support/properties.ts';
import { countSuites, separationsOf, suiteTable } from '../support/separation.ts';
import { deathsOf, type ServerDeath } from '../support/server-deaths.ts';
import { witness } from '../support/witness.ts';

type Killing = ServerDeath & { readonly trigger: ServerCloseFact };

/** From here on a separation of deaths and survivors is more than chance. */
const DEATHS_FOR_CAUSE = 2;
const SURVIVORS_FOR_CAUSE = 5;

const HMAC_SHA1 = 'HMAC-SHA1';

/** What the server had in hand when it died. */
const STEPS: Readonly<Partial<Record<Stage, { readonly name: string; readonly work: string }>>> = {
  'server-hello': {
    name: 'after the ClientHello',
    work: 'the ClientHello (parsing, choice of parameters, or resumption with its key set-up; a ServerHello still in a buffer dies unseen)',
  },
  'server-flight': { name: 'in the middle of its own first flight', work: 'its own first flight' },
  'client-finished': {
    name: 'after the ClientKeyExchange',
    work: 'the ClientKeyExchange (key derivation, set-up of cipher and MAC)',
  },
  'server-finished': {
    name: 'after the ClientKeyExchange and the Finished of the client',
    work: 'ClientKeyExchange, ChangeCipherSpec and Finished (key derivation, set-up of cipher and MAC, check of Finished)',
  },
};

const messages = {
  kills: {
    what: 'The server process at {server} appears to die while it handles a handshake, {step}: {times}, {delay} after packet {packet}; {suite}.',
    causes: [
      'a fault in the code that runs at this step: {work}; which function it is, packets cannot tell',
      'any client that can start such a handshake can end the server: treat it as a denial of service that needs no credentials',
    ],
    remedies: [
      'until it is fixed, take what the deaths have in common out of reach, for example by removing the suites from the configuration of the server or of the load balancer in front of it',
      'find the panic or core dump of the server at the times given; it names the place that the packets cannot',
      'contain a failing handshake: recover where a connection is handled, or isolate it in a process of its own',
      'let tests complete a handshake with every suite that the server enables',
    ],
    commands: [
      'coredumpctl list',
      "openssl s_client -connect HOST:PORT -tls1_2 -cipher 'SUITE:@SECLEVEL=0'",
    ],
  },
} as const;

function evidenceOf({ trigger, refused }: Killing): Evidence[] {
  const evidence: Evidence[] = [];
  if (trigger.lastFromClient !== undefined) {
    evidence.push(
      witness(
        trigger.lastFromClient,
        trigger.connection,
        'client',
        'the last flight of the client; no octet of TLS answers it',
      ),
    );
  }
  evidence.push(
    witness(
      trigger,
      trigger.connection,
      'server',
      `${trigger.kind.toUpperCase()} of the server, no alert${trigger.acknowledged ? '; its kernel had acknowledged the client’s flight' : ''}`,
    ),
  );
  const reset = refused[0]?.reset;
  if (reset !== undefined)
    evidence.push(witness(reset, 0, 'server', 'a new connection is refused'));
  return evidence;
}

const MAC_CONSTRUCTION =
  'the server’s MAC construction (a forked or patched TLS library, mixed FIPS builds, a replaced hash provider)';

/**
 * What happened most probably, and what the deaths have in common and the survivors have not, in words that leave the
 * line of code open.
 */
function explain(
  killings: readonly [Killing, ...Killing[]],
  work: string,
  deaths: readonly ConnectionSummary[],
  survivors: readonly ConnectionSummary[],
): { readonly causes: string[]; readonly explanations: Explanation[] } {
  const separations = separationsOf(deaths, survivors);
  const [first] = killings;
  const closed = Math.max(...killings.map(({ closes }) => closes.length));
  const weighty = deaths.length >= DEATHS_FOR_CAUSE && survivors.length >= SURVIVORS_FOR_CAUSE;
  const causes: string[] = [];
  if (separations.some(({ property, value }) => property === 'record MAC' && value === HMAC_SHA1)) {
    const split = `every death (${deaths.length}) had a suite whose record MAC is HMAC-SHA1 and none of the survivors (${survivors.length}) had`;
    causes.push(
      weighty
        ? `${split}: suspect ${MAC_CONSTRUCTION}, not the key`
        : `${split}, too few to tell it from chance: look at ${MAC_CONSTRUCTION} first`,
    );
  }
  const fault: Explanation = {
    likelihood: killings.length > 1 || first.confidence !== 'possible' ? 'high' : 'medium',
    text: `A fault in the server ends its process while it handles ${work}.`,
    for: [
      killings.length === 1
        ? 'no octet of TLS answers the flight, not even an alert'
        : `no octet of TLS answers any of the ${killings.length} flights, not even an alert`,
      `${killings.length === 1 ? '' : 'up to '}${closed} connections of the server close together, none with close_notify`,
      ...(killings.every(({ refused }) => refused.length > 0)
        ? ['nobody listens on the port afterwards']
        : []),
    ],
    against: [...new Set(killings.flatMap(({ doubts }) => doubts))],
  };
  const explanations = separations.map(
    ({ property, value }): Explanation => ({
      likelihood: weighty && separations.length === 1 ? 'high' : weighty ? 'medium' : 'low',
      text: `The deaths depend on the ${property}: ${value}.`,
      for: [
        `${deaths.length} of ${counted(deaths.length, 'death')} had it, 0 of ${counted(survivors.length, 'survivor')}`,
      ],
      against: [
        ...(weighty ? [] : ['too few handshakes to tell it from chance']),
        ...(separations.length > 1 ? ['other properties part them just as well'] : []),
      ],
    }),
  );
  explanations.push({
    likelihood: 'low',
    text: 'The process was stopped or killed for another reason just then.',
    for: [],
    against: [
      deaths.length > 1
        ? `it happened ${deaths.length} times, each time right after a handshake flight`
        : 'it happened right after a handshake flight',
    ],
  });
  return { causes, explanations: [fault, ...explanations] };
}

function findingOf(
  server: ServerFacts,
  killings: readonly [Killing, ...Killing[]],
): FindingOf<typeof messages> | undefined {
  const last = killings[killings.length - 1] ?? killings[0];
  const { trigger } = last;
  const [evidence, ...more] = killings.flatMap(evidenceOf);
  const step = STEPS[trigger.stage];
  if (evidence === undefined || step === undefined) return undefined;
  const victims = new Set(killings.map(({ trigger: { connection } }) => connection));
  const rows = server.connections;
  const deaths = rows.filter(({ id }) => victims.has(id));
  const survivors = rows.filter(({ outcome }) => outcome === 'established');
  const { causes, explanations } = explain(killings, step.work, deaths, survivors);
  const row = deaths.find(({ id }) => id === trigger.connection);
  const table = suiteTable(countSuites(deaths), countSuites(survivors), 'died');
  const flight = trigger.lastFromClient ?? trigger;
  // Whether this handshake or chance ended the process is never proven by one capture.
  const confidence: Confidence = killings.some((one) => one.confidence !== 'possible')
    ? 'likely'
    : 'possible';
  return {
    kind: 'finding',
    message: 'kills',
    confidence,
    data: {
      server: endpointText(server.endpoint),
      step: step.name,
      work: step.work,
      times: `${killings.length === 1 ? 'once' : `${killings.length} times, the last time`} in connection ${trigger.connection}`,
      delay: formatDuration(trigger.nanos - flight.nanos),
      packet: flight.packet,
      suite: suiteText(row),
    },
    evidence: [evidence, ...more],
    connections: [...victims],
    explanations,
    table,
    causes,
  };
}

function suiteText(row: ConnectionSummary | undefined): string {
  if (row?.cipherSuite !== undefined) return `negotiated ${describeSuite(row.cipherSuite)}`;
  const parts = ['no suite was chosen yet'];
  if (row?.resumptionOffered === true) parts.push('resumption was offered');
  const mac = row && recordMac(row);
  if (mac !== undefined) parts.push(`every suite on offer has the record MAC ${mac}`);
  return parts.join(', ');
}

/**
 * The connection that a dying server was working on is the one to look at: the step it had reached and the parameters
 * it had negotiated are all that the wire knows about the fault.
 */
export const handshakeKillsServer = defineCaptureRule({
  meta: {
    id: 'handshake-kills-server',
    group: 'handshake',
    title: 'A handshake appears to end the server process',
    severity: 'critical',
    sources: ['RFC 5246 §7.2.2', 'RFC 5246 §6.3', 'RFC 5246 §7.3', 'RFC 9293 §3.6.1'],
    reports:
      'The handshake that a server process was working on when it seems to have died: the step it had reached, the negotiated suite and record MAC, and what all such handshakes have in common that the surviving ones have not.',
    matters:
      'If a handshake can end the process, any client can do it, without credentials and as often as it likes. The step and the common property point at the faulty code better than the connection itself: the log of the client shows a mere end of file.',
    decides:
      'For every moment at which the process seems to have died (as server-process-died finds them) it takes the connection whose client flight was the last one, unanswered, at most 100 ms before. With two deaths and five survivors or more, a property that parts them without exception is named as the likely class of the cause. The line of code is never named: packets do not show it.',
    silent:
      'It says nothing without the signs of a dead process: one connection that is closed in the middle of its handshake while others live on is handshake-aborted-at-key-setup. An alert before the close shows that the code still ran, so there is no finding either.',
    restsOnTime: true,
    messages,
  },
  *check(index) {
    for (const server of index.servers()) {
      const killings = deathsOf(server, index).filter(
        (death): death is Killing => death.trigger !== undefined,
      );
      const [first, ...more] = killings;
      if (first === undefined) continue;
      const finding = findingOf(server, [first, ...more]);
      if (finding !== undefined) yield finding;
    }
  },
});
