import type { CaptureIndex, ConnectionSummary, ServerFacts } from '../../model/capture-index.ts';
import { alertDescriptionName } from '../../model/code-points/alerts.ts';
import { LIMITS } from '../../model/limits.ts';
import { defineCaptureRule, type FindingOf } from '../define-rule.ts';
import { copiesIn } from '../support/copies.ts';
import { CLAIM, Correlation, type Failures, type Standout } from '../support/correlation.ts';
import { endpointText } from '../support/negotiation.ts';
import { FURTHER_PROPERTIES, PROPERTIES, SERVER_PROPERTY } from '../support/properties.ts';
import { witness } from '../support/witness.ts';

const CAUSES = [
  'what these handshakes share selects the code, the configuration or the path that fails',
  'the shared property may stand for another one that is not visible: the client program behind it, for one',
];
const REMEDIES = [
  'repeat the handshake with only this property changed: that confirms it or rules it out',
  'until the cause is found, take the property out of use where that is possible',
];
const COMMANDS = ["openssl s_client -connect HOST:PORT -tls1_2 -cipher 'SUITE:@SECLEVEL=0'"];

const messages = {
  separated: {
    what: 'All {failures} handshakes with {server} that failed in the same way ({how}) {says}; none of the {successes} that succeeded did. Chance gives such a split in fewer than 1 of {odds} captures.',
    causes: CAUSES,
    remedies: REMEDIES,
    commands: COMMANDS,
  },
  leaning: {
    title: 'The failed handshakes have something in common, with exceptions',
    what: '{having} of {failures} handshakes with {server} that failed in the same way ({how}) {says}, and so did {others} of the {successes} that succeeded. Chance gives such a split in fewer than 1 of {odds} captures.',
    causes: CAUSES,
    remedies: REMEDIES,
    commands: COMMANDS,
  },
  hint: {
    title: 'The few failed handshakes may have something in common',
    what: 'All {failures} handshakes with {server} that failed in the same way ({how}) {says}, and none of the {successes} that succeeded did. So few prove nothing: of {comparisons} comparisons, each parts them so by chance in 1 of {odds} captures.',
    causes: CAUSES,
    remedies: [
      REMEDIES[0] ?? '',
      'capture for longer: with more handshakes a mere coincidence disappears',
    ],
    commands: COMMANDS,
  },
} as const;

/** Failures are only compared with their like: two causes at one server would hide each other. */
function signatureOf({ outcome, stage, fatalAlert }: ConnectionSummary): string | undefined {
  if (outcome !== 'failed' && outcome !== 'aborted') return undefined;
  return fatalAlert === undefined
    ? `${outcome} without an alert at ${stage}`
    : `${alertDescriptionName(fatalAlert.description)} from the ${fatalAlert.from}`;
}

/** A chance as the captures among which one like it is to be expected: a round number, rounded down. */
function oddsOf(chance: number): number {
  const odds = 1 / Math.max(chance, 1e-9);
  const size = 10 ** Math.floor(Math.log10(odds) + 1e-9);
  return Math.max(1, Math.floor(odds / size + 1e-9) * size);
}

const inWords = (odds: number): string =>
  odds >= 1e9 ? 'a thousand million' : odds >= 1e6 ? `${odds / 1e6} million` : String(odds);

function evidenceOf({ how, first, last, ids }: Failures): FindingOf<typeof messages>['evidence'] {
  const [one, ...more] = first as [ConnectionSummary, ...ConnectionSummary[]];
  const again =
    last.id === one.id || more.some(({ id }) => id === last.id) ? more : [...more, last];
  return [
    witness(one.end, one.id, undefined, `connection ${one.id} fails: ${how}`),
    ...again.map(({ end, id }) =>
      witness(
        end,
        id,
        undefined,
        `connection ${id} fails in the same way${id === last.id && ids.length > 2 ? ', the last of them' : ''}`,
      ),
    ),
  ];
}

function findingOf(
  server: string,
  kind: Failures,
  found: readonly [Standout, ...Standout[]],
  comparisons: number,
): FindingOf<typeof messages> {
  const [best] = found;
  const isClaim = best.chanceOfAny <= CLAIM;
  // Splits without exception part the same connections: which of them counts, the capture does not tell.
  const rivals = found.filter(({ isPerfect }) => isPerfect === best.isPerfect);
  const isSure = isClaim && best.isPerfect && rivals.length === 1 && !best.isOrigin;
  const isMac = found.some(({ property }) => property === 'record MAC');
  return {
    kind: 'finding',
    message: isClaim ? (best.isPerfect ? 'separated' : 'leaning') : 'hint',
    // A hint is worth knowing, and no accusation.
    ...(isClaim ? {} : { severity: 'info' as const }),
    confidence: isSure ? 'likely' : 'possible',
    data: {
      server,
      failures: best.ofFailures,
      having: best.failures,
      successes: best.ofSuccesses,
      others: best.successes,
      how: kind.how,
      says: best.says,
      comparisons,
      odds: inWords(oddsOf(isClaim ? best.chanceOfAny : best.chance)),
    },
    evidence: evidenceOf(kind),
    connections: kind.ids,
    table: tableOf(found),
    explanations: found.map((one) => ({
      likelihood: isSure ? ('high' as const) : isClaim ? ('medium' as const) : ('low' as const),
      text: `The failures depend on the ${one.property}: ${one.value}.`,
      for: [
        `${ofText(one.failures, one.ofFailures)} failures had it, ${ofText(one.successes, one.ofSuccesses)} successes`,
      ],
      against: [
        ...(isClaim ? [] : ['too few handshakes to tell it from chance']),
        ...rivals
          .filter((other) => other !== one && one.isPerfect)
          .slice(0, 1)
          .map(({ property }) => `the ${property} parts the same connections`),
        ...(one.isOrigin ? ['who fails differs from others in more than the capture shows'] : []),
        ...(one.isPerfect ? [] : ['there are exceptions']),
      ],
    })),
    ...(isMac && isClaim
      ? {
          causes: [
            `the construction of the record MAC (${found.find(({ property }) => property === 'record MAC')?.value}) sets them apart: suspect its set-up in one of the implementations, not the keys`,
          ],
        }
      : {}),
  };
}

const ofText = (some: number, all: number): string => `${some} of ${all}`;

/** What parts the same connections is one row. */
function tableOf(found: readonly Standout[]): readonly (readonly string[])[] {
  const rows = new Map<string, Standout[]>();
  for (const one of found) {
    const key = `${one.isPerfect ? '' : one.property} ${one.ofSuccesses}`;
    rows.set(key, [...(rows.get(key) ?? []), one]);
  }
  return [
    ['had', 'failures', 'successes', 'by chance in'],
    ...[...rows.values()].map((alike) => {
      const [one] = alike as [Standout, ...Standout[]];
      return [
        alike.map(({ property, value }) => `${property} ${value}`).join(' = '),
        ofText(one.failures, one.ofFailures),
        ofText(one.successes, one.ofSuccesses),
        one.chanceOfAny <= CLAIM
          ? `under 1 of ${inWords(oddsOf(one.chanceOfAny))}`
          : 'too few to say',
      ];
    }),
  ];
}

/** One failure has a thousand properties. Some failures and successes begin to show which of them matters. */
export const failureCorrelation = defineCaptureRule({
  meta: {
    id: 'failure-correlation',
    group: 'handshake',
    title: 'The failed handshakes have something in common',
    severity: 'error',
    sources: ['RFC 5246 §7.4.1.3', 'RFC 8446 §4.1.3'],
    reports:
      'What handshakes that failed in the same way have in common and the successful ones have not: record MAC, suite, version, group, server name, ALPN, offered resumption, size and repetition of the ClientHello, JA3 and JA4 fingerprints, client, its network and turn, a span of time, or which of the servers with one name it was.',
    matters:
      'A failure that comes and goes looks random until it is compared with the successes. A split by the record MAC, for one, moves the search from certificates and keys to a few lines of code.',
    decides:
      'Failures of the same kind are compared with all established handshakes of the same server, and of all servers that were asked for the same name. For each property the exact test of Fisher tells how probable the split is by chance; what a client tries again within a second counts once, and the chances are corrected for all comparisons (Holm). Below 1 in 100 it is an error: likely if only one property parts them, and without exceptions, possible if several part the same connections, if there are exceptions (at most a tenth on either side), or if it only says which clients fail. A split without exceptions in too few handshakes is a note.',
    silent:
      'For splits that chance explains, for fewer than two failures or five successes (one that was captured twice counts once), for handshakes that the capture shows in part, where handshake-kills-server reports the same comparison, and where a rule names the cause of every one of the failures (what is not shared, an expired certificate, a wrong key). Resumption, group and fingerprints of successes are compared from the first failure at their server on.',
    yieldsTo: [
      'handshake-kills-server',
      'server-process-died',
      // What these say follows from the handshake itself.
      'alpn-mismatch',
      'cert-chain-incomplete',
      'cert-expired',
      'cert-name-mismatch',
      'cert-not-yet-valid',
      'client-cert-required',
      'ems-required',
      'no-shared-cipher',
      'no-shared-group',
      'no-shared-sigalg',
      'no-shared-version',
      'psk-binder-mismatch',
      'psk-mismatch',
      'psk-unknown-identity',
      'sni-missing',
      'sni-unrecognized',
      'ticket-decrypt-failed',
    ],
    messages,
  },
  *check(index) {
    const copies = copiesIn(index);
    for (const server of failing(index)) {
      if (server.failures < 2) continue;
      const correlation = new Correlation([...PROPERTIES, ...FURTHER_PROPERTIES]);
      for (const row of server.connections)
        if (row.id < index.randomsComparedUntil) compare(correlation, row, copies);
      yield* findingsOf(endpointText(server.endpoint), correlation);
    }
    for (const [name, correlation] of byName(index, copies))
      yield* findingsOf(name, correlation, SERVER_PROPERTY.name);
  },
});

/** One after the other: there may be too many to have the facts of all at hand. */
function* failing(index: CaptureIndex): Iterable<ServerFacts> {
  for (const server of index.servers()) if (server.failures > 0) yield server;
}

function compare(
  correlation: Correlation,
  row: ConnectionSummary,
  copies: ReadonlySet<number>,
): void {
  if (copies.has(row.id)) return;
  const how = signatureOf(row);
  if (how !== undefined || row.outcome === 'established') correlation.add(row, how);
}

/** @param only tell only what has this property first: the rest was told of each server */
function* findingsOf(
  server: string,
  correlation: Correlation,
  only?: string,
): Iterable<FindingOf<typeof messages>> {
  for (const { kind, found, comparisons } of correlation.standouts()) {
    const [first, ...more] =
      only === undefined ? found : found.filter(({ property }) => property === only);
    if (first === undefined) continue;
    // Of servers little is worth a hint: some stand behind their name for a few clients only.
    if (only !== undefined && first.chanceOfAny > CLAIM) continue;
    yield findingOf(server, kind, [first, ...more], comparisons);
  }
}

/** Names that several servers answer to, with what they have in common and what not. */
function byName(
  index: CaptureIndex,
  copies: ReadonlySet<number>,
): ReadonlyMap<string, Correlation> {
  const names = new Map<string, Correlation>();
  for (const { connections } of failing(index)) {
    for (const row of connections) {
      if (row.serverName === undefined || names.has(row.serverName)) continue;
      if (signatureOf(row) === undefined || names.size >= LIMITS.correlatedNames) continue;
      names.set(row.serverName, new Correlation([SERVER_PROPERTY, ...PROPERTIES]));
    }
  }
  const last = Math.min(index.connectionCount, index.randomsComparedUntil - 1);
  for (let id = 1; id <= last && names.size > 0; id++) {
    const row = index.summary(id);
    const correlation = row?.serverName === undefined ? undefined : names.get(row.serverName);
    if (row !== undefined && correlation !== undefined) compare(correlation, row, copies);
  }
  return names;
}
