import {
  BOTH_ENDS,
  CLIENT_LOG,
  CROSSED,
  didIt,
  HANDSHAKES_DIFFER,
  isOf,
  KEY_LOGS,
  KEYS_DIFFER,
  type Leaning,
  type Leanings,
  SERVER_LOG,
  SETTINGS_DIFFER,
  SHARED_KEYS_DIFFER,
} from './leaning.ts';

/** A key log holds the secrets of the side that wrote it, rightly derived or not: what opens under it clears nobody. */
const REFUSED_WHAT_WAS_SOUND: Leaning = {
  open: { network: 'the record may have been changed behind the point of capture' },
  suspects: [
    ['from', 'it refused what opens under the secrets at hand'],
    ['peer', 'the secrets at hand may be its own, and derived in another way than specified'],
  ],
  settle: [KEY_LOGS, BOTH_ENDS],
};

/** A side acts as if the hellos said otherwise; a device that edits one of them makes both sides act in good faith. */
const AGAINST_THE_HELLOS: Leaning = {
  open: { network: 'a device on the way may take extensions out of a hello, or put them in' },
  suspects: [['from', 'it may not do what the hellos agree on']],
  settle: [BOTH_ENDS, KEY_LOGS],
};

/** Recomputed with the mistake, and it came out: what happens on the way does not make that. */
const PROVEN_MISTAKE = { against: [] };

/** An answer to what was not asked: the server's, unless the question was taken out of the ClientHello on its way. */
const UNASKED = HANDSHAKES_DIFFER;

const OWED_TO_RESUMPTION = isOf('server', [SERVER_LOG], {
  against: ['a device on the way may edit hellos'],
});

/** Rules of `rules/hmac`. */
export const HMAC_LEANINGS: Leanings = {
  'bad-record-mac-first-record': {
    finished: KEYS_DIFFER,
    sound: REFUSED_WHAT_WAS_SOUND,
    flight13: KEYS_DIFFER,
  },
  'bad-record-mac-later': {
    later: KEYS_DIFFER,
    sound: REFUSED_WHAT_WAS_SOUND,
    elsewhere: KEYS_DIFFER,
    unread: KEYS_DIFFER,
  },
  'cbc-padding-error-or-oracle-hardening': { unfilled: didIt(), told: null },
  'cookie-hmac-mismatch': {
    rotating: isOf('server', [
      'the log of every server behind {server} at the time of packet {packet}',
    ]),
    alert: {
      open: {
        client: 'it may not return the cookie as it got it',
        server: 'it may have issued the cookie before the capture began, and have forgotten it',
        network: 'the cookie may have been changed on the way',
      },
      settle: [BOTH_ENDS, SERVER_LOG],
    },
  },
  'dtls-silent-mac-drop': { dropped: KEYS_DIFFER },
  'dtls13-ack-or-finished-loss': {
    'handshake-keys': didIt('from', PROVEN_MISTAKE),
    'data-keys': didIt('from', PROVEN_MISTAKE),
    unacknowledged: {
      open: {
        server: 'it may not acknowledge what it took',
        network: 'the acknowledgements may have been lost',
        client: 'its Finished may not authenticate, so that nobody acknowledges it',
      },
      settle: [BOTH_ENDS, KEY_LOGS],
    },
    'acknowledged-in-vain': {
      open: {
        client: 'it may not read acknowledgements',
        network: 'the acknowledgement may have been lost behind the point of capture',
      },
      settle: [BOTH_ENDS, CLIENT_LOG],
    },
  },
  'duplicate-finished': { again: null },
  'ems-disagreement': {
    unused: AGAINST_THE_HELLOS,
    unasked: AGAINST_THE_HELLOS,
    range: didIt(),
    'not-offered': UNASKED,
    'resumed-without': OWED_TO_RESUMPTION,
    'resumed-with': OWED_TO_RESUMPTION,
    'offer-without': isOf('client', [CLIENT_LOG, BOTH_ENDS], {
      against: ['a device on the way may take the extension out of the ClientHello'],
    }),
  },
  'ems-required': { server: SETTINGS_DIFFER, client: SETTINGS_DIFFER },
  'etm-disagreement': {
    aead: isOf('server', [SERVER_LOG], { against: ['a device on the way may edit hellos'] }),
    unused: AGAINST_THE_HELLOS,
    unasked: AGAINST_THE_HELLOS,
    'not-offered': UNASKED,
  },
  'finished-decrypt-error': {
    finished: HANDSHAKES_DIFFER,
    sound: REFUSED_WHAT_WAS_SOUND,
    signature: HANDSHAKES_DIFFER,
    either: HANDSHAKES_DIFFER,
    binder: SHARED_KEYS_DIFFER,
  },
  'finished-mismatch': { explained: didIt(), unexplained: HANDSHAKES_DIFFER },
  'hvr-loop': {
    refused: isOf('server', [
      'the log of every server behind {server} at the time of packet {packet}',
    ]),
    altered: {
      open: {
        client: 'it may not return the cookie as it got it',
        network: 'the cookie may have been changed on the way',
      },
      settle: [BOTH_ENDS],
    },
    'hello-changed': isOf('client', [CLIENT_LOG, BOTH_ENDS], {
      against: ['the ClientHello may have been changed on the way'],
    }),
  },
  'keyupdate-desync': {
    previous: didIt('from', PROVEN_MISTAKE),
    next: didIt('from', PROVEN_MISTAKE),
    'previous-epoch': didIt('from', PROVEN_MISTAKE),
    'next-epoch': didIt('from', PROVEN_MISTAKE),
  },
  'payload-corrupted-in-transit': {
    refused: isOf('network', [BOTH_ENDS]),
    damaged: isOf('network', [BOTH_ENDS], {
      atMost: 'likely',
      against: ['memory of the sender may have changed the octet after it was protected'],
    }),
    repaired: isOf('network', [BOTH_ENDS]),
    harmless: null,
  },
  'psk-binder-mismatch': {
    explained: isOf('client', [KEY_LOGS], {
      against: ['the key at hand may not be the one that was meant'],
    }),
    other: didIt('side', {
      against: ['the key at hand may not be the one that was meant'],
      settle: ['the key of {server} and that of {client}, compared octet by octet'],
    }),
    binder: SHARED_KEYS_DIFFER,
    unusable: SHARED_KEYS_DIFFER,
  },
  'psk-mismatch': {
    form: didIt('from', {
      against: ['the key at hand may be written in another form than was meant'],
      settle: ['the key of {server} and that of {client}, compared octet by octet'],
    }),
    proven: didIt('side', {
      against: ['the key at hand may not be the one that was meant'],
      settle: ['the key of {server} and that of {client}, compared octet by octet'],
    }),
    refused: SHARED_KEYS_DIFFER,
    dropped: SHARED_KEYS_DIFFER,
  },
  'psk-unknown-identity': { unknown: SHARED_KEYS_DIFFER },
  'record-length-impossible': { impossible: AGAINST_THE_HELLOS },
  'record-mac-mismatch': {
    explained: didIt('from', PROVEN_MISTAKE),
    'other-keys': KEYS_DIFFER,
    unexplained: KEYS_DIFFER,
    inserted: CROSSED,
    premaster: didIt('from', PROVEN_MISTAKE),
    derived: didIt('from', PROVEN_MISTAKE),
  },
  'seq-desync': {
    doubled: CROSSED,
    writers: didIt(),
    ahead: CROSSED,
    reused: CROSSED,
    swapped: CROSSED,
    restarted: didIt(),
    skipped: CROSSED,
  },
  'ticket-decrypt-failed': { full: null, alert: isOf('server', [SERVER_LOG]) },
  'truncated-hmac': { disagrees: AGAINST_THE_HELLOS, refused: KEYS_DIFFER },
};
