import { grown } from '../bytes/columns.ts';

/** What a flow has shown. */
const REUSED = 1;
const CAME_AGAIN = 2;

/**
 * Is the order of the packets in the capture the one on the wire? Captures of two points put into one file have each packet
 * twice, and where the clocks of the points differ, in no order. A packet that comes again behind others of its flow shows it.
 * Sequence numbers put that right within a connection, but not where several shared the flow.
 */
export class FlowOrder {
  /** By flow; an octet for each, once any flow was reused. */
  private shown = new Uint8Array(0);

  /** The flow has another connection. */
  reused(flow: number): void {
    this.show(flow, REUSED);
  }

  /** A packet of the flow was seen before, and others of it since. */
  cameAgain(flow: number): void {
    this.show(flow, CAME_AGAIN);
  }

  /** Is it unknown which of its connections packets came before? */
  isUnknown(flow: number): boolean {
    return this.shown[flow] === (REUSED | CAME_AGAIN);
  }

  /** The number is that of another flow from now on. */
  forget(flow: number): void {
    if (flow < this.shown.length) this.shown[flow] = 0;
  }

  private show(flow: number, what: number): void {
    if (flow >= this.shown.length) this.shown = grown(this.shown, Math.ceil(flow * 1.5) + 1);
    this.shown[flow] = (this.shown[flow] as number) | what;
  }
}
