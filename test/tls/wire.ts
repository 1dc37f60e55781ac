/**
 * A wire for the TLS stage: octets of two directions in, events out, one line of text for each. `c record 22 0301 50 clear
 * @1-2` is a complete record of the client with its type, version and length, whose content was read, in packets 1 to 2.
 */
import type { CaptureNotice } from '../../src/model/notice.ts';
import type { Protection, TlsSink } from '../../src/model/record.ts';
import type { Side } from '../../src/model/stream.ts';
import { TlsStreams } from '../../src/tls/tls-streams.ts';
import {
  clientHello,
  concat,
  filled,
  handshakeMessage,
  serverHello,
  tlsRecord,
} from '../support/hello-builder.ts';

export type Who = 'c' | 's';

export interface Event {
  /** Without packet numbers. */
  readonly what: string;
  readonly first: number;
  readonly packet: number;
}

export class TlsWire {
  readonly all: Event[] = [];
  readonly notices: CaptureNotice[] = [];
  /** First octets of each record's fragment, as they were told: at most 16. */
  readonly heads: string[] = [];
  /** Octets of plaintext handshake records of each side, in hexadecimal. */
  readonly clear = ['', ''];
  readonly tls: TlsStreams;
  packets = 0;

  constructor(behindCcs: Protection = 'protected', keepsBodies = false) {
    const tell = (side: Side, what: string, packet: number, first = packet) =>
      this.all.push({ what: `${side === 0 ? 'c' : 's'} ${what}`, first, packet });
    const sink: TlsSink = {
      sealed: (_row, side, type, _version, bytes, start, end, packet) => {
        const body = Buffer.from(bytes.subarray(start, end)).toString('hex');
        tell(side, `sealed ${type} ${body}`, packet);
      },
      handshakeOctets: (_row, side, _begins, bytes, start, end) => {
        this.clear[side] += Buffer.from(bytes.subarray(start, end)).toString('hex');
      },
      recognised: (_row, side, packet) => tell(side, 'recognised', packet),
      record: (_row, side, type, version, length, plain, bytes, start, end, first, packet) => {
        this.heads.push(
          Buffer.from(bytes.subarray(start, Math.min(end, start + 16))).toString('hex'),
        );
        tell(
          side,
          `record ${type} ${version.toString(16).padStart(4, '0')} ${length}${plain ? ' clear' : ''}`,
          packet,
          first,
        );
      },
      message: (_row, side, type, length, bytes, start, end, packet) => {
        const body = Buffer.from(bytes.subarray(start, end)).toString('hex');
        tell(side, `message ${type} ${length}${body === '' ? '' : ` ${digest(body)}`}`, packet);
      },
      alert: (_row, side, level, description, packet) =>
        tell(side, `alert ${level} ${description}`, packet),
      changeCipherSpec: (_row, side, packet) => {
        tell(side, 'ccs', packet);
        return behindCcs;
      },
      ssl2Hello: (_row, side, answer, length, octets, packet) => {
        const whole = answer || octets.length === length;
        tell(side, `ssl2 ${answer ? 'answer ' : ''}${length}${whole ? '' : ' incomplete'}`, packet);
      },
      ssl2Record: (_row, side, length, head) =>
        tell(side, `ssl2 record ${length} ${Buffer.from(head).toString('hex')}`, 0),
      notARecord: (_row, side, octets, packet) =>
        tell(side, `not a record ${Buffer.from(octets).toString('latin1')}`, packet),
      lostOctets: (_row, side, length, boundaries, packet) =>
        tell(side, `lost ${length}${boundaries ? '' : ' with boundaries'}`, packet),
    };
    this.tls = new TlsStreams(sink, {
      notice: (notice) => {
        this.notices.push(notice);
        this.all.push({ what: `! ${notice.code}`, first: 0, packet: notice.packetNumber });
      },
    });
    if (keepsBodies) this.tls.keepBodies();
  }

  /** One segment after the other. */
  send(who: Who, ...segments: readonly Uint8Array[]): this {
    for (const segment of segments) {
      // Octets around the segment belong to others.
      const block = concat(filled(3, 0x16), segment, filled(9, 0x01));
      const packet = ++this.packets;
      this.tls.octets(0, who === 'c' ? 0 : 1, block, 3, 3 + segment.length, packet, packet);
      block.fill(0xee);
    }
    return this;
  }

  gap(who: Who, length: number): this {
    const packet = ++this.packets;
    this.tls.gap(0, who === 'c' ? 0 : 1, length, packet, packet);
    return this;
  }

  get events(): string[] {
    return this.all.map(({ what, first, packet }) =>
      first === packet || first === 0 ? `${what} @${packet}` : `${what} @${first}-${packet}`,
    );
  }

  /** Without packets. */
  get lines(): string[] {
    return this.all.map(({ what }) => what);
  }
}

/** Enough of a body to tell it from others. */
export const digest = (hex: string) => `${hex.slice(0, 8)}…${hex.length / 2}`;

export const TYPE = { ccs: 20, alert: 21, handshake: 22, data: 23, heartbeat: 24 } as const;

/** Handshake message, record and common records. */
export const message = handshakeMessage;
export const record = tlsRecord;
export const handshake = (...messages: readonly Uint8Array[]) =>
  tlsRecord(TYPE.handshake, 0x0303, concat(...messages));
export const hello = message(1, clientHello());
export const answer = message(2, serverHello());
export const HELLO = tlsRecord(TYPE.handshake, 0x0301, hello);
export const ANSWER = handshake(answer);
export const CCS = tlsRecord(TYPE.ccs, 0x0303, Uint8Array.of(1));
/** Ciphertext: no message type that exists, no length that agrees. */
export const sealed = (length: number, type: number = TYPE.data) =>
  tlsRecord(type, 0x0303, filled(length, 0x9b));
export const alert = (level: number, description: number) =>
  tlsRecord(TYPE.alert, 0x0303, Uint8Array.of(level, description));

/** What is told of the two hellos, and their records. */
export const CLIENT_HELLO = [
  'c recognised',
  'c message 1 43 0303c1c1…43',
  'c record 22 0301 47 clear',
];
export const SERVER_HELLO = [
  's recognised',
  's message 2 38 03035e5e…38',
  's record 22 0303 42 clear',
];

/** What is told behind the two hellos, which are packets 1 and 2. */
export function behindHellos(act: (wire: TlsWire) => void, behindCcs?: Protection): string[] {
  const wire = new TlsWire(behindCcs).send('c', HELLO).send('s', ANSWER);
  const hellos = wire.all.length;
  act(wire);
  return wire.events.slice(hellos);
}
