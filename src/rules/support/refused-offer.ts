import type { CaptureIndex } from '../../model/capture-index.ts';
import { alertDescriptionName } from '../../model/code-points/alerts.ts';
import type { ConnectionHistory } from '../../model/history.ts';
import type { FindingVerdict } from '../../model/rule.ts';
import type { FindingOf } from '../define-rule.ts';
import { agreedWith, type EarlyRefusal, listed } from './early-refusal.ts';
import { counted } from './how-many.ts';
import { describeNegotiation } from './negotiation.ts';
import { witness } from './witness.ts';

/** A list of the ClientHello that is compared with what the server chose on other connections. */
export interface Offer {
  /** `suite`, as evidence says it. */
  readonly kind: string;
  readonly nameOf: (code: number) => string;
  readonly chosen: 'suites' | 'groups';
  /** Does it follow from this choice that an offer like that could not be met? */
  readonly isComparable?: (chosen: number, offered: ReadonlySet<number>) => boolean;
}

/** Codes that a finding carries from the connection to the end of the capture, as text. */
const SEPARATOR = ' ';

/** A refused ClientHello, as the finding that it is if nothing of the offer turns out to be shared. */
export function refusedOffer(
  history: ConnectionHistory,
  { alert, hello }: EarlyRefusal,
  { kind, nameOf }: Offer,
  offered: readonly number[],
): FindingOf<Record<'refused', never>> {
  const { id } = history;
  const name = alertDescriptionName(alert.description ?? 0);
  return {
    kind: 'finding',
    message: 'refused',
    confidence: 'likely',
    data: {
      packet: alert.packet,
      packet0: hello.packet,
      alert: name,
      offered: listed(offered.map(nameOf)),
      offeredCodes: offered.join(SEPARATOR),
      chosen: '',
      negotiated: describeNegotiation(history),
    },
    evidence: [
      witness(alert, id, 'server', name),
      witness(hello, id, 'client', `ClientHello with ${counted(offered.length, kind)}`),
    ],
    connections: [id],
  };
}

/** The finding, with what the server chose with others; undefined if that is nothing, or something that was offered. */
export function unlessShared(
  verdict: FindingVerdict,
  index: CaptureIndex,
  { nameOf, chosen: kind, isComparable = () => true }: Offer,
): FindingVerdict | undefined {
  const { offeredCodes, ...data } = verdict.data;
  const offered = new Set(String(offeredCodes).split(SEPARATOR).map(Number));
  const chosen = agreedWith(verdict, index)[kind].filter((code) => isComparable(code, offered));
  if (chosen.length === 0 || chosen.some((code) => offered.has(code))) return undefined;
  return {
    ...verdict,
    // Of one thing that was ever chosen little follows.
    confidence: chosen.length > 1 ? 'likely' : 'possible',
    data: { ...data, chosen: listed(chosen.map(nameOf)) },
  };
}
