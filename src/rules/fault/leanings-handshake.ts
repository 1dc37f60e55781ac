import {
  BOTH_ENDS,
  CLIENT_LOG,
  CROSSED,
  didIt,
  isOf,
  KEY_LOG,
  type Leaning,
  type Leanings,
  SERVER_LOG,
  SETTINGS,
  SETTINGS_DIFFER,
  SIGNALLED_WRONGLY,
} from './leaning.ts';

/** The clock, or the list of issuers, of who refuses a certificate may be wrong as well. */
const OF_ITS_OWNER = didIt('owner', {
  against: ['the clock or the trust store of the side that refused it may be wrong'],
  settle: [
    'the certificates as their owner sends them (openssl s_client -showcerts), checked on another machine',
    'clock and trust store of the side that refused them, at the time of packet {packet}',
  ],
});

/** A server that drops a ClientHello in pieces; what drops one of the pieces in front of it looks the same. */
const NOT_TAKEN = isOf('server', [BOTH_ENDS, SERVER_LOG], {
  atMost: 'likely',
  against: ['a device in front of the server may drop one of the fragments'],
});

/** Somebody behind the client falls over what it offers: the server, or what stands in front of it. */
const INTOLERANT: Leaning = {
  open: {
    server: 'it may be too old to ignore what it does not know',
    network: 'a device on the way may not let pass what it does not know',
  },
  settle: [BOTH_ENDS, SERVER_LOG],
};

/** Plain text on one side, TLS on the other: which of them was meant is not on the wire. */
const WRONG_PORT: Leaning = {
  open: {
    client: 'it may speak TLS to a port that is not meant for it, or before asking for TLS',
    server: 'TLS may be switched off, or not configured, on a port that is meant for it',
  },
  settle: ['what the port of {server} is meant for', SERVER_LOG],
};

/** Rules of `rules/handshake`. */
export const HANDSHAKE_LEANINGS: Leanings = {
  'alert-after-handshake': {
    ended: { alert: true, settle: [] },
    clear: isOf('network', [BOTH_ENDS], {
      atMost: 'possible',
      against: ['its sender may have lost the keys of the connection'],
    }),
  },
  'alpn-mismatch': { refused: SETTINGS_DIFFER },
  'cert-chain-incomplete': { missing: OF_ITS_OWNER },
  'cert-expired': { expired: OF_ITS_OWNER },
  'cert-malformed': {
    broken: didIt('owner', {
      atMost: 'likely',
      against: ['a device on the way may have changed the octets'],
      settle: [
        'the certificates as their owner sends them (openssl s_client -showcerts), from another network',
        BOTH_ENDS,
      ],
    }),
    unparsed: didIt('owner', {
      atMost: 'possible',
      against: [
        'the certificate may be of a kind that this program cannot read, and the alert about something else',
      ],
      settle: ['the log of the side that refused it, at the time of packet {packet}'],
    }),
  },
  'cert-name-mismatch': {
    other: {
      open: {
        client: 'it may have asked for the wrong name, or connected to the wrong address',
        server: 'it may present the certificate of another name',
      },
      settle: ['the name that users have for this service, and the certificate meant for it'],
    },
  },
  'cert-not-yet-valid': { early: OF_ITS_OWNER },
  'cert-order-wrong': { order: OF_ITS_OWNER, 'own-not-first': OF_ITS_OWNER },
  'cert-weak-key': { short: OF_ITS_OWNER },
  'client-cert-ca-hint-mismatch': {
    mismatch: isOf('client', [CLIENT_LOG, 'what the server accepts as a client certificate'], {
      against: ['the server may lack the issuer among those that it trusts and names'],
    }),
  },
  'client-cert-required': {
    refused: isOf('client', [CLIENT_LOG, 'what the server accepts as a client certificate'], {
      against: ['the server may ask for a certificate that nobody meant it to ask for'],
    }),
  },
  'clienthello-blackholed': {
    rest: isOf('network', [BOTH_ENDS], {
      against: ['the host of the server may drop the segment itself (a filter, a full queue)'],
    }),
    whole: isOf('network', [BOTH_ENDS], {
      against: ['the host of the server may drop the segment itself (a filter, a full queue)'],
    }),
  },
  'close-without-alert-after-clienthello': {
    closed: {
      open: {
        client: 'it may offer what the server, or a rule on the way, does not let in',
        server: 'it may have failed at, or refused, this ClientHello, and owes an alert',
        network: 'a firewall or proxy may have closed in the name of the server',
      },
      settle: [SERVER_LOG, BOTH_ENDS],
    },
    unread: {
      open: {
        server: 'it may have turned the client away before it read anything',
        network: 'a load balancer or proxy without a backend, or a filter, may have closed',
      },
      settle: [SERVER_LOG, BOTH_ENDS],
    },
  },
  'downgrade-sentinel': {
    noticed: isOf('network', [BOTH_ENDS], {
      atMost: 'likely',
      against: ['the server may be limited to the older version and mark its answer all the same'],
    }),
    passed: null,
  },
  'dtls-clienthello-fragmented': { ignored: NOT_TAKEN, 'after-cookie': NOT_TAKEN },
  'dtls-fingerprint-mismatch': { mismatch: SIGNALLED_WRONGLY },
  'dtls-fragment-loss': {
    missing: isOf('network', [BOTH_ENDS], {
      atMost: 'likely',
      against: ['the sender may never have sent the octets that are missing'],
    }),
  },
  'dtls-ip-fragmentation': {
    'rest-missing': isOf('network', [BOTH_ENDS], {
      atMost: 'likely',
      against: ['a capture filter for a port leaves out all IP fragments but the first'],
    }),
    'not-taken': {
      open: {
        client:
          'its host may not put IP fragments together, or its stack not read datagrams that large',
        network: 'a device behind the point of capture may drop IP fragments',
      },
      settle: [BOTH_ENDS],
    },
  },
  'dtls-refragment-intolerant': {
    stuck: didIt('receiver', {
      atMost: 'likely',
      against: ['the fragments may be lost between the point of capture and the receiver'],
      settle: [BOTH_ENDS],
    }),
  },
  'dtls-retransmission-normal': { repaired: null, 'too-early': null, acknowledged: null },
  'dtls-retransmission-storm': {
    storm: {
      open: {
        client: 'it may answer every repeat with a repeat of its own',
        server: 'it may answer every repeat with a repeat of its own',
      },
      settle: [BOTH_ENDS, CLIENT_LOG, SERVER_LOG],
    },
    timer: {
      open: {
        client: 'its timer may be set too short for the path',
        server: 'its timer may be set too short for the path',
      },
      settle: [BOTH_ENDS],
    },
  },
  'dtls-role-conflict': { both: SIGNALLED_WRONGLY },
  'early-data-rejected': { refused: null },
  'failure-correlation': { separated: null, leaning: null, hint: null },
  'handshake-aborted': {
    aborted: { alert: true, settle: [] },
    waited: didIt('debtor', {
      atMost: 'possible',
      against: [
        'what was due may have been lost on the way',
        'the side that gave up may have less patience than its peer needs',
      ],
      settle: [SERVER_LOG, CLIENT_LOG, BOTH_ENDS],
    }),
    unheard: {
      open: {
        client: 'it may send to another address or port than the service has',
        server: 'the program may not run, or listen elsewhere',
        network: 'a firewall may reject the datagrams',
      },
      settle: ['which UDP sockets are open on the host of {server}', BOTH_ENDS],
    },
    left: isOf('client', [CLIENT_LOG], {
      atMost: 'possible',
      against: ['nothing shows that it wanted more than to see whether somebody answers'],
    }),
  },
  'handshake-aborted-at-key-setup': {
    server: isOf('server', [SERVER_LOG], {
      against: ['a device on the way may have closed in its name'],
    }),
    client: {
      open: {
        client: 'it may have failed while it set up its keys, and owes the alert that says why',
        server: 'its certificate or its choices may be what the client refused without a word',
        network: 'a device on the way may have closed in the name of the client',
      },
      settle: [CLIENT_LOG, BOTH_ENDS],
    },
  },
  'handshake-alert': {
    alert: { alert: true, settle: [] },
    unread: {
      open: {
        client: 'the alert that says so cannot be read without secrets',
        server: 'the alert that says so cannot be read without secrets',
      },
      settle: [KEY_LOG, SERVER_LOG, CLIENT_LOG],
    },
  },
  'handshake-kills-server': { kills: isOf('server', [SERVER_LOG]) },
  'handshake-timeout': {
    stuck: didIt('debtor', {
      atMost: 'likely',
      against: ['the side that gave up may have less patience than its peer needs'],
      settle: ['the log of the {debtor} process while the {waiter} waited, up to packet {packet}'],
    }),
    acknowledged: didIt('debtor', {
      atMost: 'likely',
      settle: ['the log of the {debtor} process behind packet {packet}'],
    }),
    unreached: {
      open: { network: 'it may swallow these packets, or their acknowledgements' },
      suspects: [['debtor', 'its host may have gone down, or lost its address']],
      settle: [BOTH_ENDS],
    },
    undelivered: {
      open: { network: 'it may swallow these packets, or their acknowledgements' },
      suspects: [['waiter', 'its host may have gone down, or lost its address']],
      settle: [BOTH_ENDS],
    },
    unheard: {
      open: { network: 'the datagrams, or the answers to them, may be lost' },
      suspects: [['debtor', 'it may drop what it gets without a word']],
      settle: [BOTH_ENDS, SERVER_LOG, CLIENT_LOG],
    },
  },
  'healthy-oddities': { seen: null },
  'hrr-loop': {
    again: isOf('server', [
      'the log of every server behind {server} at the time of packet {packet}',
    ]),
  },
  'http-on-tls-port': {
    plain: isOf('client', ['address, scheme and port that the client ({client}) was given'], {
      against: ['the server may be meant to take a PROXY header or plain text on this port'],
    }),
  },
  'key-exchange-signature-invalid': {
    mistake: didIt(),
    exchanged: CROSSED,
    opened: didIt(),
    invalid: {
      open: {
        network: 'what was signed, or the signature, may have been changed on the way',
      },
      suspects: [['from', 'it may have signed with another key than that of its certificate']],
      settle: [BOTH_ENDS, SERVER_LOG],
    },
  },
  'middlebox-intolerance': {
    version: INTOLERANT,
    extension: INTOLERANT,
    fallback: INTOLERANT,
  },
  'middlebox-reset': {
    foreign: isOf('network', [BOTH_ENDS], {
      against: ['what resets may stand in front of the server on behalf of its owner'],
    }),
  },
  'no-shared-cipher': { refused: SETTINGS_DIFFER },
  'no-shared-group': { refused: SETTINGS_DIFFER },
  'no-shared-sigalg': {
    signed: isOf('server', [SETTINGS], {
      against: ['the offer of the client may have been changed on the way'],
    }),
  },
  'no-shared-version': {
    refused: SETTINGS_DIFFER,
    'wide-offer': SETTINGS_DIFFER,
    chosen: SETTINGS_DIFFER,
  },
  'plaintext-in-tls-stream': {
    answer: isOf('server', [SERVER_LOG], { atMost: 'likely' }),
    refused: isOf('client', [CLIENT_LOG]),
    unwaited: null,
    stream: didIt('from', {
      atMost: 'likely',
      against: ['a proxy on the way may have put the text in'],
      settle: [BOTH_ENDS],
    }),
  },
  'pmtu-blackhole-server-flight': {
    repeated: isOf('network', [BOTH_ENDS]),
    missing: isOf('network', [BOTH_ENDS]),
  },
  'pq-clienthello-intolerant': { intolerant: INTOLERANT },
  'renegotiation-refused': { refused: SETTINGS_DIFFER },
  'sni-missing': {
    refused: isOf('client', [SETTINGS], {
      atMost: 'likely',
      against: ['the server could have a certificate for clients that name none'],
    }),
  },
  'sni-unrecognized': {
    fatal: SETTINGS_DIFFER,
    warning: SETTINGS_DIFFER,
  },
  'starttls-pipelined-plaintext': { pipelined: null },
  'starttls-refused': { refused: null, unreachable: null },
  'tls-clienthello-mid-connection': {
    mid: didIt('from', { settle: [CLIENT_LOG, BOTH_ENDS] }),
  },
  'tls-on-plaintext-port': {
    plain: WRONG_PORT,
    web: WRONG_PORT,
    greeted: WRONG_PORT,
  },
  'unsafe-legacy-renegotiation': {
    refused: isOf('server', ['whether an update of the server lets it answer renegotiation_info'], {
      atMost: 'likely',
      against: ['a device on the way may take the extension out of either hello'],
    }),
  },
};
