import type { FragmentedMessage } from '../../model/flights.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule, PASS } from '../define-rule.ts';
import { counted } from '../support/how-many.ts';
import { times } from '../support/records.ts';
import {
  describeMessage,
  isHeldUpBy,
  receiverOf,
  repeatsAfter,
  unlessStuck,
  wentOn,
} from '../support/stuck-flight.ts';
import { witness } from '../support/witness.ts';

/** Once is a lost datagram; the same octets twice in a row is a pattern. */
const TRANSMISSIONS = 2;

/** A message that never becomes whole holds up the flight it is in, and the handshake with it. */
export const dtlsFragmentLoss = defineConnectionRule({
  meta: {
    id: 'dtls-fragment-loss',
    group: 'handshake',
    title: 'Fragments of a handshake message never arrived',
    severity: 'error',
    sources: ['RFC 6347 §4.1.1.1', 'RFC 6347 §4.2.3', 'RFC 6347 §4.2.4', 'RFC 9147 §5.5'],
    reports:
      'A DTLS handshake message in fragments of which the same octets are missing from every transmission of its flight, in a handshake that stopped there.',
    matters:
      'The receiver cannot go on without them and has no way to say what it lacks: both sides repeat their flights until one gives up. It looks like a server that is slow or down, and small handshakes (pre-shared keys, resumption, a shorter chain) work.',
    decides:
      'Fragments of all transmissions are put together by their offsets. What no transmission brought, although at least two of them went on behind it or were followed by another one, did not come through here; the receiver sent nothing new meanwhile. It is likely where the receiver is heard repeating its own flight, and possible where it fell silent.',
    silent:
      'Where the message was whole over all transmissions, the receiver went on or sent an alert, or one transmission only was seen: that is the loss that retransmission is for. Packets that were cut or captured in one direction only are not judged.',
    yieldsTo: ['dtls-ip-fragmentation'],
    restsOnSilence: true,
    messages: {
      missing: {
        what: 'Octets {missing} of the {sender}’s {message} are in none of its {count} transmissions over {span}; the {receiver} of connection {id} sent nothing new {life}.',
        causes: [
          'a device on the path drops some of the datagrams of the flight, by their size or because several come at once',
          'the datagrams are larger than the path carries, and the ICMP messages that say so are filtered',
        ],
        remedies: [
          'set the handshake MTU of the {sender}’s stack lower: 1200 octets of UDP payload pass nearly everywhere',
          'make the flight smaller: ECDSA in place of RSA certificates, no root and no needless issuers in the chain',
          'capture at the {sender} as well: if the fragments leave it, the path loses them',
        ],
        commands: [
          'tshark -r CAPTURE -Y "udp.stream == {stream} && dtls.handshake.type == {type}" -T fields -e frame.number -e dtls.handshake.fragment_offset -e dtls.handshake.fragment_length -e udp.length',
        ],
      },
    },
  },

  check(history) {
    const silent = unlessStuck(history);
    if (silent !== undefined) return silent;
    const message = history.dtls?.flights?.fragmented.find(
      (one) =>
        one.missing.length > 0 && one.passedOver >= TRANSMISSIONS && isHeldUpBy(one, history.stage),
    );
    if (message === undefined) return PASS;
    const receiver = receiverOf(message);
    if (wentOn(history, receiver, message.first)) return PASS;
    const heard = repeatsAfter(history, receiver, message.first);
    const alive = heard.at(-1);
    return {
      kind: 'finding',
      message: 'missing',
      confidence: alive === undefined ? 'possible' : 'likely',
      connections: [history.id],
      evidence: [
        witness(message.first, history.id, message.from, `first fragment of ${nameOf(message)}`),
        witness(
          message.last,
          history.id,
          message.from,
          `fragment ${message.fragments}, the last one seen`,
        ),
        ...(alive === undefined
          ? []
          : [witness(alive, history.id, receiver, `the ${receiver} repeats its flight`)]),
      ],
      data: {
        id: history.id,
        stream: history.stream,
        type: message.type,
        sender: message.from,
        receiver,
        message: nameOf(message),
        missing: rangesOf(message),
        count: message.transmissions,
        span: formatDuration(message.last.nanos - message.first.nanos),
        life:
          alive === undefined
            ? 'and was not heard from again'
            : `and repeated its flight ${times(heard.length)}`,
      },
    };
  },
});

const nameOf = describeMessage;

/** `400-599 and 800-905`, the first of them where there are many. */
function rangesOf({ missing }: FragmentedMessage): string {
  const texts = missing.slice(0, 3).map(({ from, to }) => `${from}-${to - 1}`);
  const more = missing.length - texts.length;
  return more > 0 ? `${texts.join(', ')} and ${counted(more, 'more range')}` : texts.join(' and ');
}
