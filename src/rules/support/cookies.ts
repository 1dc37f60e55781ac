import type { ConnectionHistory, DtlsHelloFact, DtlsVerifyFact } from '../../model/history.ts';

/** A server may refuse one cookie, for its secret has just changed; a second refusal is a loop. */
export const REFUSALS = 2;

/** HelloVerifyRequests that came after a ClientHello with a cookie, one for each such ClientHello. */
export function refusalsOf(
  requests: readonly DtlsVerifyFact[],
  returns: readonly DtlsHelloFact[],
): readonly DtlsVerifyFact[] {
  const refusals: DtlsVerifyFact[] = [];
  let next = 0;
  for (const request of requests) {
    const hello = returns[next];
    if (hello === undefined) break;
    if (request.packet < hello.packet) continue;
    refusals.push(request);
    while ((returns[next]?.packet ?? Number.POSITIVE_INFINITY) < request.packet) next++;
  }
  return refusals;
}

/** Was the cookie of the last ClientHello issued by none of the HelloVerifyRequests? */
export function cameBackChanged(
  { clientHello }: ConnectionHistory,
  requests: readonly DtlsVerifyFact[],
): boolean {
  const cookie = clientHello?.cookie;
  if (cookie === undefined) return !requests.some(({ echoed }) => echoed);
  const text = cookie.join(',');
  return !requests.some(({ request }) => request.cookie.join(',') === text);
}
