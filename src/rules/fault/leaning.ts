import type { FaultSide } from '../../model/fault.ts';
import type { Confidence } from '../../model/finding.ts';
import type { Role } from '../../model/history.ts';

/** Why it may be a side's fault, for sides that nothing decides between. */
export type Readings = Readonly<Partial<Record<Exclude<FaultSide, 'undecided'>, string>>>;

/**
 * Whose fault a message of a rule says it is.
 *
 * - `side`: that side's
 * - `named`: that of the side that the verdict's data has under this key
 * - `open`: the finding leaves it open, and this is what would speak for each side; `suspects` adds those
 *   that the data names
 * - `alert`: what the alert that ended the handshake most often means decides
 */
export type Leaning = (
  | { readonly side: Role | 'network' }
  | { readonly named: string }
  | {
      readonly open: Readings;
      readonly suspects?: readonly (readonly [named: string, reading: string])[];
    }
  /** As the alert, or the close without one, that ended the connection says. */
  | { readonly alert: true }
) & {
  /** As sure as the finding is of its fact, it may be less so of whose fault that is. */
  readonly atMost?: Confidence;
  /** What else the same packets fit: with such a rival the judgement is never proven. */
  readonly against?: readonly string[];
  /** `{client}`, `{server}` and `{packet}` stand for the endpoints and the packet that ended the connection. */
  readonly settle: readonly string[];
};

/** By message; null for those that do not say why a handshake fails. */
export type Leanings = Readonly<Record<string, Readonly<Record<string, Leaning | null>>>>;

const LOG = (role: Role) =>
  `the log of the ${role} process ({${role}}) at the time of packet {packet}`;
/** What would settle a doubt, for `settle`; placeholders as there. */
export const CLIENT_LOG = LOG('client');
export const SERVER_LOG = LOG('server');
/** For octets that may have been changed between the two. */
export const BOTH_ENDS =
  'a capture at the client and one at the server, of the same connection: octets that differ were changed on the way';
/** For sides that seem to have come to different secrets. */
export const KEY_LOGS =
  'a key log of the client and one of the server for the same connection: where their secrets differ, the side that does not follow the handshake is at fault; where they agree, they open the records';
/** For what only the encrypted messages tell. */
export const KEY_LOG =
  'a key log of either side (SSLKEYLOGFILE): it opens what cannot be read here';
/** For sides that found nothing in common. */
export const SETTINGS =
  'the settings of both sides (versions, suites, groups, names) next to each other, and the log of the server process ({server}) at the time of packet {packet}';

const CHANGED =
  'a device on the way may have changed what was sent, before or behind the point of capture';

/** The verdict names the side that did it. */
export const didIt = (named = 'from', more: Partial<Leaning> = {}): Leaning => ({
  named,
  against: [CHANGED],
  settle: [BOTH_ENDS, KEY_LOGS],
  ...more,
});

/** It is this side's, whoever complained. */
export const isOf = (
  side: Role | 'network',
  settle: readonly string[],
  more: { readonly atMost?: Confidence; readonly against?: readonly string[] } = {},
): Leaning => ({ side, settle, ...more });

/** Both sides are in their right, and do not fit together. */
export const SETTINGS_DIFFER: Leaning = {
  open: {
    client: 'its offer or its policy is too narrow, or out of date',
    server: 'its configuration is too narrow, or out of date',
  },
  settle: [SETTINGS],
};

/** Something did not authenticate, and nothing tells whose keys, or which octets, are wrong. */
export const KEYS_DIFFER: Leaning = {
  open: {
    client: 'it may hold or derive other keys than the handshake gives',
    server: 'it may hold or derive other keys than the handshake gives',
    network: 'octets of the handshake or of the record may have been changed on the way',
  },
  settle: [KEY_LOGS, BOTH_ENDS],
};

/** A pre-shared key, of which the capture shows neither copy. */
export const SHARED_KEYS_DIFFER: Leaning = {
  open: {
    client: 'the key or identity it was given may be the wrong one',
    server: 'the key or identity it was given may be the wrong one',
  },
  settle: [
    'the key and identity that each side has, compared octet by octet; with one of them at hand (--psk) the side that has another one shows',
    SERVER_LOG,
  ],
};

/** A side saw something else than its peer says it sent. */
export const HANDSHAKES_DIFFER: Leaning = {
  open: {
    client: 'its TLS stack may send or hash something wrong',
    server: 'its TLS stack may send or hash something wrong',
    network: 'a device on the way may change messages of the handshake',
  },
  settle: [BOTH_ENDS, KEY_LOGS],
};

/** The octets are of somebody else, and nothing tells where they left their way. */
export const CROSSED: Leaning = {
  open: {
    client: 'it may share or confuse sockets or TLS state between connections',
    server: 'it may share or confuse sockets or TLS state between connections',
    network: 'a proxy or load balancer may mix up or repeat what it passes on',
  },
  settle: [
    'a capture on each side of every device between client and server, at the time of packet {packet}: the first one that shows it lies behind the culprit',
    KEY_LOGS,
  ],
};

/** Somebody closed, and did not say why. */
export const CLOSED_IN_SILENCE: Leaning = {
  open: {
    client:
      'it may have sent something that its peer does not accept, or have left by its own choice',
    server: 'it may have refused or failed, and owes the alert that would say so',
    network: 'a device on the way may have closed in the name of either side',
  },
  settle: [SERVER_LOG, CLIENT_LOG, BOTH_ENDS],
};

/** The same, where it is the client: the server need not have done anything. */
export const CLIENT_CLOSED_IN_SILENCE: Leaning = {
  open: {
    client:
      'it may have given up (a timeout, a policy, a failure), and owes the alert that would say so',
    server: 'it may have sent something that its peer does not accept',
    network: 'a device on the way may have closed in the name of either side',
  },
  settle: [CLIENT_LOG, SERVER_LOG, BOTH_ENDS],
};

/** What was agreed on another way, by session descriptions, is not what the two sides do. */
export const SIGNALLED_WRONGLY: Leaning = {
  open: {
    client: 'it may have sent, or kept, another session description than it acts by',
    server: 'it may have sent, or kept, another session description than it acts by',
    network: 'a signalling server or gateway may have changed a session description',
  },
  settle: [
    'the session descriptions as each side sent and received them (in browsers webrtc-internals), for the session of packet {packet}',
  ],
};
