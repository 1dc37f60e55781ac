import type { At, Endpoint, Role } from '../model/history.ts';
import { otherSide, type Side, type TcpConnectionView } from '../model/stream.ts';
import type { TcpFacts } from '../model/tcp-facts.ts';
import type { SaidFact, UpgradeFact } from '../model/upgrade.ts';
import type { Upgrade } from '../tls/plain-talks.ts';
import type { Placement } from './placement.ts';

/** What the record stage knows of octets that were no TLS. */
export interface PlainParts {
  /** First octets of a direction that was never recognised. */
  plaintextStart(row: number, side: Side): Uint8Array | undefined;
  upgrade(row: number): Upgrade | undefined;
}

/** Where a TLS connection lies on its TCP connection. */
export class TcpPlacement implements Placement {
  readonly protocol = 'TLS' as const;
  readonly transport = 'tcp' as const;
  readonly stream: number;
  readonly first: At;
  readonly last: At;
  readonly initiator: Side | undefined;
  readonly ended: boolean;
  private readonly view: TcpConnectionView;
  private readonly plain: PlainParts;
  private readonly upgraded: Upgrade | undefined;
  private readonly saidGoodbye: (side: Side) => boolean;

  /** @param saidGoodbye did this side send a record that may be a closing alert last? */
  constructor(view: TcpConnectionView, plain: PlainParts, saidGoodbye: (side: Side) => boolean) {
    this.saidGoodbye = saidGoodbye;
    this.view = view;
    this.plain = plain;
    this.upgraded = plain.upgrade(view.row);
    this.stream = view.stream;
    this.first = view.first;
    this.last = view.last;
    this.initiator = view.initiator;
    this.ended = view.isEnded;
  }

  endpoint(side: Side): Endpoint {
    return this.view.endpoint(side);
  }

  address(side: Side): string {
    return this.view.address(side);
  }

  port(side: Side): number {
    return this.view.port(side);
  }

  /** 1 still open; 2 closed by FINs, the first of them behind a record that may be a closing alert. */
  ordinaryClosing(): number {
    const { view } = this;
    // Rules look at how TLS began.
    if (view.isRemarkable || this.isOrderUnknown || this.upgraded !== undefined) return 0;
    if (!view.isEnded) return 1;
    if (view.isReset) return 0;
    const first = view.firstFinSide;
    return first !== undefined && this.saidGoodbye(first) ? 2 : 0;
  }

  readonly isVerified = false;
  readonly isRemarked = false;

  get isClosedByBoth(): boolean {
    return this.saidGoodbye(0) && this.saidGoodbye(1);
  }

  get isResetAfterClose(): boolean {
    return this.view.isReset && (this.saidGoodbye(0) || this.saidGoodbye(1));
  }

  get flow(): number {
    return this.view.flow;
  }

  get isHoled(): boolean {
    return this.view.isHoled;
  }

  get isOrderUnknown(): boolean {
    return this.view.isOrderUnknown || this.view.isBehindAnswer;
  }

  heard(side: Side): boolean {
    return this.view.isHeard(side);
  }

  lastEpoch(): number {
    return 0;
  }

  lastSequence(): number {
    return 0;
  }

  endPacket(side: Side): number {
    return this.view.endPacket(side);
  }

  get segmentSize(): number {
    return this.view.segmentSize;
  }

  lastFrom(side: Side): At | undefined {
    return this.view.lastData(side);
  }

  answeredClose(): undefined {
    return undefined;
  }

  tcp(client: Side): TcpFacts {
    const facts = this.view.facts(client);
    return {
      ...facts,
      plaintextStart: {
        client: this.plain.plaintextStart(this.view.row, client),
        server: this.plain.plaintextStart(this.view.row, otherSide(client)),
      },
    };
  }

  dtls(): undefined {
    return undefined;
  }

  upgrade(client: Side): UpgradeFact | undefined {
    return this.upgraded && upgradeFact(this.upgraded, client);
  }
}

/** How a connection came to TLS, told by the roles of its sides. */
export function upgradeFact(upgrade: Upgrade, client: Side): UpgradeFact {
  const { asker, request, answer, pipelined, instead, ...rest } = upgrade;
  const roleOf = (side: Side): Role => (side === client ? 'client' : 'server');
  const said = (one: Upgrade['instead']): SaidFact | undefined =>
    one && { packet: one.packet, nanos: one.nanos, from: roleOf(one.side), line: one.line };
  const answered = said(answer);
  return {
    ...rest,
    request: request && { packet: request.packet, nanos: request.nanos },
    answer: answered && { ...answered, agreed: answer?.agreed },
    pipelined: said(pipelined),
    instead: said(instead),
  };
}
