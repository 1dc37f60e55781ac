import { readU16 } from '../../bytes/scalars.ts';
import { tlsEquivalent } from '../../model/code-points/versions.ts';
import { isHelloRetryRandom, isShortServerHello } from './server-hello-forms.ts';

/**
 * Reads the facts that decide about a connection out of a hello, without allocating: for the path on which every
 * connection of a large capture passes. `decodeClientHello` and `decodeServerHello` give the whole message when
 * somebody asks for it; a property test keeps the two in agreement.
 *
 * One instance is reused; its fields hold until the next scan. Offsets count from the start of `bytes`; an offset and
 * length of 0 mean that the field is not there. Where an extension occurs twice, the last one counts. Nothing outside
 * `[start, end)` is read.
 */
export class HelloScan {
  /** The message and its list of extensions have the structure that their lengths claim. */
  ok = false;
  legacyVersion = 0;
  /** 32 octets. */
  randomOffset = 0;
  sessionIdOffset = 0;
  sessionIdLength = 0;
  /** DTLS ClientHello only. */
  cookieOffset = 0;
  cookieLength = 0;
  /** ClientHello: the octets of the list, without its length. */
  suitesOffset = 0;
  suitesLength = 0;
  /** ServerHello: the suite selected. */
  cipherSuite = 0;
  /** Extensions whose header and body are inside the list. */
  extensionsSeen = 0;
  /** The first host name of server_name. RFC 6066 §3. */
  serverNameOffset = 0;
  serverNameLength = 0;
  /** The list of protocol names without its length, and the first name in it. RFC 7301 §3.1. */
  alpnListOffset = 0;
  alpnListLength = 0;
  alpnOffset = 0;
  alpnLength = 0;
  /** ClientHello: the octets of the list in supported_versions, without its length. RFC 8446 §4.2.1. */
  supportedVersionsOffset = 0;
  supportedVersionsLength = 0;
  /** ClientHello: the highest version offered that is known, as on the wire; 0 if none is. */
  highestVersion = 0;
  /** ServerHello: from supported_versions, else the legacy version, as on the wire. */
  selectedVersion = 0;
  helloRetryRequest = false;
  hasExtendedMasterSecret = false;
  hasEncryptThenMac = false;
  hasPreSharedKey = false;
  /** ServerHello: behind the server's part of the key exchange in key_share; 0 without one. RFC 8446 §4.2.8. */
  keyShareEnd = 0;
  hasTruncatedHmac = false;
  hasEarlyData = false;
  /** ClientHello: encrypted_client_hello of the outer form, real or GREASE: nobody can tell. RFC 9849 §5. */
  hasEncryptedHello = false;
  /** Octets in session_ticket; -1 without that extension. RFC 5077 §3.2. */
  ticketLength = -1;
  ticketOffset = 0;
  /** Octets of the connection id; -1 without that extension or with a damaged one. RFC 9146 §3. */
  connectionIdLength = -1;
  connectionIdOffset = 0;
  /** The cookie extension of TLS 1.3, without its inner length. RFC 8446 §4.2.2. */
  retryCookieOffset = 0;
  retryCookieLength = 0;
  /** The extension is there, as RFC 9146 §3 or one of its drafts numbers it. */
  hasConnectionId = false;

  /**
   * Scans the body of a ClientHello (no handshake header).
   *
   * @param dtls the message has a cookie field
   * @returns `ok`; the fields before the damage are filled either way
   */
  scanClientHello(bytes: Uint8Array, start: number, end: number, dtls: boolean): boolean {
    this.#reset();
    let at = this.#scanVersionAndRandom(bytes, start, end);
    this.highestVersion = knownVersion(this.legacyVersion);
    if (at < 0) return false;
    at = this.#scanSessionId(bytes, at, end);
    if (at < 0) return false;
    if (dtls) {
      if (at >= end) return false;
      const length = bytes[at] as number;
      if (length > end - at - 1) return false;
      this.cookieOffset = at + 1;
      this.cookieLength = length;
      at += 1 + length;
    }
    if (end - at < 2) return false;
    const suitesLength = readU16(bytes, at);
    if (suitesLength > end - at - 2) return false;
    this.suitesOffset = at + 2;
    this.suitesLength = suitesLength;
    at += 2 + suitesLength;
    if (at >= end) return false;
    const compressionLength = bytes[at] as number;
    if (compressionLength > end - at - 1) return false;
    at += 1 + compressionLength;
    this.ok = this.#scanExtensions(bytes, at, end, true) && (suitesLength & 1) === 0;
    return this.ok;
  }

  /**
   * Scans the body of a ServerHello (no handshake header).
   *
   * @returns `ok`; the fields before the damage are filled either way
   */
  scanServerHello(bytes: Uint8Array, start: number, end: number): boolean {
    this.#reset();
    let at = this.#scanVersionAndRandom(bytes, start, end);
    this.selectedVersion = this.legacyVersion;
    if (at < 0) return false;
    this.helloRetryRequest = isHelloRetryRandom(bytes, this.randomOffset);
    const short = isShortServerHello(this.legacyVersion);
    if (!short) {
      at = this.#scanSessionId(bytes, at, end);
      if (at < 0) return false;
    }
    if (end - at < 2) return false;
    this.cipherSuite = readU16(bytes, at);
    at += 2;
    if (!short) {
      if (at >= end) return false;
      at += 1; // compression_method
    }
    this.ok = this.#scanExtensions(bytes, at, end, false);
    return this.ok;
  }

  /** Offset behind the random; -1 if the hello ends before. */
  #scanVersionAndRandom(bytes: Uint8Array, at: number, end: number): number {
    if (end - at < 2) return -1;
    this.legacyVersion = readU16(bytes, at);
    if (end - at < 34) return -1;
    this.randomOffset = at + 2;
    return at + 34;
  }

  /** Offset behind the session id; -1 if the hello ends before. */
  #scanSessionId(bytes: Uint8Array, at: number, end: number): number {
    if (at >= end) return -1;
    const length = bytes[at] as number;
    if (length > end - at - 1) return -1;
    this.sessionIdOffset = at + 1;
    this.sessionIdLength = length;
    return at + 1 + length;
  }

  /** False if the list is damaged. A hello that ends where the list would begin has none, which is legal. */
  #scanExtensions(bytes: Uint8Array, start: number, end: number, client: boolean): boolean {
    if (start >= end) return true;
    if (end - start < 2) return false;
    const length = readU16(bytes, start);
    if (length > end - start - 2) return false;
    let at = start + 2;
    const listEnd = at + length;
    while (at < listEnd) {
      if (listEnd - at < 4) return false;
      const type = readU16(bytes, at);
      const bodyLength = readU16(bytes, at + 2);
      at += 4;
      if (bodyLength > listEnd - at) return false;
      this.#scanExtension(bytes, type, at, at + bodyLength, client);
      this.extensionsSeen++;
      at += bodyLength;
    }
    return true;
  }

  /** The types are literals on purpose: imported constants are loaded anew for each case, which costs a third more time. */
  #scanExtension(bytes: Uint8Array, type: number, at: number, end: number, client: boolean): void {
    switch (type) {
      case 0: // server_name; empty in a ServerHello
        if (client) this.#scanServerName(bytes, at, end);
        break;
      case 4: // truncated_hmac
        this.hasTruncatedHmac = true;
        break;
      case 16: // application_layer_protocol_negotiation
        this.#scanAlpn(bytes, at, end);
        break;
      case 22: // encrypt_then_mac
        this.hasEncryptThenMac = true;
        break;
      case 23: // extended_master_secret
        this.hasExtendedMasterSecret = true;
        break;
      case 35: // session_ticket
        this.ticketLength = end - at;
        this.ticketOffset = at;
        break;
      case 41: // pre_shared_key
        this.hasPreSharedKey = true;
        break;
      case 42: // early_data
        this.hasEarlyData = true;
        break;
      case 43: // supported_versions
        if (client) this.#scanSupportedVersions(bytes, at, end);
        else this.selectedVersion = end - at < 2 ? this.legacyVersion : readU16(bytes, at);
        break;
      case 44: {
        // cookie
        const length = end - at < 2 ? 0 : readU16(bytes, at);
        const fits = length > 0 && length <= end - at - 2;
        this.retryCookieOffset = fits ? at + 2 : 0;
        this.retryCookieLength = fits ? length : 0;
        break;
      }
      case 51: // key_share; in a HelloRetryRequest only a group
        if (!client && end - at >= 20) this.keyShareEnd = end;
        break;
      case 54: {
        // connection_id
        const length = at < end ? (bytes[at] as number) : 0;
        const fits = at < end && length <= end - at - 1;
        this.connectionIdLength = fits ? length : -1;
        this.connectionIdOffset = fits ? at + 1 : 0;
        this.hasConnectionId = true;
        break;
      }
      case 0xfe0d: // encrypted_client_hello
        if (client && end - at >= OUTER_HELLO_MIN && bytes[at] === 0) this.hasEncryptedHello = true;
        break;
      case 53: // connection_id of drafts
      case 254: // the same, before it had a number
        this.hasConnectionId = true;
        break;
    }
  }

  #scanServerName(bytes: Uint8Array, start: number, end: number): void {
    this.serverNameOffset = 0;
    this.serverNameLength = 0;
    if (end - start < 2) return;
    const listLength = readU16(bytes, start);
    if (listLength > end - start - 2) return;
    let at = start + 2;
    const listEnd = at + listLength;
    while (listEnd - at >= 3) {
      const nameType = bytes[at] as number;
      const length = readU16(bytes, at + 1);
      at += 3;
      if (length > listEnd - at) return;
      if (nameType === 0) {
        this.serverNameOffset = length === 0 ? 0 : at;
        this.serverNameLength = length;
        return;
      }
      at += length;
    }
  }

  #scanAlpn(bytes: Uint8Array, start: number, end: number): void {
    this.alpnListOffset = 0;
    this.alpnListLength = 0;
    this.alpnOffset = 0;
    this.alpnLength = 0;
    if (end - start < 2) return;
    const listLength = readU16(bytes, start);
    if (listLength === 0 || listLength > end - start - 2) return;
    this.alpnListOffset = start + 2;
    this.alpnListLength = listLength;
    const length = bytes[start + 2] as number;
    if (length === 0 || length > listLength - 1) return;
    this.alpnOffset = start + 3;
    this.alpnLength = length;
  }

  #scanSupportedVersions(bytes: Uint8Array, start: number, end: number): void {
    this.supportedVersionsOffset = 0;
    this.supportedVersionsLength = 0;
    this.highestVersion = 0;
    if (start >= end) return;
    const length = bytes[start] as number;
    if (length > end - start - 1) return;
    this.supportedVersionsOffset = start + 1;
    this.supportedVersionsLength = length;
    const listEnd = start + 1 + length;
    let rank = 0;
    for (let at = start + 1; at + 1 < listEnd; at += 2) {
      const version = readU16(bytes, at);
      const versionRank = tlsEquivalent(version);
      if (versionRank <= rank) continue;
      rank = versionRank;
      this.highestVersion = version;
    }
  }

  #reset(): void {
    this.ok = false;
    this.legacyVersion = 0;
    this.randomOffset = 0;
    this.sessionIdOffset = 0;
    this.sessionIdLength = 0;
    this.cookieOffset = 0;
    this.cookieLength = 0;
    this.suitesOffset = 0;
    this.suitesLength = 0;
    this.cipherSuite = 0;
    this.extensionsSeen = 0;
    this.serverNameOffset = 0;
    this.serverNameLength = 0;
    this.alpnListOffset = 0;
    this.alpnListLength = 0;
    this.alpnOffset = 0;
    this.alpnLength = 0;
    this.supportedVersionsOffset = 0;
    this.supportedVersionsLength = 0;
    this.highestVersion = 0;
    this.selectedVersion = 0;
    this.helloRetryRequest = false;
    this.hasExtendedMasterSecret = false;
    this.hasEncryptThenMac = false;
    this.hasPreSharedKey = false;
    this.keyShareEnd = 0;
    this.hasTruncatedHmac = false;
    this.hasEarlyData = false;
    this.hasEncryptedHello = false;
    this.ticketLength = -1;
    this.ticketOffset = 0;
    this.connectionIdLength = -1;
    this.connectionIdOffset = 0;
    this.hasConnectionId = false;
    this.retryCookieOffset = 0;
    this.retryCookieLength = 0;
  }
}

/** Type, cipher suite, config id, and two vectors of which the second is not empty. RFC 9849 §5. */
const OUTER_HELLO_MIN = 1 + 4 + 1 + 2 + 2 + 1;

function knownVersion(wire: number): number {
  return tlsEquivalent(wire) === 0 ? 0 : wire;
}
