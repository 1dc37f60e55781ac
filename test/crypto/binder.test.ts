import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BINDER_HYPOTHESES, type BinderInput, explainBinder } from '../../src/crypto/binder.ts';
import { concat, serverHello, uint } from '../support/hello-builder.ts';
import { hex, someOctets, text } from '../support/octets.ts';
import { RESUMED } from '../support/rfc8448.ts';

type Octets = Uint8Array;

const PSK = hex('0a0b0c0d0e0f');

/** A ClientHello with pre_shared_key, and the place where it is cut for the binders. */
function hello(binders: readonly Octets[], { seed = 1, dtls = false } = {}) {
  const identities = binders.map((_, i) => concat(uint(3, 2), someOctets(3, i), uint(0, 4)));
  const list = concat(...identities);
  const binderList = concat(...binders.map((binder) => concat(uint(binder.length, 1), binder)));
  const psk = concat(uint(list.length, 2), list, uint(binderList.length, 2), binderList);
  const groups = hex('000a00040002001d');
  const share = concat(uint(51, 2), uint(4, 2), someOctets(4, seed));
  const extensions = concat(groups, share, uint(41, 2), uint(psk.length, 2), psk);
  const start = concat(
    hex(dtls ? 'fefd' : '0303'),
    someOctets(32, 2),
    hex(dtls ? '0000' : '00'),
    hex('00021301'),
    hex('0100'),
  );
  const body = concat(start, uint(extensions.length, 2), extensions);
  const octets = concat(uint(1, 1), uint(body.length, 3), body);
  const cut = octets.length - binderList.length - 2;
  return {
    octets,
    truncated: octets.slice(0, cut),
    cut,
    extensionsAt: 4 + start.length,
    pskAt: octets.length - psk.length - 4,
  };
}

const hashed = (hash: string, ...parts: Octets[]) =>
  createHash(hash).update(Buffer.concat(parts)).digest();

interface Choices {
  readonly psk?: Octets;
  readonly hash?: string;
  readonly label?: string;
  readonly prefix?: string;
  readonly derived?: boolean;
}

/** RFC 8446 §4.2.11.2 and §7.1, written out. */
function binder(
  parts: readonly Octets[],
  {
    psk = PSK,
    hash = 'sha256',
    label = 'ext binder',
    prefix = 'tls13 ',
    derived = true,
  }: Choices = {},
): Octets {
  const octets = hashed(hash).length;
  const expand = (secret: Octets, name: string, context: Octets) => {
    const full = text(prefix + name);
    const info = concat(
      uint(octets, 2),
      uint(full.length, 1),
      full,
      uint(context.length, 1),
      context,
      hex('01'),
    );
    return createHmac(hash, secret).update(info).digest();
  };
  const early = createHmac(hash, new Uint8Array(octets)).update(psk).digest();
  const binderKey = expand(early, label, hashed(hash));
  const key = derived ? expand(binderKey, 'finished', hex('')) : binderKey;
  return Uint8Array.from(
    createHmac(hash, key)
      .update(hashed(hash, ...parts))
      .digest(),
  );
}

const first = hello([new Uint8Array(32), new Uint8Array(32)], { seed: 9 });
const request = concat(
  hex('020000'),
  hex('28'),
  serverHello({ random: someOctets(32, 3), extensions: [] }),
);
const retry = { clientHello: first.octets, request };
const messageHash = concat(hex('fe000020'), hashed('sha256', first.octets));

const plain = hello([new Uint8Array(32)]);
const two = hello([new Uint8Array(32), new Uint8Array(32)]);
const dtls = hello([new Uint8Array(32)], { dtls: true });

/** The ClientHello with these octets as its first binder. */
const withBinder = (binders: readonly Octets[], options = {}) => hello(binders, options).octets;
const zeros = new Uint8Array(32);
const shortened = () => {
  const octets = plain.truncated.slice();
  octets.set(uint(plain.cut - 4, 3), 1);
  octets.set(uint(plain.cut - plain.extensionsAt - 2, 2), plain.extensionsAt);
  octets.set(uint(plain.cut - plain.pskAt - 4, 2), plain.pskAt + 2);
  return octets;
};

const BASE: Omit<BinderInput, 'clientHello'> = {
  index: 0,
  psk: PSK,
  hash: 'sha256',
  label: 'ext binder',
  dtls: false,
};

const simple = (sent: Octets, extra: Partial<BinderInput> = {}): BinderInput => ({
  ...BASE,
  ...extra,
  clientHello: withBinder([sent]),
});
const retried = (sent: Octets): BinderInput => ({
  ...BASE,
  retry,
  clientHello: withBinder([sent, zeros]),
});

const ROWS: readonly [id: string, detail: string | undefined, input: BinderInput][] = [
  ['binder-label', '"res binder"', simple(binder([plain.truncated], { label: 'res binder' }))],
  ['binder-label', '"imp binder"', simple(binder([plain.truncated], { label: 'imp binder' }))],
  ['binder-label', '"ext binder"', simple(binder([plain.truncated]), { label: 'res binder' })],
  [
    'binder-hash',
    'SHA-384',
    simple(binder([hello([new Uint8Array(48)]).truncated], { hash: 'sha384' })),
  ],
  [
    'binder-psk-encoding',
    'hexadecimal digits as text',
    simple(binder([plain.truncated], { psk: text('0a0b0c0d0e0f') })),
  ],
  [
    'binder-psk-encoding',
    'hexadecimal digits as text, upper case',
    simple(binder([plain.truncated], { psk: text('0A0B0C0D0E0F') })),
  ],
  [
    'binder-psk-encoding',
    'with a zero at its end',
    simple(binder([plain.truncated], { psk: concat(PSK, hex('00')) })),
  ],
  [
    'binder-psk-encoding',
    'without the zero at its end',
    simple(binder([plain.truncated]), { psk: concat(PSK, hex('00')) }),
  ],
  [
    'binder-psk-encoding',
    'text read as hexadecimal digits',
    simple(binder([plain.truncated]), { psk: text('0a0b0c0d0e0f') }),
  ],
  ['binder-truncation', 'whole, with zeros for binders', simple(binder([plain.octets]))],
  [
    'binder-truncation',
    'with the length of the binders',
    simple(binder([plain.octets.slice(0, plain.cut + 2)])),
  ],
  [
    'binder-truncation',
    'without pre_shared_key',
    simple(binder([plain.octets.slice(0, plain.pskAt)])),
  ],
  ['binder-lengths-shortened', undefined, simple(binder([shortened()]))],
  ['binder-retry-left-out', undefined, retried(binder([two.truncated]))],
  ['binder-retry-not-replaced', undefined, retried(binder([first.octets, request, two.truncated]))],
  [
    'binder-retry-truncated',
    undefined,
    retried(binder([hex('fe000020'), hashed('sha256', first.truncated), request, two.truncated])),
  ],
  ['binder-retry-copied', undefined, retried(binder([first.truncated]))],
  [
    'binder-order',
    'binder 2',
    { ...BASE, clientHello: withBinder([zeros, binder([two.truncated])]) },
  ],
  ['binder-label-prefix', '"dtls13"', simple(binder([plain.truncated], { prefix: 'dtls13' }))],
  ['binder-key-not-derived', undefined, simple(binder([plain.truncated], { derived: false }))],
  [
    'binder-dtls-header',
    undefined,
    {
      ...BASE,
      dtls: true,
      clientHello: withBinder(
        [
          binder(
            [
              dtls.octets.slice(0, 4),
              hex('0000 000000'),
              dtls.octets.slice(1, 4),
              dtls.truncated.slice(4),
            ],
            { prefix: 'dtls13' },
          ),
        ],
        { dtls: true },
      ),
    },
  ],
];

describe('explainBinder', () => {
  test('the resumption of RFC 8448 §4', () => {
    const input: BinderInput = {
      ...BASE,
      clientHello: RESUMED.clientHello,
      psk: RESUMED.psk,
      label: 'res binder',
    };
    expect(explainBinder(input)).toEqual({ kind: 'verified' });
    const { kind } = explainBinder({ ...input, psk: someOctets(32, 1) });
    expect(kind).toBe('unexplained');
  });

  test.each([
    ['plain', simple(binder([plain.truncated]))],
    [
      'SHA-384',
      {
        ...simple(binder([hello([new Uint8Array(48)]).truncated], { hash: 'sha384' })),
        hash: 'sha384' as const,
      },
    ],
    ['after a HelloRetryRequest', retried(binder([messageHash, request, two.truncated]))],
    [
      'second identity',
      { ...BASE, index: 1, clientHello: withBinder([zeros, binder([two.truncated])]) },
    ],
    [
      'DTLS',
      {
        ...BASE,
        dtls: true,
        clientHello: withBinder([binder([dtls.truncated], { prefix: 'dtls13' })], { dtls: true }),
      },
    ],
  ])('what is right verifies: %s', (_, input) => {
    expect(explainBinder(input)).toEqual({ kind: 'verified' });
  });

  test.each(ROWS)('%s (%s) is told as that and as nothing else', (id, detail, input) => {
    const explanation = explainBinder(input);
    const matches = explanation.kind === 'explained' ? explanation.matches : [];
    expect(matches.map((each) => [each.hypothesis.id, each.detail])).toEqual([[id, detail]]);
  });

  test('every row of the table is tried above', () => {
    const made = new Set(ROWS.map(([id]) => id));
    expect(BINDER_HYPOTHESES.map(({ id }) => id).filter((id) => !made.has(id))).toEqual([]);
  });

  test('nothing is said about what cannot be compared', () => {
    const sent = simple(binder([plain.truncated]));
    expect(explainBinder({ ...sent, index: 1 })).toEqual({
      kind: 'not-comparable',
      why: 'unsupported',
    });
    expect(explainBinder(simple(new Uint8Array(31)))).toEqual({
      kind: 'not-comparable',
      why: 'length',
    });
    for (let length = 0; length < sent.clientHello.length; length++) {
      const cut = explainBinder({ ...sent, clientHello: sent.clientHello.slice(0, length) });
      expect(cut).toEqual({ kind: 'not-comparable', why: 'unsupported' });
    }
  });

  test('any octets are taken without an exception', () => {
    const anyHello = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .tuple(fc.nat(plain.octets.length - 1), fc.nat(255))
        .map(([at, value]) => plain.octets.with(at, value)),
    );
    fc.assert(
      fc.property(anyHello, anyHello, fc.nat(3), (clientHello, earlier, index) => {
        const input = { ...BASE, index, clientHello, retry: { clientHello: earlier, request } };
        expect(['unexplained', 'not-comparable']).toContain(explainBinder(input).kind);
      }),
    );
  });
});
