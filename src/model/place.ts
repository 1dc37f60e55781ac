import type { Nanos } from './time.ts';

/** `client` is who sends the ClientHello, whatever the transport or the ports say. */
export type Role = 'client' | 'server';
export const ROLES = ['client', 'server'] as const satisfies readonly Role[];
export const peerOf = (role: Role): Role => (role === 'client' ? 'server' : 'client');

/** What there is of the client, and of the server. */
export interface PerRole<T> {
  readonly client: T;
  readonly server: T;
}

/** A moment: the packet and when it was captured. */
export interface At {
  readonly packet: number;
  readonly nanos: Nanos;
}

/** One record, as far as its header goes. `length` is that of the fragment, without the header. */
export interface RecordFact extends At {
  readonly from: Role;
  readonly contentType: number;
  readonly length: number;
  /** DTLS only, else 0. */
  readonly epoch: number;
  readonly sequence: number;
}

/** Address and port. */
export interface Endpoint {
  /** Textual, RFC 5952 for IPv6. */
  readonly address: string;
  readonly port: number;
}
