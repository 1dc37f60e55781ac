import type { UnusedUpgradeFact } from '../../model/capture-index.ts';
import type { SaidFact } from '../../model/upgrade.ts';
import { defineCaptureRule, type FindingOf } from '../define-rule.ts';
import { howMany } from '../support/how-many.ts';
import { endpointText } from '../support/negotiation.ts';
import { requestText } from '../support/upgrades.ts';
import { witness } from '../support/witness.ts';

/** Refusals shown as evidence; the count tells the rest. */
const SHOWN = 4;

const messages = {
  refused: {
    what: '{server} refused {request} {times}, first in packet {packet}{line}; no TLS followed.',
    causes: [
      'TLS is switched off or has no certificate there',
      'a device in between answers in place of the server, or takes the offer of TLS away',
    ],
    remedies: [
      'switch TLS on for this service, or find the device that answers',
      'let clients insist on TLS: those that do not go on in the clear',
    ],
    commands: ['openssl s_client -connect HOST:PORT -starttls PROTOCOL'],
  },
  unreachable: {
    title: 'A proxy refused to connect',
    what: '{server} refused {request} {times}, first in packet {packet}{line}; no TLS followed.',
    causes: [
      'the proxy wants other credentials, does not allow that host or port, or cannot reach it',
    ],
    remedies: ['look at the log of the proxy; the answer says which of these it is'],
    commands: ['curl -v -x http://PROXY:PORT https://HOST/'],
  },
} as const;

type Refused = UnusedUpgradeFact & { readonly upgrade: { readonly answer: SaidFact } };

const isRefused = (fact: UnusedUpgradeFact): fact is Refused =>
  fact.upgrade.answer?.agreed === false &&
  !fact.upgrade.hasGaps &&
  // Where a server just answers the request it did not see fit to upgrade.
  fact.upgrade.protocol !== 'http-upgrade';

/** No TLS at all: no rule about connections would ever say why. */
export const starttlsRefused = defineCaptureRule({
  meta: {
    id: 'starttls-refused',
    group: 'handshake',
    title: 'A server refused to begin TLS',
    severity: 'info',
    sources: ['RFC 3207 §4'],
    reports:
      'Requests for TLS on a connection that began in the clear (STARTTLS and its like, CONNECT, SOCKS) that were answered with no: which server, how often, and in which words.',
    matters:
      'There is no TLS on such a connection, so nothing else here speaks of it. Clients that insist on TLS give up; others go on in the clear.',
    decides:
      'The request and the answer are both in the capture, the answer is a refusal in that protocol, and TLS did not begin.',
    silent:
      'Where a later request on the same connection was agreed to, and where octets are missing.',
    messages,
  },
  check(index) {
    const groups = new Map<string, Refused[]>();
    for (const fact of index.unusedUpgrades) {
      if (!isRefused(fact)) continue;
      const key = `${endpointText(fact.server)} ${requestText(fact.upgrade)}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [fact]);
      else group.push(fact);
    }
    return [...groups.values()].map((group) => findingOf(group, index.unusedUpgradesOmitted));
  },
});

function findingOf(refusals: readonly Refused[], omitted: number): FindingOf<typeof messages> {
  const [first, ...more] = refusals as readonly [Refused, ...Refused[]];
  const { upgrade, server } = first;
  const { answer, request } = upgrade;
  const isProxy = upgrade.target !== undefined;
  return {
    kind: 'finding',
    message: isProxy ? 'unreachable' : 'refused',
    confidence: 'proven',
    data: {
      server: endpointText(server),
      request: requestText(upgrade),
      times: howMany(refusals.length, 'once', 'times', omitted),
      packet: answer.packet,
      line: answer.line === '' ? '' : ` ("${answer.line}")`,
    },
    evidence: [
      witness(answer, 0, 'server', 'refuses'),
      ...(request === undefined ? [] : [witness(request, 0, 'client', 'the request')]),
      ...more
        .slice(0, SHOWN - 1)
        .map((one) => witness(one.upgrade.answer, 0, 'server', 'refuses again')),
    ],
    connections: [],
    server,
  };
}
