import type {
  RefusalFact,
  ServerCloseFact,
  ServerConnections,
  ServerFacts,
} from '../model/capture-index.ts';
import type { At, Endpoint } from '../model/history.ts';
import type { OpeningFact } from '../model/incarnation.ts';
import type { Nanos } from '../model/time.ts';
import type { Accepted } from './accepted-connections.ts';
import type { Remembered } from './server-events.ts';
import type { Server } from './server-rows.ts';

/** What the lists of a server are read from. */
export interface ServerSource {
  list<Kind extends keyof Remembered>(server: Server, kind: Kind): Remembered[Kind][];
  omitted(server: Server, kind: keyof Remembered): number;
  acceptedLast(server: Server): readonly Accepted[];
  summariesOf(server: Server): ServerConnections;
}

/**
 * A server as rules see it. Lists are made when a rule asks for them: most rules look at few, and there may be hundreds of
 * thousands of servers, so that this has fields and no closures.
 */
export class KnownServer implements ServerFacts {
  readonly endpoint: Endpoint;
  readonly transport: 'tcp' | 'udp';
  readonly speaksTls: boolean;
  readonly failures: number;
  readonly completeFrom: Nanos;
  readonly completeUntil: Nanos;
  readonly refusalsOmitted: number;
  readonly openingsOmitted: number;
  private readonly row: Server;
  private readonly source: ServerSource;
  private lists: Lists | undefined;

  constructor(row: Server, endpoint: Endpoint, source: ServerSource) {
    this.endpoint = endpoint;
    this.transport = row.transport;
    this.speaksTls = row.speaksTls;
    this.failures = row.failures;
    this.completeFrom = row.forgottenUntil;
    this.completeUntil = row.completeUntil;
    this.refusalsOmitted = source.omitted(row, 'refusals');
    this.openingsOmitted = source.omitted(row, 'openings');
    this.row = row;
    this.source = source;
  }

  get connections(): ServerConnections {
    return this.source.summariesOf(this.row);
  }

  get closes(): readonly ServerCloseFact[] {
    const lists = this.made();
    lists.closes ??= this.source.list(this.row, 'closes').sort(byTime);
    return lists.closes;
  }

  get refusals(): readonly RefusalFact[] {
    const lists = this.made();
    lists.refusals ??= this.source.list(this.row, 'refusals').sort(bySyn);
    return lists.refusals;
  }

  get openings(): readonly OpeningFact[] {
    const lists = this.made();
    lists.openings ??= this.source.list(this.row, 'openings').sort(bySyn);
    return lists.openings;
  }

  get accepted(): readonly At[] {
    const lists = this.made();
    lists.moments ??= this.allAccepted().map(({ packet, nanos }) => ({ packet, nanos }));
    return lists.moments;
  }

  openAt(at: Nanos): number {
    return this.allAccepted().filter(({ nanos, endNanos }) => nanos <= at && endNanos > at).length;
  }

  private allAccepted(): readonly Accepted[] {
    const { row, source } = this;
    const lists = this.made();
    lists.accepted ??= [...source.list(row, 'accepted'), ...source.acceptedLast(row)].sort(byTime);
    return lists.accepted;
  }

  private made(): Lists {
    this.lists ??= {
      closes: undefined,
      refusals: undefined,
      openings: undefined,
      accepted: undefined,
      moments: undefined,
    };
    return this.lists;
  }
}

interface Lists {
  closes: readonly ServerCloseFact[] | undefined;
  refusals: readonly RefusalFact[] | undefined;
  openings: readonly OpeningFact[] | undefined;
  accepted: readonly Accepted[] | undefined;
  moments: readonly At[] | undefined;
}

const byTime = (a: { readonly nanos: Nanos }, b: { readonly nanos: Nanos }): number =>
  a.nanos - b.nanos;
const bySyn = (a: { readonly syn: At }, b: { readonly syn: At }): number =>
  a.syn.nanos - b.syn.nanos;
