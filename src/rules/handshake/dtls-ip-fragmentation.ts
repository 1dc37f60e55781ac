import type { Evidence } from '../../model/finding.ts';
import type { IpFragmentFact } from '../../model/flights.ts';
import { type At, type ConnectionHistory, peerOf, ROLES, type Role } from '../../model/history.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule, type FindingOf, PASS } from '../define-rule.ts';
import { times } from '../support/records.ts';
import { repeatsAfter, unlessStuck, wentOn } from '../support/stuck-flight.ts';
import { witness } from '../support/witness.ts';

/** Once is a loss like any other; the repeat having the same fate is a pattern. */
const DATAGRAMS = 2;

const ADVICE = {
  remedies: [
    'set the handshake MTU of the {sender}’s stack to 1200 octets or less, so that the handshake is cut by DTLS and not by IP',
    'make the flight smaller: ECDSA in place of RSA certificates, no root and no needless issuers in the chain',
    'let IP fragments, and the ICMP messages about them, through firewalls and address translators',
  ],
  commands: [
    'tshark -r CAPTURE -o ip.defragment:FALSE -Y "ip.flags.mf == 1 || ip.frag_offset > 0" -T fields -e frame.number -e ip.src -e ip.dst -e ip.id -e ip.frag_offset -e ip.len',
  ],
};

const MESSAGES = {
  'rest-missing': {
    what: 'The {sender} of connection {id} sent datagrams of up to {octets} octets, which IP has to cut; of {count} of them over {span} the capture has not all fragments, and the {receiver} sent nothing new {life}.',
    causes: [
      'a firewall or address translator on the path drops the fragments behind the first one, which have no ports',
      'the capture was taken with a filter for a port, which leaves out all fragments but the first; then only the stop of the handshake is certain',
    ],
    ...ADVICE,
  },
  'not-taken': {
    title: 'Handshake stopped at datagrams in IP fragments',
    what: 'The {sender} of connection {id} sent its flight in datagrams of up to {octets} octets, which IP has to cut; {count} of them are whole here, and the {receiver} repeated its own flight {repeats} after the first.',
    causes: [
      'a firewall or address translator behind this capture point drops IP fragments',
      'the {receiver}’s host does not put them together, or its stack does not read datagrams that large',
    ],
    ...ADVICE,
  },
} as const;

/** A datagram that IP has to cut is lost as a whole where a device drops what has no ports. */
export const dtlsIpFragmentation = defineConnectionRule({
  meta: {
    id: 'dtls-ip-fragmentation',
    group: 'handshake',
    title: 'IP fragments of a handshake datagram are missing',
    severity: 'error',
    tellsFragments: true,
    sources: ['RFC 6347 §4.1.1.1', 'RFC 6347 §4.2.3'],
    reports:
      'A DTLS handshake that stopped where one side sends datagrams larger than the path carries, in IP fragments: those behind the first are missing, or all are there and the other side goes on repeating what it sent before.',
    matters:
      'Fragments behind the first one have no ports, and many firewalls, address translators and mobile networks drop them. The handshake then works with a small certificate and fails with a large one, on some networks only, and every packet that anybody looks at seems fine.',
    decides:
      'Datagrams of the handshake that came as IP fragments are counted by what there is of them. At least two of one side, one of them a repeat, and nothing new from the other side: likely where that side is heard repeating its flight, possible where it is silent.',
    silent:
      'Where the other side went on, sent an alert, or its host a port unreachable; where one datagram only was in fragments; for fragments of data behind the handshake. Handshakes that work in IP fragments are no finding.',
    restsOnSilence: true,
    messages: MESSAGES,
  },

  check(history) {
    const silent = unlessStuck(history);
    if (silent !== undefined) return silent;
    const pieces = history.dtls?.flights?.ipFragments;
    if (pieces === undefined) return PASS;
    for (const sender of ROLES) {
      const fact = pieces[sender];
      const found = fact && (restMissing(history, sender, fact) ?? notTaken(history, sender, fact));
      if (found !== undefined) return found;
    }
    return PASS;
  },
});

type Found = FindingOf<typeof MESSAGES> | undefined;

function restMissing(history: ConnectionHistory, sender: Role, fact: IpFragmentFact): Found {
  const { halves, octets } = fact;
  const [first] = halves;
  const last = halves.at(-1);
  const receiver = peerOf(sender);
  if (first === undefined || last === undefined || halves.length < DATAGRAMS) return undefined;
  if (wentOn(history, receiver, first)) return undefined;
  const heard = repeatsAfter(history, receiver, first);
  return {
    kind: 'finding',
    message: 'rest-missing',
    confidence: heard.length > 0 ? 'likely' : 'possible',
    connections: [history.id],
    evidence: [
      witness(first, history.id, sender, 'first IP fragment of a datagram, the rest is missing'),
      witness(last, history.id, sender, `the same of datagram ${halves.length}`),
      ...lifeOf(history, receiver, heard),
    ],
    data: {
      id: history.id,
      sender,
      receiver,
      octets,
      count: halves.length,
      repeats: '',
      span: formatDuration(last.nanos - first.nanos),
      life:
        heard.length > 0
          ? `and repeated its flight ${times(heard.length)}`
          : 'and was not heard from again',
    },
  };
}

/** Of the server only: a client whose last flight is not taken up may as well have sent a wrong Finished. */
function notTaken(history: ConnectionHistory, sender: Role, fact: IpFragmentFact): Found {
  const { whole, firstWhole, octets } = fact;
  if (sender !== 'server' || firstWhole === undefined || whole < DATAGRAMS) return undefined;
  if (history.stage !== 'client-flight' || wentOn(history, 'client', firstWhole)) return undefined;
  const heard = repeatsAfter(history, 'client', firstWhole);
  if (heard.length < DATAGRAMS) return undefined;
  return {
    kind: 'finding',
    message: 'not-taken',
    confidence: 'likely',
    connections: [history.id],
    evidence: [
      witness(firstWhole, history.id, sender, 'a datagram of its flight, put together here'),
      ...lifeOf(history, 'client', heard),
    ],
    data: {
      id: history.id,
      sender,
      receiver: 'client',
      octets,
      count: whole,
      repeats: times(heard.length),
      span: '',
      life: '',
    },
  };
}

function lifeOf({ id }: ConnectionHistory, role: Role, heard: readonly At[]): Evidence[] {
  const last = heard.at(-1);
  return last === undefined ? [] : [witness(last, id, role, `the ${role} repeats its flight`)];
}
