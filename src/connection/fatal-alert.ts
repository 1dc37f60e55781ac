/** close_notify and user_canceled end nothing by themselves; TLS 1.3 has no levels. RFC 8446 §6.1, RFC 5246 §7.2. */
export function isFatal(level: number, description: number, tls13: boolean): boolean {
  if (description === 0 || description === 90) return false;
  return tls13 || level === 2;
}
