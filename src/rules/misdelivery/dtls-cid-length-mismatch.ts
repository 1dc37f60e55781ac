import type { IdMisfitFact } from '../../model/dtls-facts.ts';
import { peerOf } from '../../model/history.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { times } from '../support/records.ts';
import { witness } from '../support/witness.ts';

const ADVICE = {
  remedies: [
    'correct the stack of the {from}: in front of each record belongs, octet by octet, the id that the peer’s hello has',
    'until then do without connection ids on this connection: do not offer them, or do not answer the offer',
  ],
  commands: ['tshark -r CAPTURE -Y "frame.number == {packet}" -x'],
};

/** How long an id is stands nowhere in the record: whoever puts in another one sends octets that cannot be read. */
export const dtlsCidLengthMismatch = defineConnectionRule({
  meta: {
    id: 'dtls-cid-length-mismatch',
    group: 'misdelivery',
    title: 'Records carry another connection id than was negotiated',
    severity: 'warning',
    sources: ['RFC 9146 §3', 'RFC 9146 §4', 'RFC 9146 §6'],
    reports:
      'Records of type tls12_cid whose connection id is not the one that their receiver asked for in the handshake: one of another length, that of the sender itself, none at all, or one where the receiver asked for none.',
    matters:
      'The receiver takes as many octets for the id as it asked for, so that it finds the length of the record in the wrong place, or an id that it did not give out. Such records must be dropped in silence, so the handshake is repeated until somebody gives up.',
    decides:
      'The handshake shows both ids. None of the sender’s records has the right one; with it they would not end where their datagrams do, and with an id of one other length alone they do. More than one such record, or octets that begin as the right id does, leave no doubt.',
    silent:
      'Where the sender has sent the right id as well, where another connection was on the same addresses and ports before, or the handshake was not captured, the id may belong to something else, and nothing is said. Nor is anything of an id of the right length that nobody in the capture gave out.',
    messages: {
      length: {
        what: 'The {from} of connection {id} put an id of {found} in front of {count}, where the {peer} asked for {wanted}{answer}.',
        causes: [
          'the {from} has less room for ids than the {peer} uses, or takes its length from a setting of its own',
          'the {from} cuts the id off, or fills it up',
        ],
        ...ADVICE,
      },
      'of-sender': {
        title: 'Records carry the connection id of their sender',
        what: 'The {from} of connection {id} put the id that it wants to receive itself ({found}) in front of {count}, where the {peer} asked for {wanted}{answer}.',
        causes: ['the {from} mixes up the two ids of the handshake'],
        ...ADVICE,
      },
      missing: {
        title: 'Records lack the connection id that was negotiated',
        what: 'The {from} of connection {id} put no id in front of {count}, where the {peer} asked for {wanted}{answer}.',
        causes: ['the {from} negotiates ids and does not use them'],
        ...ADVICE,
      },
      'not-negotiated': {
        title: 'Records carry a connection id that nobody asked for',
        what: 'The {from} of connection {id} put an id of {found} in front of {count}, where the {peer} asked for none{answer}.',
        causes: [
          'the {from} uses ids although the {peer} did not take part, or asked for an empty one',
        ],
        ...ADVICE,
      },
    },
  },

  check(history) {
    const { dtls } = history;
    if (dtls === undefined || dtls.idMisfits.length === 0) return NOT_APPLICABLE;
    if (!history.bothDirections) return notAssessable('one-direction');
    const [first, ...others] = dtls.idMisfits;
    if (first === undefined || first.kind === 'unknown') return PASS;
    const same = [first, ...others.filter((one) => isSame(one, first))];
    // One that is neither repeated nor like the right one may be anything.
    if (same.length < 2 && !isAlike(first)) return PASS;
    const { kind, from, wanted, found } = first;
    const peer = peerOf(from);
    const answers = history.protectedRecords[peer].count;
    const failed = history.outcome !== 'established';
    return {
      kind: 'finding',
      message: kind,
      severity: failed ? 'error' : 'warning',
      confidence: same.length > 1 || kind === 'of-sender' ? 'proven' : 'likely',
      connections: [history.id],
      evidence: [
        witness(first, history.id, from, `id ${shown(found)} instead of ${shown(wanted)}`),
        ...same.slice(1, 4).map((one) => witness(one, history.id, from, 'the same again')),
      ],
      data: {
        id: history.id,
        from,
        peer,
        packet: first.packet,
        count: same.length === 1 ? 'a record' : `its records, ${times(same.length)}`,
        found: octets(found),
        wanted: octets(wanted),
        answer: failed && answers === 0 ? `; the ${peer} never sent a protected record` : '',
      },
    };
  },
});

/** As much of an id as fits into a line. */
const SHOWN = 24;

function shown(id: string): string {
  if (id === '') return 'none';
  return id.length > SHOWN ? `${id.slice(0, SHOWN)}…` : id;
}

function octets(id: string): string {
  const count = id.length / 2;
  return `${count} octet${count === 1 ? '' : 's'}`;
}

function isSame(a: IdMisfitFact, b: IdMisfitFact): boolean {
  return a.kind === b.kind && a.from === b.from && a.packet !== b.packet && a.found === b.found;
}

/** Does one of the two ids begin with the other, or is it the sender’s, and long enough for that to be no chance? */
function isAlike({ kind, wanted, found }: IdMisfitFact): boolean {
  const common = Math.min(wanted.length, found.length);
  if (common < 4 || kind === 'not-negotiated') return false;
  return kind === 'of-sender' || wanted.startsWith(found) || found.startsWith(wanted);
}
