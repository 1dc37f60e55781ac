import {
  ALERT_FATAL,
  alertDescriptionName,
  alertLevelName,
  BAD_RECORD_MAC,
  DECODE_ERROR,
  DECRYPT_ERROR,
  DECRYPTION_FAILED,
  ILLEGAL_PARAMETER,
  INTERNAL_ERROR,
  MISSING_EXTENSION,
  UNEXPECTED_MESSAGE,
  UNSUPPORTED_EXTENSION,
} from '../../model/code-points/alerts.ts';
import type { FaultEnding } from '../../model/fault.ts';
import { type AlertFact, type ConnectionHistory, peerOf } from '../../model/history.ts';
import { readingOf } from '../handshake/alert-dictionary.ts';
import { unreadAlert } from '../support/closing-alert.ts';
import { type Ending, endingOf } from '../support/ending.ts';
import { asksAnonymously } from '../support/negotiation.ts';
import {
  BOTH_ENDS,
  CLIENT_CLOSED_IN_SILENCE,
  CLIENT_LOG,
  CLOSED_IN_SILENCE,
  KEY_LOG,
  type Leaning,
  SERVER_LOG,
  SETTINGS,
} from './leaning.ts';

/** How a connection ended, and what that alone says of whose fault it is. */
export interface EndingJudged {
  readonly ending: FaultEnding | undefined;
  readonly leaning: Leaning;
}

const HOW: Readonly<Record<Exclude<Ending['kind'], 'alert'>, string>> = {
  'close-notify': 'a close_notify',
  fin: 'a FIN without an alert',
  rst: 'a RST',
  unreachable: 'an ICMP message: nobody listens on the port',
};

/** Alerts about octets, which a device on the way may have changed, and not about settings. */
const ABOUT_OCTETS: ReadonlySet<number> = new Set([
  UNEXPECTED_MESSAGE,
  BAD_RECORD_MAC,
  DECRYPTION_FAILED,
  ILLEGAL_PARAMETER,
  DECODE_ERROR,
  DECRYPT_ERROR,
  MISSING_EXTENSION,
  UNSUPPORTED_EXTENSION,
]);

/** The leaning from the ending alone, for connections about which no rule says more. */
export function judgeEnding(history: ConnectionHistory): EndingJudged {
  const ending = endingOf(history);
  if (ending === undefined) return { ending: undefined, leaning: CLOSED_IN_SILENCE };
  const { by, kind, alert, packet, nanos } = ending;
  if (kind === 'alert' && alert !== undefined)
    return {
      ending: { by, packet, nanos, how: nameOf(alert) },
      leaning: leaningOf(alert, history),
    };
  const unread = unreadAlert(history, ending);
  if (unread !== undefined) {
    const how = 'an encrypted record of the size of an alert';
    return {
      ending: { by: unread.from, packet: unread.packet, nanos: unread.nanos, how },
      leaning: { ...CLOSED_IN_SILENCE, settle: [KEY_LOG, SERVER_LOG, CLIENT_LOG] },
    };
  }
  const how = kind === 'alert' ? 'an alert' : HOW[kind];
  // Who closes may have waited for long: without times nobody knows.
  const isOwnWill = by === 'client' && !history.blindSpots.includes('no-times');
  const leaning = isOwnWill ? CLIENT_CLOSED_IN_SILENCE : CLOSED_IN_SILENCE;
  return { ending: { by, packet, nanos, how }, leaning };
}

const nameOf = ({ level = ALERT_FATAL, description = 0 }: AlertFact): string =>
  `the ${alertLevelName(level)} alert ${alertDescriptionName(description)} (${description})`;

/** What `sni-missing` tells where the capture has others that send a name. */
const WITHOUT_NAME: Leaning = {
  open: {
    client: 'it sends no server name, and a server that finds no certificate then may say so',
    server: 'it says that it failed, and has no certificate for clients that send no name',
  },
  settle: [SERVER_LOG, SETTINGS],
};

/** Servers written in Go answer a ClientHello without a name with internal_error where they need one. */
const isAtALoss = (
  { from, description }: AlertFact,
  { stage, serverName, clientHello }: ConnectionHistory,
): boolean =>
  from === 'server' &&
  description === INTERNAL_ERROR &&
  stage === 'server-hello' &&
  clientHello !== undefined &&
  serverName === undefined;

/** What an alert most often means. Its sender noticed the fault; that it has it, hardly any alert says. RFC 8446 §6.2. */
function leaningOf(alert: AlertFact, history: ConnectionHistory): Leaning {
  const { stage, version } = history;
  const { from, description = 0 } = alert;
  const peer = peerOf(from);
  const { fault, causes } = readingOf(description, {
    from,
    stage,
    version,
    asksAnonymously: asksAnonymously(history),
  });
  const name = alertDescriptionName(description);
  const [cause = ''] = causes;
  const settle = from === 'server' ? [SERVER_LOG, CLIENT_LOG] : [CLIENT_LOG, SERVER_LOG];
  if (isAtALoss(alert, history)) return WITHOUT_NAME;
  if (fault === 'sender')
    return {
      side: from,
      atMost: 'likely',
      against: [`the ${peer} may have sent what its peer cannot handle`],
      settle,
    };
  const wronged = `the settings, the clock or the keys of the ${from}, which complains, may be wrong`;
  if (fault === 'peer') return { side: peer, atMost: 'possible', against: [wronged], settle };
  return {
    open: {
      [peer]: `its peer complains of it with ${name}, which most often means: ${cause}`,
      [from]: 'it is the one that complains, and may be wrong: its settings, clock, keys or code',
      ...(ABOUT_OCTETS.has(description) && { network: 'octets may have been changed on the way' }),
    },
    settle: ABOUT_OCTETS.has(description) ? [...settle, BOTH_ENDS] : settle,
  };
}
