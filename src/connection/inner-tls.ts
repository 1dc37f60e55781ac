import { CLIENT_HELLO } from '../model/code-points/handshake-types.ts';
import type { InnerTlsFact } from '../model/upgrade.ts';
import { HelloScan } from '../tls/codec/hello-scan.ts';
import { textOf } from '../tls/codec/text.ts';
import { beginsTls, RECORD_HEADER } from '../tls/detect-tls.ts';

/** Behind the header of its record and its own. */
const BODY = RECORD_HEADER + 4;

/** Connections whose protected data begins with a ClientHello: TLS through a proxy that is spoken to over TLS. */
export class InnerTls {
  private readonly found = new Map<number, InnerTlsFact>();
  private readonly scan = new HelloScan();

  /** Data that secrets opened. The first hello of a connection is kept. */
  data(row: number, content: Uint8Array, packet: number, nanos: number): void {
    if (content[RECORD_HEADER] !== CLIENT_HELLO || this.found.has(row)) return;
    if (beginsTls(content, 0, content.length, false) !== 'yes') return;
    const { scan } = this;
    scan.scanClientHello(content, BODY, content.length, false);
    const { serverNameOffset: at, serverNameLength: length } = scan;
    const serverName = length === 0 ? undefined : textOf(content, at, at + length);
    this.found.set(row, { packet, nanos, serverName });
  }

  of(row: number): InnerTlsFact | undefined {
    return this.found.size > 0 ? this.found.get(row) : undefined;
  }

  forget(row: number): void {
    if (this.found.size > 0) this.found.delete(row);
  }
}
