import type { DtlsFacts } from '../model/dtls-facts.ts';
import type { At, Endpoint } from '../model/history.ts';
import type { Side } from '../model/stream.ts';
import type { TcpFacts } from '../model/tcp-facts.ts';
import type { UpgradeFact } from '../model/upgrade.ts';

/** Where a connection lies on its transport, settled by whoever builds the history. */
export interface Placement {
  readonly protocol: 'TLS' | 'DTLS';
  /** What `stream` counts: TCP carries DTLS too, in frames. */
  readonly transport: 'tcp' | 'udp';
  readonly stream: number;
  readonly first: At;
  readonly last: At;
  /** Who is the client where no hello tells; undefined for "not known, the higher port". */
  readonly initiator: Side | undefined;
  /** Was anything captured that this side sent? */
  heard(side: Side): boolean;
  /** Epoch and number of the last protected record (DTLS; 0 otherwise). */
  lastEpoch(side: Side): number;
  lastSequence(side: Side): number;
  /** Packets of it are not in the capture, as far as TCP tells. */
  readonly isHoled: boolean;
  /** TCP: it is not known which of the connections on its endpoints, or which of the sides, packets came before. */
  readonly isOrderUnknown: boolean;
  /** FIN or RST, or closing alerts, were captured. */
  readonly ended: boolean;
  /**
   * How an ordinary connection ended, as a number up to 3; 0 where the ending is worth a look (a reset, a FIN before any
   * closing alert of its sender, a late answer).
   */
  ordinaryClosing(client: Side): number;
  readonly flow: number;
  /** As in `TcpConnectionView`; 0 over UDP. */
  endPacket(side: Side): number;
  /** The last payload of a side. */
  lastFrom(side: Side): At | undefined;
  /** Of TCP; 0 for unknown. */
  readonly segmentSize: number;
  /** Both sides sent a record last that may be a closing alert. */
  readonly isClosedByBoth: boolean;
  /** TCP: a RST, and such a record of either side. */
  readonly isResetAfterClose: boolean;
  /** DTLS: the server asked for a cookie; and something of the association was sent twice, or is noted otherwise. */
  readonly isVerified: boolean;
  readonly isRemarked: boolean;
  /** DTLS: the client's closing alert, if it came behind the server's, and how much later. */
  answeredClose(client: Side): { readonly packet: number; readonly lateNanos: number } | undefined;
  endpoint(side: Side): Endpoint;
  address(side: Side): string;
  port(side: Side): number;
  tcp(client: Side): TcpFacts | undefined;
  dtls(client: Side): DtlsFacts | undefined;
  upgrade(client: Side): UpgradeFact | undefined;
}
