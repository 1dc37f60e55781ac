import { concat } from '../bytes/concat.ts';
import type { RowTape } from '../bytes/row-tape.ts';
import { readI32 } from '../bytes/scalars.ts';
import { Slab } from '../bytes/slab.ts';
import { cipherSuite } from '../model/code-points/suites.ts';
import {
  DTLS_1_3,
  settledVersion,
  TLS_1_0,
  TLS_1_1,
  TLS_1_3,
  tlsEquivalent,
} from '../model/code-points/versions.ts';
import { LIMITS } from '../model/limits.ts';
import { HelloScan } from '../tls/codec/hello-scan.ts';
import { type ConnectionTable, SEEN, WATCH } from './connection-table.ts';
import { SessionIds } from './session-ids.ts';

/** A hello with more octets is a long one. */
const LONG = 2048;
/** Octets of a MAC that truncated_hmac cuts off (RFC 6066 §7). */
const TRUNCATED_MAC = 10;

/**
 * Takes hellos into a connection's row: the facts that decide how its records are read, and the octets themselves, from
 * which the rest is decoded when somebody asks.
 */
export class HelloStore {
  readonly scan = new HelloScan();
  readonly slab = new Slab();
  private readonly table: ConnectionTable;
  private readonly sessions = new SessionIds();
  /** Octets of all long hellos of connections that are not over. */
  private longOctets = 0;
  /**
   * Did the last ServerHello of TLS 1.3 echo another session id than the one sent (RFC 8446 §4.1.3), and whose: an id, or
   * 0 for nobody's.
   */
  misfits = false;
  answers = 0;

  constructor(table: ConnectionTable) {
    this.table = table;
  }

  /** The scan of this ClientHello stays in `scan`. */
  clientHello(
    row: number,
    side: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    dtls: boolean,
  ): void {
    const { table, scan } = this;
    scan.scanClientHello(bytes, start, end, dtls);
    table.clientSide[row] = side;
    let flags =
      (table.flags[row] as number) &
      ~(
        SEEN.offersExtendedMaster |
        SEEN.offersEncryptThenMac |
        SEEN.offersSession |
        SEEN.offersEncryptedHello
      );
    flags |= SEEN.clientHello | SEEN.rolesKnown;
    if (scan.hasExtendedMasterSecret) flags |= SEEN.offersExtendedMaster;
    if (scan.hasEncryptThenMac) flags |= SEEN.offersEncryptThenMac;
    if (scan.hasEarlyData) flags |= SEEN.earlyData;
    if (offersSession(scan)) flags |= SEEN.offersSession;
    if (scan.hasEncryptedHello) flags |= SEEN.offersEncryptedHello;
    table.flags[row] = flags;
    this.drop(table.clientHello[row] as number, table.clientHelloLength[row] as number);
    table.clientHello[row] = this.keep(row, bytes, start, end, dtls);
    table.clientHelloLength[row] = end - start;
    table.serverName[row] = nameHash(bytes, scan.serverNameOffset, scan.serverNameLength);
    if (!dtls)
      this.sessions.add(bytes, scan.sessionIdOffset, scan.sessionIdLength, table.id[row] as number);
  }

  serverHello(
    row: number,
    side: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    dtls: boolean,
  ): void {
    const { table, scan } = this;
    scan.scanServerHello(bytes, start, end);
    if ((table.clientSide[row] as number) === 2 || !table.has(row, SEEN.clientHello)) {
      table.clientSide[row] = 1 - side;
      table.set(row, SEEN.rolesKnown);
    }
    const version = settledVersion(scan.selectedVersion);
    table.version[row] = version;
    table.suite[row] = scan.cipherSuite + 1;
    if (tlsEquivalent(version) === TLS_1_3) table.set(row, SEEN.tls13);
    this.compareSessionId(row, bytes);
    if (scan.helloRetryRequest) {
      // A second one is forbidden (RFC 8446 §4.1.4).
      table.set(row, SEEN.helloRetry | (table.has(row, SEEN.helloRetry) ? SEEN.unusual : 0));
      return;
    }
    table.set(
      row,
      SEEN.serverHello |
        (scan.hasExtendedMasterSecret ? SEEN.extendedMaster : 0) |
        (scan.hasEncryptThenMac ? SEEN.encryptThenMac : 0) |
        (scan.hasPreSharedKey ? SEEN.pskSelected : 0) |
        (this.echoesSessionId(row, bytes) ? SEEN.sessionIdEchoed : 0),
    );
    if (isMarkedDowngrade(bytes, scan.randomOffset)) table.set(row, SEEN.unusual);
    // Answers to what was not offered are worth a look (RFC 5246 §7.4.1.4).
    if (
      (scan.hasExtendedMasterSecret && !table.has(row, SEEN.offersExtendedMaster)) ||
      (scan.hasEncryptThenMac && !table.has(row, SEEN.offersEncryptThenMac))
    )
      table.set(row, SEEN.unusual);
    this.drop(table.serverHello[row] as number, table.serverHelloLength[row] as number);
    table.serverHello[row] = this.keep(row, bytes, start, end, dtls);
    table.serverHelloLength[row] = end - start;
    this.lengthRule(row);
    this.watch(row, bytes);
  }

  /** Octets of both hellos of a row. */
  octetsOf(row: number): number {
    const { clientHelloLength, serverHelloLength } = this.table;
    return (clientHelloLength[row] as number) + (serverHelloLength[row] as number);
  }

  /**
   * Writes both hellos of a row, and of the server's not what both have where the session id stands: in TLS 1.3 it is always
   * echoed (RFC 8446 §4.1.3), and no two connections have the same.
   */
  save(row: number, tape: RowTape): void {
    const { table, slab } = this;
    const client = table.clientHello[row] as number;
    const server = table.serverHello[row] as number;
    const clientEnd = table.clientHelloLength[row] as number;
    const serverEnd = table.serverHelloLength[row] as number;
    tape.putNatural(client === 0 ? 0 : clientEnd + 1);
    if (client !== 0) putPart(slab, client, 0, clientEnd, tape);
    tape.putNatural(server === 0 ? 0 : serverEnd + 1);
    if (server === 0) return;
    const common = client === 0 ? 0 : this.commonOf(client, clientEnd, server, serverEnd);
    tape.putNatural(common);
    putPart(slab, server, 0, Math.min(SESSION_ID, serverEnd), tape);
    putPart(slab, server, SESSION_ID + common, serverEnd, tape);
  }

  /** @returns handles into the slab; 0 for none */
  restore(tape: RowTape): { readonly client: number; readonly server: number } {
    const { slab } = this;
    const { bytes } = tape;
    const clientEnd = tape.natural() - 1;
    const at = tape.octets(Math.max(0, clientEnd));
    const client = clientEnd < 0 ? 0 : slab.store(bytes, at, at + clientEnd);
    const serverEnd = tape.natural() - 1;
    if (serverEnd < 0) return { client, server: 0 };
    const common = tape.natural();
    const from = tape.octets(serverEnd - common);
    const echo = at + SESSION_ID;
    const behind = Math.min(from + SESSION_ID, tape.at);
    const hello = concat(
      bytes.subarray(from, behind),
      bytes.subarray(echo, echo + common),
      bytes.subarray(behind, tape.at),
    );
    return { client, server: slab.store(hello, 0, hello.length) };
  }

  /** Octets that two hellos have in common from the length of the session id on. */
  private commonOf(one: number, oneEnd: number, other: number, otherEnd: number): number {
    const { slab } = this;
    const a = slab.bytesOf(one);
    const b = slab.bytesOf(other);
    const from = slab.offsetOf(one) + SESSION_ID;
    const step = slab.offsetOf(other) - slab.offsetOf(one);
    const most = Math.min(oneEnd, otherEnd) - SESSION_ID;
    let n = 0;
    while (n < most && a[from + n] === b[from + step + n]) n++;
    return n;
  }

  /** The connection is over. */
  release(row: number): void {
    const { clientHello, clientHelloLength, serverHello, serverHelloLength } = this.table;
    this.drop(clientHello[row] as number, clientHelloLength[row] as number);
    this.drop(serverHello[row] as number, serverHelloLength[row] as number);
  }

  /** What `save` wrote is kept elsewhere, and still counts. */
  packed(row: number): void {
    this.slab.release(this.table.clientHello[row] as number);
    this.slab.release(this.table.serverHello[row] as number);
  }

  /** @returns its place; 0 for a long one where those of all connections have too many octets, which is a blind spot */
  private keep(row: number, bytes: Uint8Array, start: number, end: number, dtls: boolean): number {
    if (end - start > LONG) {
      // How records of DTLS are to be read stands in its hellos, and there are not as many of them.
      if (!dtls && this.longOctets + end - start > LIMITS.longHelloOctets) {
        this.table.set(row, SEEN.messagesOmitted);
        return 0;
      }
      this.longOctets += end - start;
    }
    return this.slab.store(bytes, start, end);
  }

  private drop(handle: number, length: number): void {
    if (handle !== 0 && length > LONG) this.longOctets -= length;
    this.slab.release(handle);
  }

  /** RFC 5246 §7.4.1.3: an echoed, non-empty session id resumes a session (up to TLS 1.2). */
  private echoesSessionId(row: number, bytes: Uint8Array): boolean {
    const { table, scan } = this;
    const length = scan.sessionIdLength;
    const handle = table.clientHello[row] as number;
    if (length === 0 || handle === 0) return false;
    const hello = this.slab.view(handle, table.clientHelloLength[row] as number);
    if (hello[SESSION_ID] !== length) return false;
    for (let i = 0; i < length; i++)
      if (hello[SESSION_ID + 1 + i] !== bytes[scan.sessionIdOffset + i]) return false;
    return true;
  }

  private compareSessionId(row: number, bytes: Uint8Array): void {
    const { table, scan } = this;
    this.misfits =
      scan.selectedVersion === TLS_1_3 &&
      table.clientHello[row] !== 0 &&
      scan.sessionIdOffset > 0 &&
      scan.sessionIdLength + this.sessionIdLength(row) > 0 &&
      !this.echoesSessionId(row, bytes);
    if (this.misfits)
      this.answers = this.sessions.ownerOf(bytes, scan.sessionIdOffset, scan.sessionIdLength);
  }

  private sessionIdLength(row: number): number {
    const { table } = this;
    return (
      this.slab.view(table.clientHello[row] as number, table.clientHelloLength[row] as number)[
        SESSION_ID
      ] ?? 0
    );
  }

  private watch(row: number, bytes: Uint8Array): void {
    const { table, scan } = this;
    const suite = cipherSuite(scan.cipherSuite);
    if (suite === undefined || suite.mode === 'null' || scan.randomOffset === 0) return;
    const explicit = suite.explicitNonceOctets > 0 && !table.has(row, SEEN.tls13);
    table.watch[row] = WATCH.prints | (explicit ? WATCH.nonces : 0);
    table.identity[row] = readI32(bytes, scan.randomOffset + 4);
  }

  /**
   * Which lengths the negotiated protection can give (RFC 5246 §6.2.3, RFC 7366 §3, RFC 6066 §7 shortens the MAC): only
   * what is certain without more knowledge is checked.
   */
  private lengthRule(row: number): void {
    const { table } = this;
    const suite = cipherSuite((table.suite[row] as number) - 1);
    const version = tlsEquivalent(table.version[row] as number);
    if (suite === undefined || table.has(row, SEEN.tls13)) {
      table.lengthMin[row] = table.has(row, SEEN.tls13) ? 9 : 0;
      // The mask of a record number takes as many octets of ciphertext (RFC 9147 §4.2.3).
      if (table.version[row] === DTLS_1_3) table.lengthMin[row] = 16;
      return;
    }
    if (suite.mode === 'cbc') {
      const block = suite.blockOctets;
      const iv = version > TLS_1_0 || version === 0 ? block : 0;
      const etm = table.has(row, SEEN.encryptThenMac) && table.has(row, SEEN.offersEncryptThenMac);
      table.lengthModulus[row] = block;
      const mac = this.scan.hasTruncatedHmac ? TRUNCATED_MAC : suite.macOctets;
      table.lengthBase[row] = etm ? mac % block : 0;
      // At least an IV and one block; without encrypt-then-MAC the MAC is inside the blocks. truncated_hmac may shorten
      // the MAC to 10 octets, and an SSL 3.0 or TLS 1.0 record has no IV.
      table.lengthMin[row] = iv + block + (etm ? TRUNCATED_MAC : 0);
      if (version < TLS_1_1) table.lengthMin[row] = block;
    } else if (suite.tagOctets > 0) {
      table.lengthMin[row] = suite.explicitNonceOctets + suite.tagOctets;
    }
  }
}

/** Where both hellos have the length of the session id: client_version or server_version and random come before it. */
const SESSION_ID = 34;

function putPart(slab: Slab, handle: number, from: number, to: number, tape: RowTape): void {
  const at = slab.offsetOf(handle);
  if (from < to) tape.putOctets(slab.bytesOf(handle), at + from, at + to);
}

/** A number for a host name, whose case does not count (RFC 6066 §3), nor a dot behind it; 0 for none. */
function nameHash(bytes: Uint8Array, at: number, length: number): number {
  const end = length > 0 && bytes[at + length - 1] === DOT ? at + length - 1 : at + length;
  if (end === at) return 0;
  let hash = 0x811c9dc5;
  for (let i = at; i < end; i++) hash = Math.imul(hash ^ ((bytes[i] as number) | 0x20), 0x01000193);
  return hash === 0 ? 1 : hash;
}

const DOT = 0x2e;

/** Where TLS 1.3 is offered, the session id is there for middleboxes (RFC 8446 §D.4). */
function offersSession(scan: HelloScan): boolean {
  if (scan.hasPreSharedKey || scan.ticketLength > 0) return true;
  return scan.sessionIdLength > 0 && tlsEquivalent(scan.highestVersion) < TLS_1_3;
}

/** The first seven of the last eight octets of a random: `DOWNGRD` (RFC 8446 §4.1.3). */
function isMarkedDowngrade(bytes: Uint8Array, random: number): boolean {
  return (
    random > 0 &&
    random + 32 <= bytes.length &&
    readI32(bytes, random + 24) === 0x444f574e &&
    readI32(bytes, random + 28) >>> 8 === 0x475244
  );
}
