/**
 * What the tool delivers is what the receiver got: a conversation of one client, in as many connections as it opens, with
 * a host that takes segments by the book. The capture is taken at that host.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Arriving, plus, type Reply, TcpReceiver } from '../support/tcp-receiver.ts';
import { CLIENT, FLAG, type Node, SERVER, type Segment, Wire } from './wire.ts';

const SEED = { seed: 9293 };

/** What the client does next. Numbers are shares of what there is, so that any of them fits. */
type Step =
  | { readonly does: 'send'; readonly from: number; readonly size: number }
  | { readonly does: 'repeat-old'; readonly which: number }
  | { readonly does: 'probe' }
  | { readonly does: 'hear'; readonly size: number }
  | { readonly does: 'stray-reset'; readonly off: number }
  | { readonly does: 'stray-syn'; readonly off: number };

interface Connection {
  /** How far its initial sequence number lies beyond what was sent before. */
  readonly jump: number;
  readonly steps: readonly Step[];
  readonly end: 'fin' | 'reset' | 'crash';
}

interface Story {
  readonly first: number;
  readonly window: number;
  readonly timestamps: boolean;
  /** Which segments the capture lacks, SYNs apart: those whose count leaves 0. None of them: 0. */
  readonly lacks: number;
  readonly connections: readonly Connection[];
}

const LENGTH = 240;
const textOf = (connection: number) =>
  Array.from({ length: LENGTH }, (_, i) =>
    String.fromCharCode(33 + ((i * (connection + 2) + 31 * connection) % 93)),
  )
    .join('')
    .replaceAll('.', '~');

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    arbitrary: fc.record({
      does: fc.constant('send' as const),
      from: fc.nat(30),
      size: fc.integer({ min: 1, max: 60 }),
    }),
    weight: 8,
  },
  {
    arbitrary: fc.record({ does: fc.constant('repeat-old' as const), which: fc.nat(40) }),
    weight: 3,
  },
  { arbitrary: fc.constant({ does: 'probe' as const }), weight: 1 },
  {
    arbitrary: fc.record({
      does: fc.constant('hear' as const),
      size: fc.integer({ min: 1, max: 20 }),
    }),
    weight: 1,
  },
  {
    arbitrary: fc.record({
      does: fc.constant('stray-reset' as const),
      off: fc.integer({ min: -50, max: 50 }),
    }),
    weight: 1,
  },
  {
    arbitrary: fc.record({
      does: fc.constant('stray-syn' as const),
      off: fc.integer({ min: -300, max: 300 }),
    }),
    weight: 1,
  },
);

const story: fc.Arbitrary<Story> = fc.record({
  first: fc.constantFrom(1, 0x7fff_ff80, 0xffff_ff40),
  window: fc.constantFrom(100, 1000, 60_000),
  timestamps: fc.boolean(),
  lacks: fc.constantFrom(0, 0, 3, 7, 13),
  connections: fc.array(
    fc.record({
      jump: fc.constantFrom(1, 40, 5000, 0x1000_0000, -100, -3000, -0x1000_0000),
      steps: fc.array(step, { maxLength: 14 }),
      end: fc.constantFrom('fin' as const, 'reset' as const, 'crash' as const),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});

class Client {
  readonly wire = new Wire();
  readonly host: TcpReceiver;
  /** The stream of each connection that the host took, by the number that its SYN has. */
  readonly streams: number[] = [];
  private stream = -1;
  private readonly timestamps: boolean;
  private readonly lacks: number;
  private segments = 0;
  private now = 1000;
  private heard = 0;
  private base: number | undefined;

  constructor({ window, timestamps, lacks }: Story) {
    this.lacks = lacks;
    this.timestamps = timestamps;
    this.host = new TcpReceiver({ window, timestamps });
  }

  put(segment: Arriving): Reply[] {
    const stamped: Arriving =
      this.timestamps && segment.tsval === undefined && !segment.rst
        ? { ...segment, tsval: this.now++ }
        : segment;
    if (stamped.syn && stamped.seq !== this.base) {
      this.base = stamped.seq;
      this.stream++;
    }
    this.capture(CLIENT, SERVER, stamped);
    const replies = this.host.take(stamped);
    if (this.host.connections.length > this.streams.length) this.streams.push(this.stream);
    for (const reply of replies) this.take(reply);
    return replies;
  }

  private capture(from: Node, to: Node, segment: Arriving): void {
    if (!segment.syn && this.lacks > 0 && ++this.segments % this.lacks === 0) return;
    this.wire.send(wired(from, to, segment));
  }

  take(reply: Reply): void {
    this.capture(SERVER, CLIENT, reply);
    if (reply.ack === undefined) return;
    this.heard = plus(
      reply.seq,
      (reply.text?.length ?? 0) + (reply.syn ? 1 : 0) + (reply.fin ? 1 : 0),
    );
  }

  /** @returns whether the host answered as it must */
  open(isn: number): boolean {
    for (let attempt = 0; attempt < 3; attempt++) {
      const [answer] = this.put({ seq: isn, syn: true });
      if (answer?.syn && answer.ack === plus(isn, 1)) {
        this.put({ seq: plus(isn, 1), ack: this.heard });
        return true;
      }
      // RFC 9293 §3.10.7.3: what does not acknowledge the SYN is answered by a RST.
      if (answer?.ack !== undefined && !answer.rst) this.put({ seq: answer.ack, rst: true });
    }
    return false;
  }

  segment(seq: number, text: string): Arriving {
    return { seq, ack: this.heard, text, ...(this.timestamps ? { tsval: this.now++ } : {}) };
  }

  run(told: Story): void {
    const { first, connections } = told;
    let isn = first;
    const old: Arriving[] = [];
    connections.forEach(({ jump, steps, end }, n) => {
      if (!this.open(isn)) return;
      const text = textOf(n);
      const begin = plus(isn, 1);
      const sent: Arriving[] = [];
      let furthest = 0;
      for (const one of steps) {
        if (this.host.state !== 'ESTABLISHED') break;
        if (one.does === 'send') {
          const from = Math.max(0, Math.min(LENGTH - 1, furthest - 15 + one.from));
          // A sender keeps to the window (RFC 9293 §3.8.6).
          const room = (this.host.connections.at(-1)?.text.length ?? 0) + told.window - from;
          const size = Math.min(one.size, room);
          if (size <= 0) continue;
          const piece = this.segment(plus(begin, from), text.slice(from, from + size));
          sent.push(piece);
          furthest = Math.max(furthest, Math.min(LENGTH, from + size));
          this.put(piece);
        } else if (one.does === 'repeat-old') {
          const piece = old[one.which % Math.max(1, old.length)];
          if (piece !== undefined) this.put(piece);
        } else if (one.does === 'probe' && furthest > 0) {
          // A keep-alive with an octet that means nothing, once all was acknowledged.
          if (this.host.connections.at(-1)?.text.length === furthest)
            this.put({ ...this.segment(plus(begin, furthest - 1), '?') });
        } else if (one.does === 'hear') this.take(this.host.say('s'.repeat(one.size)));
        else if (one.does === 'stray-reset') {
          const got = this.host.connections.at(-1)?.text.length ?? 0;
          if (one.off !== 0) this.put({ seq: plus(begin, got + one.off), rst: true });
        } else if (one.does === 'stray-syn') this.put({ seq: plus(isn, one.off), syn: true });
      }
      old.splice(0, old.length, ...sent);
      if (this.host.state === 'ESTABLISHED') {
        const got = this.host.connections.at(-1)?.text.length ?? 0;
        if (end === 'fin') {
          this.put(this.segment(plus(begin, got), text.slice(got, furthest)));
          this.put({ seq: plus(begin, Math.max(got, furthest)), ack: this.heard, fin: true });
          this.put({ seq: plus(begin, Math.max(got, furthest) + 1), ack: this.heard });
        } else if (end === 'reset') this.put({ seq: plus(begin, got), ack: this.heard, rst: true });
      }
      isn = plus(begin, furthest + jump);
      // The same number twice in a row is a SYN sent again, to the tool as to Wireshark.
      if (isn === this.base) isn = plus(isn, 1);
    });
  }
}

function wired(from: Node, to: Node, segment: Arriving & { window?: number }): Segment {
  const { seq, ack, syn, fin, rst, text, tsval, window } = segment;
  const flags =
    (syn ? FLAG.syn : 0) |
    (fin ? FLAG.fin : 0) |
    (rst ? FLAG.rst : 0) |
    (ack === undefined ? 0 : FLAG.ack);
  const stamp = [tsval ?? 0].flatMap((v) => [v >>> 24, (v >>> 16) & 255, (v >>> 8) & 255, v & 255]);
  return {
    from,
    to,
    sequence: seq,
    flags,
    ...(ack === undefined ? {} : { acknowledgement: ack }),
    ...(text === undefined ? {} : { payload: text }),
    ...(window === undefined ? {} : { window }),
    ...(tsval === undefined ? {} : { options: [1, 1, 8, 10, ...stamp, 0, 0, 0, 0] }),
  };
}

/** Where what was delivered is neither what was received nor told as missing. */
function difference(delivered: string, received: string, lacks: boolean): string | undefined {
  for (let i = 0; i < Math.min(delivered.length, received.length); i++) {
    if (delivered[i] !== '.' && delivered[i] !== received[i])
      return `octet ${i}: "${delivered[i]}", received "${received[i]}"`;
  }
  if (lacks && delivered.length < received.length) return undefined;
  // Octets that wait behind a gap at the end never reached the application.
  if (delivered.length < received.length)
    return `${received.length - delivered.length} octets less`;
  const rest = delivered.slice(received.length);
  return rest === '' || rest.startsWith('.') ? undefined : `"${rest}" more than was received`;
}

describe('what is delivered', () => {
  test('is what a receiver by the book gets, over all connections of one pair of ports', () => {
    let streams = 0;
    let olds = 0;
    let challenges = 0;
    fc.assert(
      fc.property(story, (told) => {
        const client = new Client(told);
        client.run(told);
        const { wire, host } = client;
        wire.end();
        for (const [n, { text }] of host.connections.entries()) {
          const stream = client.streams[n] ?? -1;
          const [delivered] = wire.texts.get(stream) ?? ['', ''];
          streams++;
          expect(difference(delivered, text, told.lacks > 0), `stream ${stream}`).toBeUndefined();
        }
        for (const { facts } of wire.finals) {
          olds += facts.oldSegments.length;
          if (facts.challenge !== undefined) challenges++;
        }
      }),
      { ...SEED, numRuns: 1000 },
    );
    // The stories do come to what they are about.
    expect({ streams: streams > 1000, olds: olds > 100, challenges: challenges > 100 }).toEqual({
      streams: true,
      olds: true,
      challenges: true,
    });
  });
});
