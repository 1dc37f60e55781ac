import {
  EC_POINT_FORMATS,
  ENCRYPT_THEN_MAC,
  EXTENDED_MASTER_SECRET,
  RENEGOTIATION_INFO,
  SESSION_TICKET,
} from '../../model/code-points/extensions.ts';
import { before, type Habit, holds } from './habit.ts';

/** What the server's hello alone does not tell. */
export interface ServerContext {
  /** The ClientHello has ec_point_formats. */
  readonly offersPointFormats: boolean;
  /** The session id is the client's. */
  readonly isResumed: boolean;
  readonly hasTime: boolean;
}

/** What a ServerHello shows of its maker, beside what the ClientHello before it asked for. */
export interface ServerView extends ServerContext {
  readonly extensions: readonly number[];
  readonly pointFormats: string;
  readonly sessionIdOctets: number;
}

/** Habits that show in a ServerHello; fewer than a client has, as a server mostly answers what it was asked. */
export const SERVER_HABITS: readonly Habit<ServerView>[] = [
  {
    stack: 'OpenSSL',
    topic: 'point formats',
    text: 'three point formats',
    shows: ({ pointFormats }) => pointFormats === '3,0,1,2',
  },
  {
    stack: 'OpenSSL',
    topic: 'extensions',
    text: 'renegotiation_info in front, then ec_point_formats, session_ticket and extended_master_secret',
    shows: ({ extensions: list }) =>
      list.indexOf(RENEGOTIATION_INFO) <= 1 &&
      (before(list, RENEGOTIATION_INFO, EC_POINT_FORMATS) ||
        before(list, RENEGOTIATION_INFO, SESSION_TICKET)) &&
      (before(list, EC_POINT_FORMATS, SESSION_TICKET) ||
        before(list, EC_POINT_FORMATS, EXTENDED_MASTER_SECRET) ||
        before(list, SESSION_TICKET, EXTENDED_MASTER_SECRET)),
  },
  {
    stack: 'OpenSSL',
    topic: 'session id',
    text: 'no session id beside a ticket',
    shows: ({ extensions: list, sessionIdOctets }) =>
      sessionIdOctets === 0 && before(list, RENEGOTIATION_INFO, SESSION_TICKET),
  },
  {
    stack: 'GnuTLS',
    topic: 'extensions',
    text: 'session_ticket in front of renegotiation_info, and ec_point_formats or encrypt_then_mac in front of both',
    shows: ({ extensions: list }) =>
      before(list, SESSION_TICKET, RENEGOTIATION_INFO) &&
      (list[0] === EC_POINT_FORMATS || list[0] === ENCRYPT_THEN_MAC),
  },
  {
    stack: 'GnuTLS',
    topic: 'session id',
    text: 'both a session id and a ticket',
    shows: (view) => issuesBoth(view) && view.extensions[0] !== EXTENDED_MASTER_SECRET,
  },
  {
    stack: 'Go crypto/tls',
    topic: 'extensions',
    text: 'ec_point_formats last and behind renegotiation_info, session_ticket in front of both if at all',
    shows: ({ extensions: list, pointFormats }) =>
      pointFormats === '1,0' &&
      list.at(-1) === EC_POINT_FORMATS &&
      before(list, RENEGOTIATION_INFO, EC_POINT_FORMATS) &&
      !before(list, RENEGOTIATION_INFO, SESSION_TICKET) &&
      !list.includes(EXTENDED_MASTER_SECRET) &&
      !list.includes(ENCRYPT_THEN_MAC),
  },
  {
    stack: 'Go crypto/tls',
    topic: 'session id',
    text: 'no session id, and no ticket behind renegotiation_info in its place',
    shows: ({ extensions: list, sessionIdOctets, isResumed, hasTime }) =>
      sessionIdOctets === 0 &&
      !isResumed &&
      !hasTime &&
      !before(list, RENEGOTIATION_INFO, SESSION_TICKET),
  },
  {
    stack: 'JSSE',
    topic: 'extensions',
    text: 'extended_master_secret, session_ticket and renegotiation_info in that order, without ec_point_formats, which the client had offered',
    shows: ({ extensions: list, offersPointFormats }) =>
      offersPointFormats &&
      !list.includes(EC_POINT_FORMATS) &&
      holds(list, EXTENDED_MASTER_SECRET, SESSION_TICKET, RENEGOTIATION_INFO),
  },
  {
    stack: 'JSSE',
    topic: 'session id',
    text: 'both a session id and a ticket',
    shows: (view) => issuesBoth(view) && view.extensions[0] === EXTENDED_MASTER_SECRET,
  },
  {
    stack: 'Mbed TLS',
    topic: 'random',
    text: 'the time at the head of the random',
    shows: ({ hasTime }) => hasTime,
  },
  {
    stack: 'Mbed TLS',
    topic: 'extensions',
    // Without either it may be pion, which has the same order and the time, and resumes nothing.
    text: 'renegotiation_info in front and ec_point_formats behind encrypt_then_mac or extended_master_secret, with a session id or a ticket',
    shows: ({ extensions: list, sessionIdOctets }) =>
      list[0] === RENEGOTIATION_INFO &&
      (sessionIdOctets > 0 || list.includes(SESSION_TICKET)) &&
      (before(list, EXTENDED_MASTER_SECRET, EC_POINT_FORMATS) ||
        before(list, ENCRYPT_THEN_MAC, EC_POINT_FORMATS)),
  },
];

const issuesBoth = ({ extensions, sessionIdOctets, isResumed }: ServerView): boolean =>
  sessionIdOctets === 32 && extensions.includes(SESSION_TICKET) && !isResumed;
