import type { CaptureIndex, ConnectionSummary } from '../../model/capture-index.ts';
import { INAPPROPRIATE_FALLBACK } from '../../model/code-points/alerts.ts';
import { extensionName } from '../../model/code-points/extensions.ts';
import { tlsEquivalent, versionText } from '../../model/code-points/versions.ts';
import type { FindingVerdict } from '../../model/rule.ts';
import { formatDuration, SECOND } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable } from '../define-rule.ts';
import { earlyRefusal, listed } from '../support/early-refusal.ts';
import { blindToEnding } from '../support/ending.ts';
import { describeNegotiation } from '../support/negotiation.ts';
import { times } from '../support/records.ts';
import { retriesOf, unansweredHello } from '../support/retries.ts';
import { samePair } from '../support/same-pair.ts';
import { witness } from '../support/witness.ts';

/** A client falls back at once, or does not. */
const FALLBACK = 60 * SECOND;

const rank = ({ offer }: Pick<ConnectionSummary, 'offer'>): number =>
  tlsEquivalent(offer?.highestVersion ?? 0);

const ADVICE = {
  causes: [
    'a firewall, proxy or load balancer on the path that does not know this version or extension, and closes or drops instead of passing it on',
    'a server that is as old, and cannot negotiate what it does not know',
  ],
  remedies: [
    'capture on both sides of the devices in between: where the ClientHello arrives unanswered, the one behind it is at fault',
    'update the device or the server; do not leave clients at the old version',
  ],
  commands: [
    'openssl s_client -connect HOST:PORT -servername NAME',
    'openssl s_client -connect HOST:PORT -servername NAME -tls1_2',
  ],
} as const;

/** Attempts that only differ in what they offer, of which the lesser one succeeds: somebody cannot take the other. */
export const middleboxIntolerance = defineConnectionRule({
  meta: {
    id: 'middlebox-intolerance',
    group: 'handshake',
    title: 'The server or a device in front of it does not tolerate what the client offers',
    severity: 'error',
    sources: ['RFC 8446 §4.2.1', 'RFC 8446 §D.4', 'RFC 7507 §3', 'RFC 7507 §4'],
    reports:
      'ClientHellos that were closed or left without an answer, while the same client succeeded with the same server soon after with a lower version or without an extension; and clients that had fallen back like that and were refused with inappropriate_fallback.',
    matters:
      'A TLS server ignores what it does not know. Devices that do not keep to that make clients fall back to older versions, which hides the problem and weakens the connection, or fail for good where fallback is not allowed.',
    decides:
      'The ClientHello was acknowledged and got no octet in answer; the same client then completed a handshake with the same server, for the same name, that offered less, within a minute; and what failed was never answered at another time. Two failures or more make it likely, one possible. The alert inappropriate_fallback proves that the server could do better than the client asked for; that an attempt with a higher version before it was left unanswered makes it likely that the path broke it.',
    silent:
      'Where the same offer was answered at another time, where an alert said why the first attempt failed, where nothing lesser succeeded, and where the client left within 3 s.',
    yieldsTo: [
      'pq-clienthello-intolerant',
      'clienthello-blackholed',
      'middlebox-reset',
      'server-process-died',
      'handshake-kills-server',
    ],
    restsOnTime: true,
    messages: {
      version: {
        what: 'The ClientHello (packet {hello}), which offers up to {highest}, {ended}; with no more than {lower} connection {other} of the same client succeeded; the higher offer failed {failures} and was never answered; {negotiated}.',
        ...ADVICE,
      },
      extension: {
        what: 'The ClientHello (packet {hello}) {ended}; without {without} connection {other} of the same client succeeded; the larger offer failed {failures} and was never answered; {negotiated}.',
        ...ADVICE,
      },
      fallback: {
        title: 'A client fell back to an older version that the server refuses',
        what: 'The server refused the ClientHello (packet {hello}) with inappropriate_fallback: the client offered no more than {highest} because its attempt before, connection {other}, which offered up to {higher}, was left without an answer, although the server knows a higher version; {negotiated}.',
        ...ADVICE,
      },
    },
  },

  check(history) {
    const { outcome, id } = history;
    if (outcome !== 'aborted' && outcome !== 'failed') return NOT_APPLICABLE;
    const common = { other: 0, negotiated: describeNegotiation(history) };
    const refusal = earlyRefusal(history, [INAPPROPRIATE_FALLBACK]);
    const found = refusal === undefined ? unansweredHello(history) : undefined;
    if (refusal === undefined && found === undefined) return NOT_APPLICABLE;
    const blind = blindToEnding(history);
    if (blind !== undefined) return notAssessable(blind);
    if (refusal !== undefined)
      return {
        kind: 'finding',
        message: 'fallback',
        confidence: 'likely',
        data: { ...common, hello: refusal.hello.packet },
        evidence: [
          witness(refusal.alert, id, 'server', 'inappropriate_fallback'),
          witness(refusal.hello, id, 'client', 'ClientHello with TLS_FALLBACK_SCSV'),
        ],
        connections: [id],
      };
    if (found === undefined) return NOT_APPLICABLE;
    const { hello, ending } = found;
    const waited = formatDuration(ending.nanos - hello.nanos);
    const kind = ending.kind.toUpperCase();
    return {
      kind: 'finding',
      message: 'version',
      confidence: 'possible',
      data: {
        ...common,
        hello: hello.packet,
        ended:
          ending.by === 'server'
            ? `was answered with ${kind} after ${waited}`
            : `got no answer for ${waited}`,
      },
      evidence: [
        witness(ending, id, ending.by, `${kind}, no octet of the server before it`),
        witness(hello, id, 'client', `ClientHello, ${hello.length} octets`),
      ],
      connections: [id],
    };
  },

  complete: (verdict, index) =>
    verdict.message === 'fallback' ? brokenBefore(verdict, index) : lesserSucceeded(verdict, index),
});

/** The attempt with a higher version that made the client fall back. */
function brokenBefore(verdict: FindingVerdict, index: CaptureIndex): FindingVerdict | undefined {
  const pair = samePair(verdict, index);
  const own = pair?.own;
  if (pair === undefined || own?.offer === undefined) return undefined;
  const { start } = own;
  let before: ConnectionSummary | undefined;
  for (const one of pair.brokenBefore()) {
    if (start.nanos - one.end.nanos > FALLBACK || rank(one) <= rank(own)) continue;
    before = one;
    break;
  }
  if (before?.hello === undefined) return undefined;
  const data = {
    ...verdict.data,
    highest: versionText(own.offer.highestVersion),
    higher: versionText(before.offer?.highestVersion ?? 0),
  };
  return withOther(verdict, before, { ...data, other: before.id }, 'never answered');
}

function lesserSucceeded(verdict: FindingVerdict, index: CaptureIndex): FindingVerdict | undefined {
  const retries = retriesOf(verdict, index);
  if (retries === undefined) return undefined;
  const { offer, answered, succeeded, failures } = retries;
  const own = rank({ offer });
  const confidence = failures > 1 ? 'likely' : 'possible';
  const data = { ...verdict.data, failures: times(failures) };
  const lower = succeeded.find((one) => rank(one) < own);
  if (lower !== undefined && !answered.some((one) => rank(one) >= own)) {
    const versions = {
      highest: versionText(offer.highestVersion),
      lower: versionText(lower.offer.highestVersion),
      other: lower.id,
    };
    return withOther({ ...verdict, confidence }, lower, { ...data, ...versions }, 'it offers less');
  }
  const fewer = succeeded.find(
    (one) =>
      rank(one) === own &&
      one.offer.postQuantum === offer.postQuantum &&
      one.offer.extensions.every((type) => offer.extensions.includes(type)),
  );
  if (fewer === undefined) return undefined;
  const missing = offer.extensions.filter((type) => !fewer.offer.extensions.includes(type));
  // Somebody has answered each of them: then it is none of them.
  const suspects = missing.filter(
    (type) => !answered.some((one) => one.offer.extensions.includes(type)),
  );
  if (suspects.length === 0) return undefined;
  const names = listed(suspects.map(extensionName));
  return withOther(
    { ...verdict, confidence, message: 'extension' },
    fewer,
    { ...data, without: names, other: fewer.id },
    `without ${names}`,
  );
}

function withOther(
  verdict: FindingVerdict,
  other: ConnectionSummary,
  data: FindingVerdict['data'],
  note: string,
): FindingVerdict {
  const [first, ...rest] = verdict.evidence;
  const { hello } = other;
  return {
    ...verdict,
    data,
    evidence: [
      first,
      ...rest,
      ...(hello === undefined ? [] : [witness(hello, other.id, 'client', `ClientHello, ${note}`)]),
    ],
  };
}
