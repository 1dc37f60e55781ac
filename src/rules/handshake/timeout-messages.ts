import type { RuleMessage } from '../../model/rule.ts';

const SERVER_COMMAND = 'openssl s_client -connect HOST:PORT -servername NAME -msg';

/** What `handshake-timeout` says: by TCP, or by the ACKs of DTLS 1.3, of the octets that came before the silence. */
export const TIMEOUT_MESSAGES = {
  stuck: {
    what: 'The {waiter} waited {waited} for {due} ({stage}){end}; the host of the {debtor} had acknowledged all that came before, so it is alive and its program did not answer; {negotiated}.',
    causes: ['the program on the {debtor} is overloaded, blocked or waits for somebody else'],
    remedies: [
      'look at the {debtor} at that moment: its log, its load, what its threads were waiting for',
      'compare the time waited with the timeouts configured on both sides and in between: which of them it equals tells who gave up',
    ],
    commands: [SERVER_COMMAND, 'ss -tnoi dst PEER'],
  },
  unreached: {
    title: 'The handshake ran into a timeout: its octets were not acknowledged',
    what: 'The {waiter} waited {waited} for {due} ({stage}){end}; its own last octets were repeated {repeats} and never acknowledged by the host of the {debtor}; {negotiated}.',
    causes: [
      'the path swallows these packets, or their acknowledgements: a firewall, a route that changed, packets too large for it',
      'the host of the {debtor} went down or lost its address',
    ],
    remedies: [
      'capture near the {debtor} as well: if the octets arrive there, look at the way back; if not, at the path',
      'see whether only large packets are lost: try with a smaller MTU or MSS',
    ],
    commands: ['ping -M do -s 1472 HOST', 'traceroute -T -p PORT HOST'],
  },
  undelivered: {
    title: 'The handshake ran into a timeout: what was due was not acknowledged',
    what: 'The {waiter} waited {waited} for {due} ({stage}){end}; the {debtor} was sending it, but its octets were repeated {repeats} and never acknowledged by the host of the {waiter}; {negotiated}.',
    causes: [
      'the path swallows packets of the {debtor} behind this capture point, or the acknowledgements of the {waiter}: packets too large for it, a firewall, a lost route',
      'the host of the {waiter} went down or lost its address',
    ],
    remedies: [
      'capture near the {waiter} as well: if the octets arrive there, look at the way back; if not, at the path',
      'see whether only large packets are lost: try with a smaller MTU or MSS',
    ],
    commands: ['ping -M do -s 1472 HOST', 'traceroute -T -p PORT HOST'],
  },
  unheard: {
    title: 'A DTLS handshake was left without an answer',
    what: 'The {waiter} sent its flight {repeats} over {waited} and heard nothing of the {debtor}, which owed {due} ({stage}); {negotiated}.',
    causes: [
      'the datagrams do not arrive, or the answers are lost: a firewall, NAT, a port that nobody listens on with the error filtered',
      'the {debtor} drops them without a word, as DTLS allows: a record that does not verify, a version or parameter that it does not take, a state that it does not leave',
    ],
    remedies: [
      'capture at the {debtor} as well: if the datagrams arrive there, raise the log level of its DTLS stack',
      'make sure that the capture sees both directions before blaming the {debtor}',
    ],
    commands: ['openssl s_client -dtls1_2 -connect HOST:PORT -msg -timeout'],
  },
  acknowledged: {
    title: 'A DTLS handshake was acknowledged and left without an answer',
    what: 'The {waiter} waited {waited} for {due} ({stage}){again}{end}; the {debtor} had acknowledged what came before (ACK in packet {ack}), so it arrived and was read, and no answer followed; {negotiated}.',
    causes: ['the program on the {debtor} is overloaded, blocked or waits for somebody else'],
    remedies: [
      'look at the {debtor} at that moment: its log, its load, what its threads were waiting for',
    ],
    commands: ['openssl s_client -dtls1_2 -connect HOST:PORT -msg -timeout'],
  },
} as const satisfies Readonly<Record<string, RuleMessage>>;
