import type { At, Endpoint } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import { type FlowDirectory, otherSide, type Side } from '../model/stream.ts';
import type { Association } from './dtls-association.ts';
import { AssociationFacts } from './dtls-facts.ts';
import type { DtlsTracker } from './dtls-tracker.ts';
import type { Placement } from './placement.ts';

/** Where an association lies on its flow. */
export class UdpPlacement implements Placement {
  readonly segmentSize = 0;
  readonly protocol = 'DTLS' as const;
  readonly transport: 'tcp' | 'udp';
  readonly stream: number;
  readonly first: At;
  readonly last: At;
  readonly initiator = undefined;
  readonly isHoled = false;
  readonly isOrderUnknown = false;
  readonly ended: boolean;
  private readonly tracker: DtlsTracker;
  private readonly flows: FlowDirectory;
  private readonly association: Association;
  private readonly siblings: readonly number[];

  constructor(
    tracker: DtlsTracker,
    flows: FlowDirectory,
    association: Association,
    siblings: readonly number[],
  ) {
    this.tracker = tracker;
    this.flows = flows;
    this.association = association;
    this.siblings = siblings;
    this.stream = flows.streamOf(association.flow);
    this.transport = flows.isOverTcp(association.flow) ? 'tcp' : 'udp';
    this.first = { packet: association.firstPacket, nanos: association.firstNanos };
    this.last = association.last;
    this.ended = isClosed(association) || this.isUnreachable();
  }

  endpoint(side: Side): Endpoint {
    return this.flows.endpoint(this.association.flow, side);
  }

  address(side: Side): string {
    return this.flows.address(this.association.flow, side);
  }

  port(side: Side): number {
    return this.flows.port(this.association.flow, side);
  }

  /** 1 open or closed by one side, 2 by both without delay; alone on its 5-tuple and without anything noted. */
  ordinaryClosing(): number {
    const { association } = this;
    if (this.siblings.length > 1 || this.tracker.anomalies.find(association) !== undefined)
      return 0;
    if (association.ids !== undefined || association.continues !== undefined) return 0;
    const [a, b] = association.sides;
    if (a.closePacket === 0 || b.closePacket === 0) return 1;
    return Math.abs(a.closeNanos - b.closeNanos) <= LIMITS.promptAnswerNanos ? 2 : 0;
  }

  readonly isResetAfterClose = false;

  get isClosedByBoth(): boolean {
    const [a, b] = this.association.sides;
    return a.closePacket !== 0 && b.closePacket !== 0;
  }

  get isVerified(): boolean {
    return this.association.cookie !== 0;
  }

  get isRemarked(): boolean {
    const { anomalies, flights } = this.tracker;
    return anomalies.find(this.association) !== undefined || flights.has(this.association);
  }

  get flow(): number {
    return this.association.flow;
  }

  heard(side: Side): boolean {
    const half = this.association.sides[side];
    return half.clearCount > 0 || half.protectedCount > 0 || half.others > 0;
  }

  lastEpoch(side: Side): number {
    return this.association.sides[side].epoch;
  }

  lastSequence(side: Side): number {
    return this.association.sides[side].lastSequence;
  }

  endPacket(): number {
    return 0;
  }

  /** ICMP said so of one side, and nothing came from it since. */
  private isUnreachable(): boolean {
    const { unreachable = [] } = this.tracker.anomalies.find(this.association) ?? {};
    return unreachable.some(({ side, packet }) => packet > (this.lastFrom(side)?.packet ?? 0));
  }

  lastFrom(side: Side): At | undefined {
    const half = this.association.sides[side];
    if (half.protectedCount > 0) return { packet: half.lastPacket, nanos: half.lastNanos };
    return half.clearCount > 0
      ? { packet: half.clearLastPacket, nanos: half.clearLastNanos }
      : undefined;
  }

  answeredClose(client: Side): { packet: number; lateNanos: number } | undefined {
    const mine = this.association.sides[client];
    const theirs = this.association.sides[otherSide(client)];
    if (mine.closePacket === 0 || theirs.closePacket === 0 || mine.closeNanos < theirs.closeNanos)
      return undefined;
    return { packet: mine.closePacket, lateNanos: mine.closeNanos - theirs.closeNanos };
  }

  tcp(): undefined {
    return undefined;
  }

  upgrade(): undefined {
    return undefined;
  }

  dtls(client: Side): AssociationFacts {
    return new AssociationFacts(this.tracker, this.flows, this.association, client, this.siblings);
  }
}

/** Has either side sent what may be a closing alert? */
export function isClosed({ sides: [a, b] }: Association): boolean {
  return a.closePacket !== 0 || b.closePacket !== 0;
}
