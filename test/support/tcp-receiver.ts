/**
 * A host that takes TCP segments for one pair of endpoints, as RFC 9293 §3.10.7 has it, with the answers of RFC 5961 and
 * the timestamps of RFC 7323. It shares no code with the tool: sequence numbers are counted modulo 2^32 without a sign,
 * and octets stand in a map under their numbers.
 */

export interface Arriving {
  readonly seq: number;
  readonly ack?: number;
  readonly syn?: boolean;
  readonly fin?: boolean;
  readonly rst?: boolean;
  readonly text?: string;
  readonly tsval?: number;
}

export interface Reply extends Arriving {
  readonly window: number;
}

type State = 'LISTEN' | 'SYN-RECEIVED' | 'ESTABLISHED' | 'LAST-ACK' | 'TIME-WAIT';

/** One connection as the receiver had it. */
export interface Received {
  /** The sequence number of the SYN that it took. */
  readonly isn: number;
  text: string;
}

const MODULUS = 2 ** 32;
const HALF = 2 ** 31;
export const plus = (a: number, b: number): number => (a + b + MODULUS) % MODULUS;
/** How far `a` is beyond `b`, negative if it lies before. */
export const beyond = (a: number, b: number): number => {
  const difference = (a - b + MODULUS) % MODULUS;
  return difference >= HALF ? difference - MODULUS : difference;
};

export class TcpReceiver {
  state: State = 'LISTEN';
  readonly connections: Received[] = [];
  private readonly window: number;
  private readonly timestamps: boolean;
  private irs = 0;
  private rcvNxt = 0;
  private sndUna = 0;
  sndNxt = 0;
  private iss = 5000;
  private recent = 0;
  private readonly early = new Map<number, string>();
  private finAt: number | undefined;
  private clock = 1_000_000;

  constructor(options: { window: number; timestamps: boolean }) {
    this.window = options.window;
    this.timestamps = options.timestamps;
  }

  /** @returns what it sends in answer */
  take(segment: Arriving): Reply[] {
    if (this.state === 'LISTEN') return this.listen(segment);
    const { seq, ack, syn = false, fin = false, rst = false, text = '', tsval } = segment;
    if (this.state === 'TIME-WAIT' && syn && ack === undefined && this.mayReopen(segment))
      return this.listen(segment);
    // RFC 7323 §5.3: PAWS comes first, and spares RSTs.
    if (this.timestamps && !rst && !syn && tsval !== undefined) {
      if (beyond(tsval, this.recent) < 0) return [this.acknowledge()];
    }
    const length = text.length + (syn ? 1 : 0) + (fin ? 1 : 0);
    if (!this.isAcceptable(seq, length)) {
      if (this.state === 'SYN-RECEIVED' && syn && seq === this.irs) return [this.synAck()];
      return rst ? [] : [this.acknowledge()];
    }
    if (rst) {
      if (seq !== this.rcvNxt) return [this.acknowledge()];
      this.state = 'LISTEN';
      return [];
    }
    if (syn) return [this.acknowledge()];
    if (ack === undefined) return [];
    if (this.state === 'SYN-RECEIVED') {
      if (ack !== this.sndNxt) return [{ seq: ack, rst: true, window: 0 }];
      this.state = 'ESTABLISHED';
    }
    if (beyond(ack, this.sndNxt) > 0) return [this.acknowledge()];
    if (beyond(ack, this.sndUna) < -this.window) return [this.acknowledge()];
    if (beyond(ack, this.sndUna) > 0) this.sndUna = ack;
    if (this.timestamps && tsval !== undefined && beyond(seq, this.rcvNxt) <= 0)
      this.recent = Math.max(this.recent, tsval);
    if (this.state === 'LAST-ACK' && ack === this.sndNxt) {
      this.state = 'TIME-WAIT';
      return [];
    }
    if (length === 0) return [];
    return this.payload(seq, text, fin);
  }

  /** The application sends. */
  say(text: string): Reply {
    const reply = { ...this.acknowledge(), seq: this.sndNxt, text };
    this.sndNxt = plus(this.sndNxt, text.length);
    return reply;
  }

  private listen({ seq, ack, syn = false, rst = false, tsval }: Arriving): Reply[] {
    if (rst) return [];
    if (ack !== undefined) return [{ seq: ack, rst: true, window: 0 }];
    if (!syn) return [];
    this.irs = seq;
    this.rcvNxt = plus(seq, 1);
    this.iss = plus(this.iss, 777_777_777);
    this.sndUna = this.iss;
    this.sndNxt = plus(this.iss, 1);
    this.recent = tsval ?? 0;
    this.early.clear();
    this.finAt = undefined;
    this.state = 'SYN-RECEIVED';
    this.connections.push({ isn: seq, text: '' });
    return [this.synAck()];
  }

  /** RFC 6191 §2, RFC 9293 §3.6.1: the new numbers or the new time must lie beyond the old. */
  private mayReopen({ seq, tsval }: Arriving): boolean {
    if (this.timestamps && tsval !== undefined) return beyond(tsval, this.recent) > 0;
    return beyond(seq, this.rcvNxt) > 0;
  }

  private isAcceptable(seq: number, length: number): boolean {
    const inWindow = (n: number) => {
      const at = beyond(n, this.rcvNxt);
      return at >= 0 && at < this.window;
    };
    return length === 0 ? inWindow(seq) : inWindow(seq) || inWindow(plus(seq, length - 1));
  }

  private payload(seq: number, text: string, fin: boolean): Reply[] {
    [...text].forEach((octet, i) => {
      const at = plus(seq, i);
      const place = beyond(at, this.rcvNxt);
      if (place >= 0 && place < this.window && !this.early.has(at)) this.early.set(at, octet);
    });
    if (fin) this.finAt = plus(seq, text.length);
    const connection = this.connections.at(-1);
    for (;;) {
      const octet = this.early.get(this.rcvNxt);
      if (octet === undefined || connection === undefined) break;
      this.early.delete(this.rcvNxt);
      connection.text += octet;
      this.rcvNxt = plus(this.rcvNxt, 1);
    }
    if (this.state === 'ESTABLISHED' && this.finAt === this.rcvNxt) {
      this.rcvNxt = plus(this.rcvNxt, 1);
      this.state = 'LAST-ACK';
      const farewell = { ...this.acknowledge(), fin: true };
      this.sndNxt = plus(this.sndNxt, 1);
      return [farewell];
    }
    return [this.acknowledge()];
  }

  private synAck(): Reply {
    return { ...this.acknowledge(), seq: this.iss, syn: true };
  }

  private acknowledge(): Reply {
    return {
      seq: this.sndNxt,
      ack: this.rcvNxt,
      window: this.window,
      ...(this.timestamps ? { tsval: this.clock++ } : {}),
    };
  }
}
