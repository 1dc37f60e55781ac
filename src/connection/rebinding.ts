import { LIMITS } from '../model/limits.ts';
import { type FlowDirectory, otherSide, type Side } from '../model/stream.ts';
import type { Association } from './dtls-association.ts';

/** Associations remembered for one client address and server. */
const WAYS = 4;

/**
 * Associations up to DTLS 1.2 whose client sends no connection ids, by the address of the client and the endpoint of the
 * server: an address translator may give their client another port, and nothing in the records says so. The newest ones are
 * remembered.
 */
export class Rebinding {
  private readonly flows: FlowDirectory;
  private readonly isOpen: (a: Association) => boolean;
  private places: (Association | undefined)[] | undefined;
  private turn = 0;

  constructor(flows: FlowDirectory, isOpen: (a: Association) => boolean) {
    this.flows = flows;
    this.isOpen = isOpen;
  }

  /** An association whose hellos were both seen. */
  note(a: Association, client: Side): void {
    this.places ??= new Array(LIMITS.rebindingCandidates);
    this.turn = (this.turn + 1) % WAYS;
    this.places[this.placeOf(a.flow, client) + this.turn] = a;
  }

  /**
   * The one association whose client may send from this 5-tuple now.
   *
   * @param sender side of the 5-tuple that would be the client; `fits` is asked with the client's side of the other
   */
  find(
    flow: number,
    sender: Side,
    fits: (a: Association, client: Side) => boolean,
  ): Association | undefined {
    const { places } = this;
    if (places === undefined) return undefined;
    const place = this.placeOf(flow, sender);
    let found: Association | undefined;
    for (let way = 0; way < WAYS; way++) {
      const a = places[place + way];
      const client = a && this.clientOf(a, flow, sender);
      if (a === undefined || client === undefined || a === found) continue;
      if (!this.isOpen(a) || !fits(a, client)) continue;
      if (found !== undefined) return undefined;
      found = a;
    }
    return found;
  }

  /** The client's side of an association from another port of the same address to the same server. */
  private clientOf(a: Association, flow: number, sender: Side): Side | undefined {
    const { flows } = this;
    if (a.flow === flow) return undefined;
    for (const client of [0, 1] as const) {
      if (flows.address(a.flow, client) !== flows.address(flow, sender)) continue;
      const server = flows.endpointKey(a.flow, otherSide(client));
      if (server === flows.endpointKey(flow, otherSide(sender))) return client;
    }
    return undefined;
  }

  private placeOf(flow: number, client: Side): number {
    const host = hostOf(this.flows, flow, client);
    const server = this.flows.endpointKey(flow, otherSide(client));
    const hash = mixed(mixed(0x811c9dc5, host), server);
    return ((hash >>> 0) % (LIMITS.rebindingCandidates / WAYS)) * WAYS;
  }
}

/** The endpoint without its port. */
function hostOf(flows: FlowDirectory, flow: number, side: Side): number | string {
  const key = flows.endpointKey(flow, side);
  return typeof key === 'number' ? Math.floor(key / 0x10000) : flows.address(flow, side);
}

function mixed(hash: number, key: number | string): number {
  if (typeof key === 'number')
    return Math.imul(
      Math.imul(hash ^ (key | 0), 0x01000193) ^ Math.floor(key / 0x10000),
      0x85ebca6b,
    );
  let result = hash;
  for (let i = 0; i < key.length; i++) result = Math.imul(result ^ key.charCodeAt(i), 0x01000193);
  return result;
}
