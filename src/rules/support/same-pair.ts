import type {
  CaptureIndex,
  ConnectionSummary,
  OfferFacts,
  ServerFacts,
} from '../../model/capture-index.ts';
import { LIMITS } from '../../model/limits.ts';
import type { FindingVerdict } from '../../model/rule.ts';
import type { Nanos } from '../../model/time.ts';
import { firstPlace } from './first-place.ts';

/** What connections between two addresses, to one port, with one offer of the client came to. */
export interface OfferTried {
  readonly offer: OfferFacts;
  answered: number;
  /** Not answered either, as far as the capture shows. */
  waiting: number;
  /** Those that succeeded, in order of time. */
  readonly succeeded: Begun[];
}

interface Begun {
  readonly id: number;
  readonly nanos: Nanos;
}

/** The same for one server name. */
interface NameTried {
  readonly offers: Map<OfferFacts, OfferTried>;
  /** Never answered, in order of time. */
  readonly broken: number[];
}

/**
 * All connections between two addresses to one port, told of in figures: a proxy or a health check makes a hundred
 * thousand, each of which may fail and be compared with all others.
 */
class Pair {
  /** Octets of the ClientHellos that were answered, ascending. */
  readonly answeredOctets: number[] = [];
  /** The largest segment size of full handshakes that succeeded; infinite where that of one is not known. */
  largestSegment = 0;
  established = 0;
  resumed = 0;
  /** The two quickest answers. */
  readonly quickest: { readonly id: number; readonly delay: Nanos }[] = [];
  readonly names = new Map<string | undefined, NameTried>();

  constructor(ids: readonly number[], index: CaptureIndex) {
    for (const id of ids) {
      const row = index.summary(id);
      if (row !== undefined) this.add(row);
    }
    this.answeredOctets.sort((a, b) => a - b);
  }

  private add(row: ConnectionSummary): void {
    if (row.answered !== undefined) this.answeredOctets.push(row.helloOctets);
    if (row.outcome === 'established') {
      this.established++;
      if (row.resumed === true) this.resumed++;
      else this.largestSegment = Math.max(this.largestSegment, row.segmentSize ?? Infinity);
    }
    if (row.hello !== undefined && row.answered !== undefined)
      this.addDelay(row.id, row.answered.nanos - row.hello.nanos);
    let name = this.names.get(row.serverName);
    if (name === undefined) {
      name = { offers: new Map(), broken: [] };
      this.names.set(row.serverName, name);
    }
    const isWaiting = row.stage === 'server-hello';
    if (row.answered === undefined && isWaiting) name.broken.push(row.id);
    if (row.offer !== undefined) addOffer(name.offers, row.offer, row, isWaiting);
  }

  private addDelay(id: number, delay: Nanos): void {
    const { quickest } = this;
    const [, second] = quickest;
    if (second !== undefined && second.delay <= delay) return;
    quickest.push({ id, delay });
    quickest.sort((a, b) => a.delay - b.delay);
    quickest.length = Math.min(quickest.length, 2);
  }
}

function addOffer(
  offers: Map<OfferFacts, OfferTried>,
  offer: OfferFacts,
  { id, answered, outcome, start }: ConnectionSummary,
  isWaiting: boolean,
): void {
  let tried = offers.get(offer);
  if (tried === undefined) {
    tried = { offer, answered: 0, waiting: 0, succeeded: [] };
    offers.set(offer, tried);
  }
  if (answered !== undefined) tried.answered++;
  else if (isWaiting) tried.waiting++;
  if (answered !== undefined && outcome === 'established')
    tried.succeeded.push({ id, nanos: start.nanos });
}

/** Of each client of a server first the ids of its connections, in order of time; figures once they are asked for. */
const byClient = new WeakMap<ServerFacts, Map<string, readonly number[] | Pair>>();

function clientsOf(server: ServerFacts): Map<string, readonly number[] | Pair> {
  const known = byClient.get(server);
  if (known !== undefined) return known;
  const clients = new Map<string, number[]>();
  for (const { id, client } of server.connections) {
    const ids = clients.get(client.address);
    if (ids === undefined) clients.set(client.address, [id]);
    else ids.push(id);
  }
  byClient.set(server, clients);
  return clients;
}

/** The other connections between the two addresses of a finding's connection, to the same port of the server. */
export class SamePair {
  readonly own: ConnectionSummary;
  private readonly pair: Pair;
  private readonly index: CaptureIndex;

  constructor(own: ConnectionSummary, pair: Pair, index: CaptureIndex) {
    this.own = own;
    this.pair = pair;
    this.index = index;
  }

  /** ClientHellos of others that were answered and have at most these octets: how many, and the octets of the largest. */
  answeredUpTo(octets: number): { readonly count: number; readonly largest: number } {
    const { answeredOctets: all } = this.pair;
    const { answered, helloOctets } = this.own;
    const end = firstPlace(all.length, (at) => (all[at] as number) > octets);
    const start = firstPlace(all.length, (at) => (all[at] as number) > 0);
    const isOwn = answered !== undefined && helloOctets <= octets && helloOctets > 0;
    const last = isOwn && all[end - 1] === helloOctets ? end - 2 : end - 1;
    const count = Math.max(0, end - start - (isOwn ? 1 : 0));
    return { count, largest: count === 0 ? 0 : (all[last] as number) };
  }

  /** Octets of the largest ClientHello of another that was answered; 0 where none was. */
  get largestAnswered(): number {
    return this.answeredUpTo(Number.POSITIVE_INFINITY).largest;
  }

  /** Others that succeeded with a full handshake, and by resumption. */
  get succeeded(): { readonly full: number; readonly resumed: number } {
    const { established, resumed } = this.pair;
    const isOwn = this.own.outcome === 'established' ? 1 : 0;
    const own = this.own.resumed === true ? isOwn : 0;
    return { full: established - resumed - (isOwn - own), resumed: resumed - own };
  }

  /**
   * The largest segment size of full handshakes that succeeded, if all had a smaller one than this connection; else
   * undefined.
   */
  get smallerSegment(): number | undefined {
    const { largestSegment: largest } = this.pair;
    return largest > 0 && largest < (this.own.segmentSize ?? 0) ? largest : undefined;
  }

  /** How long the quickest answer to another took; undefined where there is none. */
  get quickestAnswer(): Nanos | undefined {
    return this.pair.quickest.find(({ id }) => id !== this.own.id)?.delay;
  }

  /** What all of them with the same server name offered, this one included, and what became of it. */
  get offers(): readonly OfferTried[] {
    return [...(this.name?.offers.values() ?? [])];
  }

  /**
   * The last ones before this with the same server name that were not answered, newest first. No more than a client
   * tries in that time: what lies further back is not its reason.
   */
  *brokenBefore(): Iterable<ConnectionSummary> {
    const { start, id: own } = this.own;
    const broken = this.name?.broken ?? [];
    const begun = (at: number) => this.index.summary(broken[at] ?? 0)?.start.nanos ?? 0;
    const end = firstPlace(broken.length, (at) => begun(at) >= start.nanos);
    for (let at = end - 1; at >= Math.max(0, end - LIMITS.attemptsBefore); at--) {
      const row = this.index.summary(broken[at] ?? 0);
      if (row !== undefined && row.id !== own) yield row;
    }
  }

  private get name(): NameTried | undefined {
    return this.pair.names.get(this.own.serverName);
  }
}

/** Undefined where the connection is not known. */
export function samePair(
  { connections: [id = 0] }: FindingVerdict,
  index: CaptureIndex,
): SamePair | undefined {
  const own = index.summary(id);
  const server = own && index.server(own.protocol === 'TLS' ? 'tcp' : 'udp', own.server);
  if (own === undefined) return undefined;
  if (server === undefined) return new SamePair(own, new Pair([], index), index);
  const clients = clientsOf(server);
  let pair = clients.get(own.client.address) ?? [];
  if (!(pair instanceof Pair)) {
    pair = new Pair(pair, index);
    clients.set(own.client.address, pair);
  }
  return new SamePair(own, pair, index);
}
