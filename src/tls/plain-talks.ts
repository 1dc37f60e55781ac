/**
 * What was said on TCP connections before TLS began on them: keeps the present turn of each side, finds requests for TLS
 * and their answers, and says in the end how a connection came to TLS, or that it did not.
 */
import { grown } from '../bytes/columns.ts';
import { LIMITS } from '../model/limits.ts';
import type { Side } from '../model/stream.ts';
import type { ProxiedEnds, UpgradeProtocol } from '../model/upgrade.ts';
import { textOf } from './codec/text.ts';
import { proxiedEnds, proxyHeaderLength } from './proxy-header.ts';
import { type Dialect, mayAsk, SIGNS, type Sign, type Turn } from './upgrade-signs.ts';

/** Octets that are kept of a turn. Requests take 30, and what counts of a CONNECT is its first line. */
const TURN_OCTETS = 256;
/** Of a line that is quoted. */
const LINE_LENGTH = 80;

interface Place {
  readonly packet: number;
  readonly nanos: number;
}

/** What a side said; the text may hold passwords and leaves this file only as `lineOf` makes it. */
interface Spoken extends Place {
  readonly side: Side;
  readonly text: string;
}

interface Said extends Place {
  readonly side: Side;
  readonly line: string;
}

interface Asked extends Place {
  readonly side: Side;
  readonly sign: Sign;
  readonly text: string;
  readonly target: { readonly host: string; readonly port: number } | undefined;
  /** What its sender said behind the request in the same turn. */
  readonly rest: string;
}

/** The present turn of a side. */
class Words {
  readonly octets = new Uint8Array(TURN_OCTETS);
  have = 0;
  /** Octets of the turn, kept or not. */
  length = 0;
  packet = 0;
  nanos = 0;

  begin(packet: number, nanos: number): void {
    this.have = 0;
    this.length = 0;
    this.packet = packet;
    this.nanos = nanos;
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    const taken = Math.min(end - start, TURN_OCTETS - this.have);
    if (taken > 0) this.octets.set(bytes.subarray(start, start + taken), this.have);
    this.have += taken;
    this.length += end - start;
  }

  get turn(): Turn {
    const octets = this.octets.subarray(0, this.have);
    return { octets, text: textOf(octets), whole: this.have === this.length };
  }
}

/** What is kept of one connection; objects serve one after the other. */
class Talk {
  readonly words = [new Words(), new Words()] as const;
  /** So much was said that no request is looked for any more. */
  isOver = false;
  speaker: Side | undefined;
  /** Octets of each side before TLS began. */
  readonly octets = [0, 0];
  isLmtp = false;
  asked: Asked | undefined;
  answer: Spoken | undefined;
  /** TLS had begun by then: its client did not wait. */
  isAnsweredLate = false;
  proxied: ProxiedEnds | undefined;
  hasGaps = false;
  /** TLS began. */
  began = false;
  /** It began with a hello, so that what came before was no part of records. */
  client: Side | undefined;
  instead: Spoken | undefined;

  clear(): void {
    this.isOver = false;
    this.speaker = undefined;
    this.octets.fill(0);
    this.isLmtp = false;
    this.asked = undefined;
    this.answer = undefined;
    this.isAnsweredLate = false;
    this.proxied = undefined;
    this.hasGaps = false;
    this.began = false;
    this.client = undefined;
    this.instead = undefined;
  }
}

/** As `UpgradeFact`, by sides. */
export interface Upgrade {
  readonly protocol: UpgradeProtocol;
  /** Who asked; undefined where no request was seen. */
  readonly asker: Side | undefined;
  readonly request: Place | undefined;
  readonly answer: (Said & { readonly agreed: boolean | undefined }) | undefined;
  readonly pipelined: Said | undefined;
  readonly instead: Said | undefined;
  readonly hasGaps: boolean;
  readonly target: Asked['target'];
  readonly proxied: ProxiedEnds | undefined;
}

const DROPPED = 1;
const DROPPED_BEFORE_TLS = 2;

export class PlainTalks {
  /** By row of the TCP connection, the oldest first. */
  private readonly talks = new Map<number, Talk>();
  private readonly spare: Talk[] = [];
  /** By row, where something was said that gave way to others, so that what it was is not known any more. */
  private dropped = new Uint8Array(0);

  get size(): number {
    return this.talks.size;
  }

  /** Octets of a direction that is not TLS (so far). */
  said(
    row: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
  ): void {
    const talk = this.talks.get(row) ?? this.begin(row);
    const { octets } = talk;
    let from = start;
    if (octets[0] === 0 && octets[1] === 0) {
      from += proxyHeaderLength(bytes, start, end);
      if (from > start) talk.proxied = proxiedEnds(bytes, start, from);
    }
    if (!talk.began) {
      octets[side] = (octets[side] as number) + end - start;
      if ((octets[0] as number) + (octets[1] as number) > LIMITS.plainTalkOctets) {
        talk.isOver = true;
        talk.asked = undefined;
        talk.answer = undefined;
      }
    }
    if (talk.isOver || from === end) return;
    const own = talk.words[side];
    if (talk.speaker !== side) {
      if (talk.speaker !== undefined) this.turnEnds(talk, talk.speaker);
      talk.speaker = side;
      own.begin(packet, nanos);
    }
    own.add(bytes, from, end);
    if (talk.began && talk.instead === undefined && !awaits(talk, side))
      talk.instead = {
        side,
        packet,
        nanos,
        text: textOf(bytes, from, Math.min(end, from + TURN_OCTETS)),
      };
  }

  /** TLS begins on the connection; `client` is who sends or gets the hello, undefined where it begins with no hello. */
  begins(row: number, client: Side | undefined): void {
    const talk = this.talks.get(row);
    if (this.dropped[row] === DROPPED) this.dropped[row] = DROPPED_BEFORE_TLS;
    if (talk === undefined) return;
    if (talk.speaker !== undefined) this.turnEnds(talk, talk.speaker);
    talk.speaker = undefined;
    if (talk.began) return;
    talk.began = true;
    talk.client = client;
  }

  lost(row: number): void {
    const talk = this.talks.get(row);
    if (talk !== undefined && !talk.began) talk.hasGaps = true;
  }

  forget(row: number): void {
    if (row < this.dropped.length) this.dropped[row] = 0;
    const talk = this.talks.size > 0 ? this.talks.get(row) : undefined;
    if (talk === undefined) return;
    this.talks.delete(row);
    if (this.spare.length >= LIMITS.spareRooms) return;
    talk.clear();
    this.spare.push(talk);
  }

  /** Undefined where there was neither a request nor TLS behind something else. */
  upgrade(row: number): Upgrade | undefined {
    const talk = this.talks.get(row);
    if (this.dropped[row] === DROPPED_BEFORE_TLS)
      return {
        ...NOTHING,
        protocol: 'other',
        proxied: undefined,
        instead: undefined,
        hasGaps: true,
      };
    if (talk === undefined) return undefined;
    if (talk.speaker !== undefined) this.turnEnds(talk, talk.speaker);
    const { asked, answer, proxied, hasGaps } = talk;
    const client = asked?.side ?? talk.client;
    const instead = talk.instead && said(talk.instead, client);
    if (asked === undefined) {
      const protocol = proxied !== undefined ? 'proxy-protocol' : 'other';
      if (!talk.began) return undefined;
      // A greeting of the server alone is no upgrade: its client began with TLS.
      const spoke = talk.client === undefined ? 0 : talk.octets[talk.client];
      if (spoke === 0 && proxied === undefined) return undefined;
      return { ...NOTHING, protocol, proxied, instead, hasGaps };
    }
    const { dialect, agreed } = dialectOf(talk, asked);
    // What is no answer to the request answers the ClientHello.
    const isOther = answer !== undefined && talk.isAnsweredLate && agreed === undefined;
    return {
      protocol: dialect.protocol === 'smtp' && talk.isLmtp ? 'lmtp' : dialect.protocol,
      asker: asked.side,
      request: { packet: asked.packet, nanos: asked.nanos },
      answer: answer && !isOther ? { ...said(answer, client), agreed } : undefined,
      pipelined: agreed ? pipelined(asked, answer, dialect) : undefined,
      instead: isOther ? said(answer, client) : instead,
      hasGaps,
      target: asked.target,
      proxied,
    };
  }

  private begin(row: number): Talk {
    if (this.talks.size >= LIMITS.plainTalks) {
      const [oldest] = this.talks.keys();
      if (oldest !== undefined) this.drop(oldest);
    }
    const talk = this.spare.pop() ?? new Talk();
    this.talks.set(row, talk);
    return talk;
  }

  private drop(row: number): void {
    const began = this.talks.get(row)?.began === true;
    this.forget(row);
    if (row >= this.dropped.length) this.dropped = grown(this.dropped, 2 * (row + 1));
    this.dropped[row] = began ? DROPPED_BEFORE_TLS : DROPPED;
  }

  /** A side has said what it had to say: was it a request, or the answer to one? */
  private turnEnds(talk: Talk, side: Side): void {
    const words = talk.words[side];
    const { octets, have, packet, nanos } = words;
    if (talk.isOver || have === 0) return;
    if (have > 3 && octets[0] === 0x4c && octets[1] === 0x48 && octets[2] === 0x4c)
      talk.isLmtp = true;
    if (talk.asked !== undefined && talk.asked.side !== side) {
      if (talk.answer !== undefined) return;
      const { text } = words.turn;
      talk.answer = { side, packet, nanos, text };
      talk.isAnsweredLate = talk.began;
      return;
    }
    if (talk.began) return;
    if (!mayAsk(octets, have)) return;
    const { turn } = words;
    for (const sign of SIGNS) {
      const found = sign.asks(turn);
      if (found === undefined) continue;
      const rest = turn.text.slice(found.end);
      talk.asked = { side, sign, packet, nanos, text: turn.text, target: found.target, rest };
      talk.answer = undefined;
      return;
    }
  }
}

/** A client that did not wait asked for TLS, and this is the other side. */
const awaits = ({ asked, answer }: Talk, side: Side): boolean =>
  asked !== undefined && asked.side !== side && answer === undefined;

const NOTHING = {
  asker: undefined,
  request: undefined,
  answer: undefined,
  pipelined: undefined,
  target: undefined,
} as const;

/** Several have the command, and nothing tells which it is. */
const ANY: Dialect = { protocol: 'other', answers: () => undefined };

/** Which protocol it is, and what the answer says in it. */
function dialectOf(
  { answer }: Talk,
  { sign, text }: Asked,
): { readonly dialect: Dialect; readonly agreed: boolean | undefined } {
  const { dialects } = sign;
  const [first] = dialects as readonly [Dialect];
  const guess = dialects.length === 1 ? first : dialects.find(({ hint }) => hint?.test(text));
  if (answer === undefined) return { dialect: guess ?? ANY, agreed: undefined };
  const says = dialects.map((dialect) => ({ dialect, agreed: dialect.answers(answer.text) }));
  // Mail servers refuse with numbers that others have too: whoever has one of its own comes first.
  const own = says.slice(1).find(({ agreed }) => agreed !== undefined);
  return (
    own ??
    says.find(({ agreed }) => agreed !== undefined) ?? { dialect: guess ?? ANY, agreed: undefined }
  );
}

/** Plain text behind the request, sent before its answer was there; or behind the consent. */
function pipelined(asked: Asked, answer: Talk['answer'], { consent }: Dialect): Said | undefined {
  if (consent === undefined || answer === undefined) return undefined;
  const { side, packet, nanos } = asked;
  if (asked.rest.trim() !== '') return said({ side, packet, nanos, text: asked.rest }, side);
  const found = consent.exec(answer.text);
  const rest = found === null ? '' : answer.text.slice(found[0].length);
  return rest.trim() === '' ? undefined : said({ ...answer, text: rest }, side);
}

/** What may be quoted: a server's first line, of a client no more than its command. */
function said({ side, packet, nanos, text }: Spoken, client: Side | undefined): Said {
  return {
    side,
    packet,
    nanos,
    line: client === undefined || side === client ? commandOf(text) : lineOf(text),
  };
}

/** The first line; empty where it is no text. */
function lineOf(text: string): string {
  const [line = ''] = text.trimStart().split(/[\r\n]/, 1);
  return /^[\x20-\x7e]*$/.test(line) ? line.slice(0, LINE_LENGTH) : '';
}

/** Behind it may stand a password. Other words may be one themselves. */
const COMMAND =
  /^\s*(?:[A-Za-z]*\d+ )?(AUTH(?:ENTICATE)?|CAPA(?:BILITY)?|CONNECT|DATA|EHLO|GET|HEAD|HELO|LHLO|LIST|LOGIN|LOGOUT|MAIL|NOOP|OPTIONS|PASS|POST|PUT|QUIT|RCPT|RSET|SELECT|STARTTLS|USER)\b/i;

function commandOf(text: string): string {
  return COMMAND.exec(text)?.[1]?.toUpperCase() ?? '';
}
