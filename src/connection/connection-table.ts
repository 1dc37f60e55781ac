import { Columns } from '../bytes/columns.ts';

const ROWS = 512;

/** Bits of `ConnectionTable.flags`: what was seen of a handshake. */
export const SEEN = {
  clientHello: 1 << 0,
  serverHello: 1 << 1,
  helloRetry: 1 << 2,
  offersExtendedMaster: 1 << 3,
  extendedMaster: 1 << 4,
  offersEncryptThenMac: 1 << 5,
  encryptThenMac: 1 << 6,
  pskSelected: 1 << 7,
  sessionIdEchoed: 1 << 8,
  serverHelloDone: 1 << 9,
  clientKeyExchange: 1 << 10,
  certificateFromServer: 1 << 11,
  clientFinished: 1 << 12,
  serverFinished: 1 << 13,
  fatalFromClient: 1 << 14,
  fatalFromServer: 1 << 15,
  closeAlertInClear: 1 << 16,
  lostBoundaries: 1 << 17,
  lostOctets: 1 << 18,
  cutPackets: 1 << 19,
  startMissing: 1 << 20,
  tls13: 1 << 21,
  rolesKnown: 1 << 22,
  earlyData: 1 << 23,
  messagesOmitted: 1 << 24,
  /** SSL 2.0: named, not followed. */
  notAnalysed: 1 << 25,
  /** DTLS: a ClientHello was sent that no ServerHello or HelloVerifyRequest has answered yet. */
  helloPending: 1 << 26,
  /** An alert in the clear, an oddity, a hello or a last flight sent again: something a rule may want to look at. */
  unusual: 1 << 27,
  /** The ClientHello has a ticket, a PSK or, where TLS 1.3 is not offered, a session id. */
  offersSession: 1 << 28,
  /** The ClientHello has encrypted_client_hello, real or GREASE. */
  offersEncryptedHello: 1 << 29,
  /** TLS: protected records were captured before the first ClientHello, which then does not begin the connection. */
  helloBehindRecords: 1 << 30,
} as const;

/** What first octets of protected records say. */
export const WATCH = {
  /** Ciphertext that does not repeat. */
  prints: 1,
  /** An explicit nonce in front. */
  nonces: 2,
} as const;

/** Kinds counted per direction in `records`, five entries each. */
export const RECORD_KINDS = 5;

/**
 * Facts of every connection that is not final, TLS and DTLS alike, as columns. A direction is `row * 2 + side`, as in
 * the stages before; roles are given to sides only when a hello says which is which.
 */
export class ConnectionTable extends Columns {
  id = new Int32Array(ROWS);
  /** The row of its TCP connection plus 1; 0 for DTLS. */
  tcp = new Int32Array(ROWS);
  flags = new Int32Array(ROWS);
  /** Side of the client; 2 while unknown. */
  clientSide = new Uint8Array(ROWS);
  /** Wire values; 0 while unknown. `suite` is plus 1. */
  version = new Int32Array(ROWS);
  suite = new Int32Array(ROWS);
  /** Up to TLS 1.2, once both Finished were seen: the named curve of the ServerKeyExchange; 0 for none. */
  curve = new Uint16Array(ROWS);
  /** Handles into the slab, and lengths. */
  clientHello = new Int32Array(ROWS);
  clientHelloLength = new Int32Array(ROWS);
  serverHello = new Int32Array(ROWS);
  serverHelloLength = new Int32Array(ROWS);
  /** Of the server name in the ClientHello, as `nameHash` makes it; 0 without one. */
  serverName = new Int32Array(ROWS);
  /** First and last entry in the event log plus 1, and how many. */
  firstEvent = new Int32Array(ROWS);
  lastEvent = new Int32Array(ROWS);
  events = new Int32Array(ROWS);
  /** The first ClientHello (first transmission), how often hellos were sent, the server's first answer. */
  helloPacket = new Int32Array(ROWS);
  helloNanos = new Float64Array(ROWS);
  helloCount = new Int32Array(ROWS);
  /** Transmissions of a ClientHello that was sent before (DTLS). */
  helloAgain = new Int32Array(ROWS);
  answerPacket = new Int32Array(ROWS);
  answerNanos = new Float64Array(ROWS);
  /** Protected fragments of this connection have a length of `lengthBase` modulo `lengthModulus`, at least `lengthMin`. */
  lengthModulus = new Uint8Array(ROWS);
  lengthBase = new Uint8Array(ROWS);
  lengthMin = new Int32Array(ROWS);
  /** Which watches protected records of this connection are worth: bits of `WATCH`. */
  watch = new Uint8Array(ROWS);
  /** Some octets of the server's random: the same handshake captured twice has them in common. */
  identity = new Int32Array(ROWS);
  /** The ticket that the server issued in the clear, as `SessionIndex` numbers it; 0 for none. */
  issuedTicket = new Int32Array(ROWS);
  /** TLS 1.3: protected records of the client up to the one that has the size of its Finished; 0 where none had. */
  clientFlight = new Uint8Array(ROWS);
  /** Protected records of the server when the client's Finished was seen (TLS 1.3). */
  serverAtFinished = new Int32Array(ROWS);

  records = new Int32Array(2 * ROWS * RECORD_KINDS);
  ccsPacket = new Int32Array(2 * ROWS);
  ccsNanos = new Float64Array(2 * ROWS);
  protectedCount = new Int32Array(2 * ROWS);
  /** First, last and last application-data protected record: packet, moment, type << 16 | length. */
  firstPacket = new Int32Array(2 * ROWS);
  firstNanos = new Float64Array(2 * ROWS);
  firstRecord = new Int32Array(2 * ROWS);
  lastPacket = new Int32Array(2 * ROWS);
  lastNanos = new Float64Array(2 * ROWS);
  lastRecord = new Int32Array(2 * ROWS);
  dataPacket = new Int32Array(2 * ROWS);
  dataNanos = new Float64Array(2 * ROWS);
  dataRecord = new Int32Array(2 * ROWS);

  constructor() {
    super(ROWS);
  }

  has(row: number, bit: number): boolean {
    return ((this.flags[row] as number) & bit) !== 0;
  }

  set(row: number, bits: number): void {
    this.flags[row] = (this.flags[row] as number) | bits;
  }

  unset(row: number, bits: number): void {
    this.flags[row] = (this.flags[row] as number) & ~bits;
  }
}
