import {
  BOTH_ENDS,
  CLIENT_LOG,
  CROSSED,
  didIt,
  isOf,
  type Leaning,
  type Leanings,
  SERVER_LOG,
  SIGNALLED_WRONGLY,
} from './leaning.ts';

/**
 * RFC 6347 §4.1.2.7 and RFC 9147 §4.5.2 ask to drop what does not verify: who falls over it has the fault, not who was
 * late.
 */
const FELL_OVER_IT = didIt('receiver', {
  against: ['another fault may have struck at the same moment'],
  settle: [
    'the log of the {receiver} process at the time of packet {packet}',
    'the same with a client that takes a new port for each connection: it should not fail',
  ],
});

const LATE = {
  harmless: null,
  'hello-repeated': FELL_OVER_IT,
  'hello-unanswered': FELL_OVER_IT,
  alerted: FELL_OVER_IT,
  unreachable: FELL_OVER_IT,
  'fell-silent': FELL_OVER_IT,
};

/** The cookie of one address or connection, at another. */
const MOVED: Leaning = {
  open: {
    client: 'it may have changed its socket or its network, or keep cookies under the wrong key',
    network: 'a translator or load balancer may have changed where the client appears to be',
  },
  settle: [BOTH_ENDS, CLIENT_LOG],
};

/** Rules of `rules/misdelivery`. */
export const MISDELIVERY_LEANINGS: Leanings = {
  'dtls-association-restart': { restarted: null },
  'dtls-cid-foreign': { astray: isOf('network', [BOTH_ENDS, SERVER_LOG]) },
  'dtls-cid-length-mismatch': {
    length: didIt(),
    'of-sender': didIt(),
    missing: didIt(),
    'not-negotiated': didIt(),
  },
  'dtls-cid-migration': { answered: null, unanswered: null, server: null },
  'dtls-epoch-confusion': {
    unprotected: didIt('sender'),
    'finished-unprotected': didIt('sender'),
  },
  'dtls-epoch0-alert': {
    ignored: null,
    obeyed: {
      open: {
        client: 'it may have lost its state, or obey an alert that anybody can have sent',
        server: 'it may have lost its state, or obey an alert that anybody can have sent',
        network: 'somebody on the way may have sent the alert',
      },
      settle: [BOTH_ENDS, SERVER_LOG, CLIENT_LOG],
    },
  },
  'dtls-final-flight-retransmission': {
    answered: null,
    'not-resent': didIt('finisher', {
      against: ['the repetitions, or the answers to them, may have been lost'],
    }),
    'answered-by-alert': didIt('finisher'),
  },
  'dtls-late-close-notify': { ...LATE, 'other-client': FELL_OVER_IT },
  'dtls-late-record': LATE,
  'dtls-nat-rebind-no-cid': { rebound: isOf('network', [BOTH_ENDS]) },
  'dtls-old-epoch-after-new-handshake': LATE,
  'dtls-replay': { doubled: null, replayed: null },
  'dtls-restart-ignored': {
    'still-serving': isOf('server', [SERVER_LOG]),
    'answers-others': isOf('server', [SERVER_LOG]),
  },
  'dtls-restart-kills-old': { silent: null, alert: null },
  'dtls-seq-reuse': { reused: didIt('sender') },
  'dtls-stale-record-before-hello': {
    harmless: null,
    'in-between': null,
    'hello-ignored': isOf('server', [SERVER_LOG]),
    'hello-repeated': isOf('server', [SERVER_LOG]),
  },
  'hrr-cookie-foreign': { foreign: MOVED },
  'hvr-cookie-from-other-client': { foreign: MOVED },
  'record-decrypts-under-other-connection': { astray: CROSSED, earlier: CROSSED },
  'record-wrong-direction': { reflected: CROSSED, 'own-keys': CROSSED, hello: CROSSED },
  'server-hello-of-other-connection': { other: CROSSED, unknown: CROSSED, unoffered: CROSSED },
  'ticket-crossed-servers': {
    full: null,
    refused: isOf('server', [SERVER_LOG], {
      against: ['the client may keep one session for servers that have nothing in common'],
    }),
  },
  'tickets-shared-across-names': { resumed: null },
  'tls-data-after-close': { after: null },
  'tls-duplicate-hello-random': { state: null, client: null, server: null },
  'tls-duplicate-session-id': { shared: null },
  'tls-foreign-record-suspected': { copied: CROSSED, nonce: CROSSED, number: CROSSED },
  'webrtc-dtls-not-restarted': { ignored: SIGNALLED_WRONGLY },
};

/** Rules of `rules/transport`. */
export const TRANSPORT_LEANINGS: Leanings = {
  'connection-reset': { cut: null, idle: null, left: null },
  'server-process-died': { died: isOf('server', [SERVER_LOG]) },
  'tcp-connect-refused': { refused: null },
  'tcp-connect-timeout': { unanswered: null },
  'tcp-half-close-data-lost': { lost: null },
  'tcp-old-segment-in-new-incarnation': {
    taken: isOf('network', [BOTH_ENDS]),
    dropped: null,
  },
  'tcp-port-reuse-new-incarnation': { reused: null },
  'tcp-reset-after-accept': {
    turnedAway: isOf('server', [SERVER_LOG, BOTH_ENDS], {
      against: ['a device on the way may have accepted and reset in its name'],
    }),
  },
  'tcp-timewait-collision': { timeWait: null, halfOpen: null, unseen: null },
  'tls-truncated-close': { closed: null },
};
