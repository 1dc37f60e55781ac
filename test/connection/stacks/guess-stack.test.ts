import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLIENT_HABITS } from '../../../src/connection/stacks/client-habits.ts';
import { guessClient, guessServer } from '../../../src/connection/stacks/guess-stack.ts';
import { SERVER_HABITS } from '../../../src/connection/stacks/server-habits.ts';
import { STACKS } from '../../../src/model/stack.ts';
import { fakeClientHello, fakeServerHello } from '../../support/fake-hello.ts';
import { type ExtensionSpec, hex } from '../../support/hello-builder.ts';

const extension = (type: number, data = ''): ExtensionSpec => ({ type, data: hex(data) });

const THREE_FORMATS = extension(11, '03000102');
const ONE_FORMAT = extension(11, '0100');
const RENEGOTIATION = extension(65281, '00');
const TICKET = extension(35);
const ETM = extension(22);
const EMS = extension(23);
const OPENSSL_SCHEMES = extension(13, '0010080708080809080a080b080408050806');
const GO_SCHEMES = extension(13, '0006080404030807');

const client = (cipherSuites: readonly number[], ...extensions: ExtensionSpec[]) =>
  fakeClientHello({ cipherSuites, extensions });

const context = { offersPointFormats: true, isResumed: false, hasTime: false };

describe('the stack of a client', () => {
  it('is guessed where two habits agree, and told with them', () => {
    const guess = guessClient(client([0xc02f, 0xff], THREE_FORMATS, TICKET, ETM, EMS), false);
    expect(guess?.stack).toBe('OpenSSL');
    expect(guess?.habits.map((habit) => habit.split(':')[0])).toEqual([
      'extensions',
      'point formats',
    ]);
  });

  it.each([
    ['one habit alone', client([0xc02f], THREE_FORMATS)],
    ['another habit alone', client([0xc02f], TICKET, ETM, EMS)],
    ['no extension at all', client([0x2f])],
    ['habits of two stacks', client([0xc02f, 0xff], THREE_FORMATS, TICKET, ETM, GO_SCHEMES)],
    [
      'as many habits of two stacks',
      client([0x6a6a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f], THREE_FORMATS, TICKET, EMS),
    ],
  ])('is not guessed from %s', (_, hello) => {
    expect(guessClient(hello, false)).toBeUndefined();
  });

  it('is guessed in spite of one foreign habit where three agree', () => {
    const hello = client([0x6a6a, 0xff], THREE_FORMATS, TICKET, ETM, EMS, OPENSSL_SCHEMES);
    expect(guessClient(hello, false)?.stack).toBe('OpenSSL');
  });

  it('takes the time in the random for a habit, and for no more than one', () => {
    expect(guessClient(client([0xa8, 0xff], ETM, EMS, TICKET), false)).toBeUndefined();
    expect(guessClient(client([0xa8, 0xff], ETM, EMS, TICKET), true)?.stack).toBe('Mbed TLS');
    expect(guessClient(client([0xa8, 0xff]), true)).toBeUndefined();
  });
});

describe('the stack of a server', () => {
  const hello = (sessionIdOctets: number, ...extensions: ExtensionSpec[]) =>
    fakeServerHello({ sessionId: new Uint8Array(sessionIdOctets).fill(7), extensions });

  it.each([
    ['OpenSSL', hello(0, RENEGOTIATION, THREE_FORMATS, TICKET, EMS), context],
    ['OpenSSL', hello(0, RENEGOTIATION, TICKET, EMS), context],
    ['Go crypto/tls', hello(0, TICKET, RENEGOTIATION, ONE_FORMAT), context],
    ['Go crypto/tls', hello(0, RENEGOTIATION, extension(16), ONE_FORMAT), context],
    ['GnuTLS', hello(32, ONE_FORMAT, EMS, TICKET, RENEGOTIATION), context],
    ['JSSE', hello(32, EMS, TICKET, RENEGOTIATION), context],
    ['Mbed TLS', hello(32, RENEGOTIATION, EMS, ONE_FORMAT), { ...context, hasTime: true }],
    [undefined, hello(32, RENEGOTIATION, EMS, ONE_FORMAT), context],
    [undefined, hello(32, RENEGOTIATION), context],
    [undefined, hello(0), context],
    [
      undefined,
      hello(32, EMS, TICKET, RENEGOTIATION),
      { ...context, offersPointFormats: false, isResumed: true },
    ],
  ])('is %s by two habits or more', (stack, message, given) => {
    expect(guessServer(message, given)?.stack).toBe(stack);
  });

  it('is never guessed in TLS 1.3, which hides too much', () => {
    const message = fakeServerHello({
      extensions: [extension(43, '0304'), RENEGOTIATION, THREE_FORMATS, TICKET, EMS],
    });
    expect(guessServer(message, context)).toBeUndefined();
  });
});

describe('habits', () => {
  it('are of two topics at least for every client stack', () => {
    for (const stack of STACKS) {
      const topics = CLIENT_HABITS.filter((habit) => habit.stack === stack).map(
        ({ topic }) => topic,
      );
      expect(new Set(topics).size, stack).toBeGreaterThan(1);
      expect(new Set(topics).size, `${stack}: a topic for each`).toBe(topics.length);
    }
  });

  it('are of two topics at least for every server stack that has any', () => {
    for (const stack of new Set(SERVER_HABITS.map((habit) => habit.stack))) {
      const topics = SERVER_HABITS.filter((habit) => habit.stack === stack);
      expect(new Set(topics.map(({ topic }) => topic)).size, stack).toBeGreaterThan(1);
    }
  });

  it('never fail, and a guess always names two of them', () => {
    const types = fc.array(
      fc
        .constantFrom(0, 5, 10, 11, 13, 17, 22, 23, 28, 35, 43, 45, 50, 51, 65281)
        .map((type) => extension(type, '0403')),
      { maxLength: 12 },
    );
    const suites = fc.array(fc.constantFrom(0x6a6a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xff), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(types, suites, fc.boolean(), (extensions, cipherSuites, hasTime) => {
        const guess = guessClient(client(cipherSuites, ...extensions), hasTime);
        const other = guessServer(fakeServerHello({ extensions }), { ...context, hasTime });
        for (const one of [guess, other])
          if (one !== undefined) expect(one.habits.length).toBeGreaterThan(1);
      }),
      { seed: 20_261_122, numRuns: 400 },
    );
  });
});
