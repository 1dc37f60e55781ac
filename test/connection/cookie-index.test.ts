import { describe, expect, it } from 'vitest';
import { CookieIndex } from '../../src/connection/cookie-index.ts';
import { concat, filled, helloVerifyRequest, type Octets, uint } from '../support/hello-builder.ts';
import { afresh, reaches } from '../support/reaches.ts';

const issue = (index: CookieIndex, cookie: Octets, connection: number) =>
  index.issue(cookie, 0, cookie.length, connection, 10 * connection, 1e6 * connection);
const origin = (index: CookieIndex, cookie: Octets, connection: number) =>
  index.originOf(cookie, 0, cookie.length, connection);
const cookie = filled(20, 7);

describe('cookies that servers gave out', () => {
  it('are found on other connections, wherever they lie', () => {
    const index = new CookieIndex();
    issue(index, cookie, 1);
    const want = { connection: 1, packet: 10, nanos: 1e6 };
    expect(origin(index, cookie, 2)).toEqual(want);
    expect(index.originOf(concat(filled(3, 0xee), cookie), 3, 20, 2)).toEqual(want);
    expect(origin(index, cookie, 1)).toBeUndefined();
    expect(origin(index, filled(20, 8), 2)).toBeUndefined();
    expect(origin(index, filled(21, 7), 2)).toBeUndefined();
  });

  it('are read from a HelloVerifyRequest, also a damaged one', () => {
    const index = new CookieIndex();
    const body = helloVerifyRequest(0xfeff, cookie);
    index.verifyRequest(body, 0, body.length - 1, 1, 10, 1);
    expect(origin(index, cookie, 2)).toBeUndefined();
    index.verifyRequest(body, 0, body.length, 1, 10, 1);
    expect(origin(index, cookie, 2)?.connection).toBe(1);
  });

  it('are nothing to tell of once they came back where they were given out', () => {
    const index = new CookieIndex();
    issue(index, cookie, 1);
    index.returned(cookie, 0, 20, 2);
    expect(origin(index, cookie, 2)?.connection).toBe(1);
    index.returned(cookie, 0, 20, 1);
    expect(origin(index, cookie, 2)).toBeUndefined();
  });

  it('are nothing to tell of when several connections were given them', () => {
    const index = new CookieIndex();
    issue(index, cookie, 1);
    issue(index, cookie, 1);
    expect(origin(index, cookie, 3)?.connection).toBe(1);
    issue(index, cookie, 2);
    expect(origin(index, cookie, 3)).toBeUndefined();
  });

  it('are none where they have no octets, or before the first', () => {
    const index = new CookieIndex();
    expect(origin(index, cookie, 2)).toBeUndefined();
    index.returned(cookie, 0, 20, 1);
    issue(index, new Uint8Array(0), 1);
    expect(origin(index, new Uint8Array(0), 2)).toBeUndefined();
  });

  reaches('cookies', 64, 'are forgotten when newer ones take their places', async (bound) => {
    const small: typeof import('../../src/connection/cookie-index.ts') = await afresh(
      'connection/cookie-index.ts',
    );
    const index = new small.CookieIndex();
    issue(index, cookie, 1);
    for (let n = 0; n < 12 * bound; n++) issue(index, uint(n, 16), 2);
    expect(origin(index, cookie, 3)).toBeUndefined();
    expect(origin(index, uint(12 * bound - 1, 16), 3)?.connection).toBe(2);
  });
});
