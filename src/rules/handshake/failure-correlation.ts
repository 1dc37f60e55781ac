import { alertDescriptionName } from '../../model/code-points/alerts.ts';
import type { ConnectionSummary, ServerFacts } from '../../model/history.ts';
import { defineCaptureRule, type FindingOf } from '../define-rule.ts';
import { copiesIn } from '../support/copies.ts';
import { endpointText } from '../support/negotiation.ts';
import { type Separation, separationsOf, separationTable } from '../support/separation.ts';
import { witness } from '../support/witness.ts';

/** Below these numbers a perfect split is what chance gives. */
const LEAST_FAILURES = 2;
const LEAST_SUCCESSES = 5;
/** Failures shown as evidence; the table counts them all. */
const SHOWN = 8;

const messages = {
  separated: {
    what: 'All {failures} handshakes with {server} that failed in the same way ({how}) had {property} {value}; none of the {successes} that succeeded had.',
    causes: [
      'what these handshakes share selects the code, the configuration or the path that fails',
      'the shared property may stand for another one that is not visible: the client program behind it, for one',
    ],
    remedies: [
      'repeat the handshake with only this property changed: that confirms it or rules it out',
      'until the cause is found, take the property out of use where that is possible',
    ],
    commands: ["openssl s_client -connect HOST:PORT -tls1_2 -cipher 'SUITE:@SECLEVEL=0'"],
  },
} as const;

/** Failures are only compared with their like: two causes at one server would hide each other. */
function signatureOf({ outcome, stage, fatalAlert }: ConnectionSummary): string {
  return fatalAlert === undefined
    ? `${outcome} without an alert at ${stage}`
    : `${alertDescriptionName(fatalAlert.description)} from the ${fatalAlert.from}`;
}

function findingOf(
  server: ServerFacts,
  how: string,
  failures: readonly ConnectionSummary[],
  separations: readonly [Separation, ...Separation[]],
): FindingOf<typeof messages> | undefined {
  const [best] = separations;
  const [first, ...more] = failures;
  if (first === undefined) return undefined;
  const isMac = best.property === 'record MAC';
  return {
    kind: 'finding',
    message: 'separated',
    // Several properties that part them alike leave open which counts; a client that retries parts itself from all others.
    confidence: separations.length === 1 && best.property !== 'client' ? 'likely' : 'possible',
    data: {
      server: endpointText(server.endpoint),
      failures: failures.length,
      successes: best.successes,
      how,
      property: `the ${best.property}`,
      value: best.value,
    },
    evidence: [
      witness(first.end, first.id, undefined, `connection ${first.id} fails: ${how}`),
      ...more
        .slice(0, SHOWN)
        .map(({ end, id }) =>
          witness(end, id, undefined, `connection ${id} fails in the same way`),
        ),
    ],
    connections: failures.map(({ id }) => id),
    table: separationTable(separations, 'failures', 'successes'),
    explanations: separations.map(({ property, value }, at) => ({
      likelihood: separations.length === 1 ? ('high' as const) : ('medium' as const),
      text: `The failures depend on the ${property}: ${value}.`,
      for: [
        `${failures.length} of ${failures.length} failures had it, 0 of ${best.successes} successes`,
      ],
      against:
        separations.length === 1
          ? []
          : [`so they had with the ${separations[at === 0 ? 1 : 0]?.property ?? 'others'}`],
    })),
    ...(isMac
      ? {
          causes: [
            `only the construction of the record MAC (${best.value}) sets them apart: suspect its set-up in one of the implementations, not the keys`,
          ],
        }
      : {}),
  };
}

/** One failure has a thousand properties. Two failures and five successes begin to show which of them matters. */
export const failureCorrelation = defineCaptureRule({
  meta: {
    id: 'failure-correlation',
    group: 'handshake',
    title: 'The failed handshakes have something in common',
    severity: 'error',
    sources: ['RFC 5246 §7.4.1.3', 'RFC 8446 §4.1.3'],
    reports:
      'What handshakes with one server that failed in the same way have in common and the successful ones have not: record MAC, suite, version, group, server name, ALPN, offered resumption, size of the ClientHello, or client.',
    matters:
      'A failure that comes and goes looks random until it is compared with the successes. A split by the record MAC, for one, moves the search from certificates and keys to a few lines of code.',
    decides:
      'Failures of the same kind are compared with all established handshakes of the same server. At least two failures and five successes are needed, and only a property that all failures share and no success has is reported. If several do, all are listed and the finding is only possible.',
    silent:
      'For splits with exceptions, for fewer handshakes (one that was captured twice counts once), for handshakes that the capture shows in part, and where handshake-kills-server reports the same comparison.',
    yieldsTo: ['handshake-kills-server', 'server-process-died'],
    messages,
  },
  check(index) {
    const findings: FindingOf<typeof messages>[] = [];
    const copies = copiesIn(index);
    for (const server of index.servers()) {
      if (server.failures < LEAST_FAILURES) continue;
      const rows = server.connections.filter(({ id }) => !copies.has(id));
      const successes = rows.filter(({ outcome }) => outcome === 'established');
      if (successes.length < LEAST_SUCCESSES) continue;
      const groups = new Map<string, ConnectionSummary[]>();
      for (const row of rows) {
        if (row.outcome !== 'failed' && row.outcome !== 'aborted') continue;
        const signature = signatureOf(row);
        const group = groups.get(signature);
        if (group === undefined) groups.set(signature, [row]);
        else group.push(row);
      }
      for (const [how, failures] of groups) {
        if (failures.length < LEAST_FAILURES) continue;
        const [first, ...more] = separationsOf(failures, successes);
        if (first === undefined) continue;
        const finding = findingOf(server, how, failures, [first, ...more]);
        if (finding !== undefined) findings.push(finding);
      }
    }
    return findings;
  },
});
