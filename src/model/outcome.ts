/** How the connection ended as a handshake; defined in the report contract. */
export const OUTCOMES = ['established', 'failed', 'aborted', 'incomplete', 'no-handshake'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/**
 * How far the handshake came: what was due next when it stopped.
 *
 * - `server-hello`: a ClientHello is unanswered (or was answered only by a HelloVerifyRequest or HelloRetryRequest)
 * - `server-flight`: ServerHello seen, the server's flight not complete (TLS ≤ 1.2: ServerHelloDone, or the server's
 *   ChangeCipherSpec on resumption; TLS 1.3: nothing protected from the server yet)
 * - `client-flight`: the server's first flight is complete, the client has not sent ClientKeyExchange (TLS 1.3: nothing
 *   protected from the client yet)
 * - `client-finished`: ClientKeyExchange seen, the client's Finished is not
 * - `server-finished`: the client's Finished seen, the server's is not
 * - `done`: both Finished (TLS 1.3: protected records past the server's flight both ways)
 * - `none`: no handshake in the capture
 */
export const STAGES = [
  'none',
  'server-hello',
  'server-flight',
  'client-flight',
  'client-finished',
  'server-finished',
  'done',
] as const;
export type Stage = (typeof STAGES)[number];
