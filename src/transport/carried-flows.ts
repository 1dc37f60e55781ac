import { LIMITS } from '../model/limits.ts';
import type { FlowTable } from './flow-table.ts';

/** Says where a connection that is not final lies. */
interface Places {
  placeOf(row: number): { readonly flow: number; readonly stream: number };
}

/** The flows that TCP connections have whose octets are frames with datagrams; each connection has one of its own. */
export class CarriedFlows {
  private readonly tcp: Places;
  private readonly outer: FlowTable;
  private readonly flows: FlowTable;
  private readonly byRow = new Map<number, number>();
  private count = 0;

  /** @param outer the flows of TCP. @param flows those of UDP, which the new ones are added to */
  constructor(tcp: Places, outer: FlowTable, flows: FlowTable) {
    this.tcp = tcp;
    this.outer = outer;
    this.flows = flows;
  }

  /** @returns the flow of a connection that is not final; -1 beyond `LIMITS.carriedFlows` */
  of(row: number): number {
    const known = this.byRow.get(row);
    if (known !== undefined) return known;
    const added = this.count < LIMITS.carriedFlows ? this.add(row) : -1;
    this.byRow.set(row, added);
    return added;
  }

  /** The connection is final. */
  forget(row: number): void {
    if (this.byRow.size > 0) this.byRow.delete(row);
  }

  private add(row: number): number {
    this.count++;
    const { flow, stream } = this.tcp.placeOf(row);
    return this.flows.addCarried(this.outer, flow, stream);
  }
}
