/** Where Wireshark looks for SOCKS. */
export const SOCKS_PORT = 1080;

/** What a SOCKS connection waits for (RFC 1928 §3, RFC 1929 §2; version 4 begins with the request). */
export const SOCKS = {
  start: 0,
  method: 1,
  password: 2,
  request: 3,
  reply: 4,
  data: 5,
  over: 6,
} as const;

const VERSION_4 = 4;
const VERSION_5 = 5;
const PASSWORD_METHOD = 2;

/**
 * What the connection waits for after a segment that begins with the octets `first` and `second`. The first octets after
 * the server's consent end it.
 */
export function afterSocks(
  state: number,
  toServer: boolean,
  first: number,
  second: number,
): number {
  switch (state) {
    case SOCKS.start:
      if (!toServer) return SOCKS.over;
      if (first === VERSION_5) return SOCKS.method;
      return first === VERSION_4 ? SOCKS.reply : SOCKS.over;
    case SOCKS.method:
      if (toServer) return state;
      return second === PASSWORD_METHOD ? SOCKS.password : SOCKS.request;
    case SOCKS.password:
      return toServer ? state : SOCKS.request;
    case SOCKS.request:
      return toServer ? SOCKS.reply : state;
    case SOCKS.reply:
      return toServer ? state : SOCKS.data;
    default:
      return SOCKS.over;
  }
}
