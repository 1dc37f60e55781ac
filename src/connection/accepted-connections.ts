import { grown } from '../bytes/columns.ts';
import type { Nanos } from '../model/time.ts';

/** A SYN-ACK: the server that sent it, by number, and when the connection ended that it opened. */
export interface Accepted {
  readonly server: number;
  readonly packet: number;
  readonly nanos: Nanos;
  readonly endNanos: Nanos;
}

/** The connections that servers accepted last, as columns in a ring. */
export class AcceptedConnections {
  private readonly limit: number;
  private servers = new Int32Array(64);
  private packets = new Int32Array(64);
  private nanos = new Float64Array(64);
  private ends = new Float64Array(64);
  private next = 0;
  private count = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** @returns the one that gives way to it */
  add(server: number, packet: number, nanos: Nanos, endNanos: Nanos): Accepted | undefined {
    if (this.count === this.packets.length && this.count < this.limit) this.grow();
    const at = this.next;
    const former = this.count === this.limit ? this.at(at) : undefined;
    this.servers[at] = server;
    this.packets[at] = packet;
    this.nanos[at] = nanos;
    this.ends[at] = endNanos;
    this.next = (at + 1) % this.limit;
    if (former === undefined) this.count++;
    return former;
  }

  get size(): number {
    return this.count;
  }

  serverAt(at: number): number {
    return this.servers[at] as number;
  }

  /** @param at below `size` */
  at(at: number): Accepted {
    return {
      server: this.servers[at] as number,
      packet: this.packets[at] as number,
      nanos: this.nanos[at] as number,
      endNanos: this.ends[at] as number,
    };
  }

  private grow(): void {
    const length = Math.min(this.limit, this.count * 2);
    this.servers = grown(this.servers, length);
    this.packets = grown(this.packets, length);
    this.nanos = grown(this.nanos, length);
    this.ends = grown(this.ends, length);
  }
}
