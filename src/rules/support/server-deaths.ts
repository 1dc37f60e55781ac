import type {
  CaptureIndex,
  ConnectionSummary,
  RefusalFact,
  ServerCloseFact,
  ServerFacts,
} from '../../model/capture-index.ts';
import { CONFIDENCES, type Confidence } from '../../model/finding.ts';
import type { At, Stage } from '../../model/history.ts';
import { MILLISECOND, type Nanos, SECOND } from '../../model/time.ts';
import { copiesIn } from './copies.ts';
import { firstPlace } from './first-place.ts';

/**
 * The moment at which a server process seems to have ended, and what the capture shows around it.
 *
 * When a process ends, its kernel closes every socket it had within microseconds and refuses the next SYN, and no
 * user code runs any more that could say close_notify. None of these signs is enough alone: servers close sloppily,
 * load balancers sweep idle connections, workers of a forking server die alone.
 */
export interface ServerDeath {
  /** The server's closes, in time order. */
  readonly closes: readonly [ServerCloseFact, ...ServerCloseFact[]];
  /** The one whose handshake the server was working on; undefined if there is none. */
  readonly trigger: ServerCloseFact | undefined;
  /** SYNs that met nobody, before the server accepted again. */
  readonly refused: readonly RefusalFact[];
  readonly acceptedAgain: At | undefined;
  /** Why the confidence was lowered. */
  readonly doubts: readonly string[];
  readonly confidence: Confidence;
}

/** Sockets of one process close within microseconds; a loaded kernel and a busy tap stretch that. */
const BURST = 50 * MILLISECOND;
const TIGHT = 5 * MILLISECOND;
/** From one close to the next of them: each may be acknowledged, and others may come between. */
const NEAR_PACKETS = 8;
/** From the last octet of the client to the close: time for a crash and the kernel's cleaning up. */
const REACTION = 100 * MILLISECOND;
/** A refusal that comes later may have another reason. */
const REFUSAL_WINDOW = 60 * SECOND;
const REFUSAL_SOON = 10 * SECOND;
/** Accepting again this soon without a refusal looks like a worker's death, or like one machine of several. */
const RESTART_FLOOR = 100 * MILLISECOND;
/** Packets of a client to a dead server, and the resets they meet, are over by then. */
const AFTERLIFE = 5 * SECOND;
/** Siblings beside the first close that make chance implausible. */
const MANY_SIBLINGS = 3;

/** The server owed the next step: something of the client lay with it, unanswered. */
const SERVER_AT_WORK: ReadonlySet<Stage> = new Set<Stage>([
  'server-hello',
  'server-flight',
  'client-finished',
  'server-finished',
]);

const lower = (confidence: Confidence): Confidence | undefined =>
  CONFIDENCES[CONFIDENCES.indexOf(confidence) + 1];

/**
 * Connections that closed along with the first. Where no SYN met nobody, those in whose handshake the server had the next step
 * do not count: a browser sends the same ClientHello several times at once, and the server may have closed each for its own
 * sake. Nor do they where the flight seems to come after the close: one direction may have been captured late.
 */
function siblingsOf(
  closes: readonly ServerCloseFact[],
  trigger: ServerCloseFact | undefined,
  isRefused: boolean,
): number {
  if (isRefused || trigger === undefined) return closes.length - 1;
  return closes.filter((close) => close !== trigger && !isInHandshake(close)).length;
}

const isInHandshake = ({ connection, stage }: ServerCloseFact): boolean =>
  connection !== 0 && SERVER_AT_WORK.has(stage);

/** Is this the close of a connection whose handshake the server was working on until then? */
function wasAtWork(close: ServerCloseFact): boolean {
  const { connection, stage, lastFromClient, answeredSince, nanos, kind, acknowledged } = close;
  if (connection === 0 || answeredSince || lastFromClient === undefined) return false;
  // What its kernel did not even acknowledge never reached a process.
  if (kind === 'rst' && !acknowledged) return false;
  const waited = nanos - lastFromClient.nanos;
  return SERVER_AT_WORK.has(stage) && waited >= 0 && waited <= REACTION;
}

function triggerAmong(closes: readonly ServerCloseFact[]): ServerCloseFact | undefined {
  let found: ServerCloseFact | undefined;
  for (const close of closes) {
    if (!wasAtWork(close)) continue;
    const { nanos = 0 } = close.lastFromClient ?? {};
    if (found === undefined || nanos > (found.lastFromClient?.nanos ?? 0)) found = close;
  }
  return found;
}

/** A clock that gives one time to packets far from each other is too coarse to tell. */
const isTogether = (first: At, last: At, { nanos, packet }: At): boolean =>
  nanos - first.nanos <= BURST && (nanos > last.nanos || packet - last.packet <= NEAR_PACKETS);

function burstsOf(closes: readonly ServerCloseFact[]): [ServerCloseFact, ...ServerCloseFact[]][] {
  const bursts: [ServerCloseFact, ...ServerCloseFact[]][] = [];
  let burst: [ServerCloseFact, ...ServerCloseFact[]] | undefined;
  for (const close of [...closes].sort((a, b) => a.nanos - b.nanos)) {
    const last = burst?.at(-1);
    if (burst !== undefined && last !== undefined && isTogether(burst[0], last, close))
      burst.push(close);
    else {
      burst = [close];
      bursts.push(burst);
    }
  }
  return bursts;
}

/** The sign of life of a server's connections that began before a moment: the latest, as they come in order of time. */
interface Lives {
  readonly starts: Float64Array;
  readonly latest: Float64Array;
  readonly ids: Int32Array;
}

const lives = new WeakMap<ServerFacts, Lives>();

/**
 * Until when a connection shows that its process lived. Where it is not known when it last heard from the server, its last
 * packet must be well after a burst: clients talk to dead servers for a while.
 */
const aliveUntil = ({ lastFromServer, end }: ConnectionSummary): Nanos =>
  lastFromServer === undefined ? end.nanos - AFTERLIFE : lastFromServer.nanos - MILLISECOND;

/** There may be thousands of bursts: the connections are looked through once. */
function livesOf(server: ServerFacts): Lives {
  let known = lives.get(server);
  if (known !== undefined) return known;
  const { connections } = server;
  known = {
    starts: new Float64Array(connections.length),
    latest: new Float64Array(connections.length),
    ids: new Int32Array(connections.length),
  };
  let latest = Number.NEGATIVE_INFINITY;
  let id = 0;
  let at = 0;
  for (const row of connections) {
    const alive = aliveUntil(row);
    if (alive > latest) {
      latest = alive;
      id = row.id;
    }
    known.starts[at] = row.start.nanos;
    known.latest[at] = latest;
    known.ids[at++] = id;
  }
  lives.set(server, known);
  return known;
}

/** Did an older connection go on after the burst? Then the process, or another worker, lived on. */
function someoneSurvived(
  server: ServerFacts,
  closes: readonly ServerCloseFact[],
  end: Nanos,
): boolean {
  const start = closes[0]?.nanos ?? end;
  const { starts, latest, ids } = livesOf(server);
  const before = firstPlace(starts.length, (at) => (starts[at] as number) >= start);
  if (before === 0 || (latest[before - 1] as number) <= end) return false;
  const closed = new Set(closes.map(({ connection }) => connection));
  if (!closed.has(ids[before - 1] as number)) return true;
  for (const row of server.connections) {
    if (row.start.nanos >= start) return false;
    if (!closed.has(row.id) && aliveUntil(row) > end) return true;
  }
  return false;
}

/** Nobody listened any more while the connections still lived: a server that drains before it stops. */
function wasDraining(server: ServerFacts, start: Nanos): boolean {
  const lastRefusal = server.refusals.findLast(({ reset }) => (reset?.nanos ?? start) < start);
  if (lastRefusal === undefined) return false;
  return !server.accepted.some(
    ({ nanos }) => nanos > (lastRefusal.reset?.nanos ?? 0) && nanos < start,
  );
}

function confidenceOf(
  siblings: number,
  tight: boolean,
  refused: boolean,
  trigger: boolean,
): Confidence | undefined {
  if (refused && siblings >= MANY_SIBLINGS) return 'proven';
  if (refused && (siblings > 0 || trigger)) return 'likely';
  if (!trigger || !tight || siblings === 0) return undefined;
  return siblings >= MANY_SIBLINGS ? 'likely' : 'possible';
}

function deathAt(
  server: ServerFacts,
  closes: readonly [ServerCloseFact, ...ServerCloseFact[]],
): ServerDeath | undefined {
  const start = closes[0].nanos;
  const end = (closes[closes.length - 1] ?? closes[0]).nanos;
  const trigger = triggerAmong(closes);
  const acceptedAgain = server.accepted.find(({ nanos }) => nanos > end);
  const refused = server.refusals.filter(
    ({ reset }) =>
      reset !== undefined &&
      reset.nanos > end &&
      reset.nanos <= end + REFUSAL_WINDOW &&
      (acceptedAgain === undefined || reset.nanos < acceptedAgain.nanos),
  );
  let confidence = confidenceOf(
    siblingsOf(closes, trigger, refused.length > 0),
    end - start <= TIGHT,
    refused.length > 0,
    trigger !== undefined,
  );
  if (confidence === undefined) return undefined;
  if (someoneSurvived(server, closes, end) || wasDraining(server, start)) return undefined;
  const doubts: string[] = [];
  const open = server.openAt(end + MILLISECOND);
  if (open > 0) doubts.push(`${open} of its connections showed no end at that moment`);
  if (refused.length === 0) {
    if (acceptedAgain !== undefined && acceptedAgain.nanos - end < RESTART_FLOOR) {
      doubts.push('it accepted a new connection at once: one worker of several may have died');
    }
  } else if (confidence === 'proven' && (refused[0]?.reset?.nanos ?? 0) > end + REFUSAL_SOON) {
    doubts.push('the first refused connection came long after');
  }
  for (const _ of doubts) confidence = confidence && lower(confidence);
  return confidence && { closes, trigger, refused, acceptedAgain, doubts, confidence };
}

const deathsKnown = new WeakMap<ServerFacts, readonly ServerDeath[]>();

/** The moments at which the server process seems to have ended, in time order; worked out once for each server. */
export function deathsOf(
  server: ServerFacts,
  index: Pick<CaptureIndex, 'sharedRandoms' | 'randomsComparedUntil'>,
): readonly ServerDeath[] {
  if (server.closes.length === 0 || server.transport !== 'tcp') return [];
  const known = deathsKnown.get(server);
  if (known !== undefined) return known;
  const deaths: ServerDeath[] = [];
  const copies = copiesIn(index);
  // One close that was captured twice is no burst.
  const closes = server.closes.filter(
    ({ connection }) => !copies.has(connection) && connection < index.randomsComparedUntil,
  );
  for (const burst of burstsOf(closes)) {
    // Who was open then, who was accepted behind it, and who closed with it has to be known.
    const { nanos } = burst[0];
    if (nanos <= server.completeFrom || nanos + BURST >= server.completeUntil) continue;
    const death = deathAt(server, burst);
    if (death !== undefined) deaths.push(death);
  }
  deathsKnown.set(server, deaths);
  return deaths;
}
