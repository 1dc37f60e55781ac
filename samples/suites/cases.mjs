/**
 * What is recorded: one object per case. `options` are words for the driver (see pair.h and the drivers), `connections` and
 * `handshakes` say what the capture then holds.
 */
const TLS = ['tls 10', 'tls 11', 'tls 12', 'tls 13'];
const DTLS = ['dtls 10', 'dtls 12'];
const AEAD_ONLY = new Set(['tls 12', 'dtls 12']);

const words = (options) => Object.entries(options).map(([key, value]) => `${key}=${value}`);

function makeCase(
  stack,
  version,
  suite,
  options,
  { connections = 1, handshakes = connections } = {},
) {
  const [transport, number] = version.split(' ');
  const name = [stack, transport + number, suite.name, ...words(options)].join('-');
  return {
    name: name.replaceAll(/[^\w.-]/g, '_'),
    stack,
    version: transport.toUpperCase() + number,
    id: suite.id,
    suite: suite.name,
    options,
    connections,
    handshakes,
    line: words({ transport, version: number, ...suite.words, ...options }).join(' '),
  };
}

/** The versions of TLS and DTLS in which a suite can be negotiated. */
function versionsOf({ since, streamOnly }) {
  if (since === 'TLS1.3') return ['tls 13'];
  const all = [...TLS.slice(0, 3), ...(streamOnly ? [] : DTLS)];
  return since === 'TLS1.2' ? all.filter((version) => AEAD_ONLY.has(version)) : all;
}

/** Every suite in every version; what has a choice of MAC order and of master secret, also the older way. */
export function everySuite(stack, suites) {
  return suites.flatMap((suite) =>
    versionsOf(suite).flatMap((version) => [
      makeCase(stack, version, suite, {}),
      ...(version === 'tls 13' ? [] : [makeCase(stack, version, suite, { ems: 0, etm: 0 })]),
    ]),
  );
}

/** Suites by their number: CBC by two key exchanges, then GCM and CCM_8, then those of TLS 1.3. */
const CLASSIC_SUITES = ['002f', 'c013'];
const NEW_SUITES = ['c030', 'c0a0'];
const TLS13_SUITES = ['1301', '1302', '1303', '1305'];
const TWICE = { connections: 2 };
const ONCE_MORE = { handshakes: 2 };

/** What is done with some suites only: [options, counts, the stacks that can]. */
const UP_TO_12 = [
  [{ do: 'client-renegotiation' }, ONCE_MORE, ['openssl', 'gnutls']],
  [{ do: 'server-renegotiation' }, ONCE_MORE, ['openssl', 'gnutls tls']],
  [
    { do: 'client-renegotiation,server-renegotiation', ems: 0, etm: 0 },
    { handshakes: 3 },
    ['openssl', 'gnutls tls'],
  ],
  [{ again: 'ticket' }, TWICE, ['openssl', 'gnutls']],
  [{ again: 'ticket', ems: 0 }, TWICE, ['openssl', 'gnutls']],
  [{ again: 'id' }, TWICE, ['openssl']],
  [
    { again: 'ticket', 'do-again': 'client-renegotiation' },
    { connections: 2, handshakes: 3 },
    ['openssl', 'gnutls'],
  ],
  [{ 'client-certificate': 1 }, {}, ['openssl', 'gnutls']],
  [{ ems: 0 }, {}, ['openssl', 'gnutls', 'mbedtls']],
  [{ etm: 0 }, {}, ['openssl', 'gnutls', 'mbedtls']],
  [{ truncated: 1 }, {}, ['mbedtls']],
  [{ truncated: 1, etm: 0 }, {}, ['mbedtls']],
];
const STREAMS_UP_TO_12 = [
  [{ fragment: 512 }, {}, ['openssl']],
  [{ mfl: 1 }, {}, ['openssl']],
  [{ npn: 1 }, {}, ['openssl']],
  [{ status: 1 }, {}, ['openssl']],
];
const DATAGRAMS = [
  [{ cookie: 1 }, {}, ['openssl']],
  [{ mtu: 400 }, {}, ['openssl', 'gnutls']],
];
const UP_FROM_13 = [
  [{ do: 'client-update,server-update,both-update' }, {}, ['openssl', 'gnutls']],
  [{ do: 'authentication' }, {}, ['openssl', 'gnutls']],
  [{ do: 'authentication,both-update', 'client-certificate': 1 }, {}, ['openssl', 'gnutls']],
  [{ again: 'ticket' }, TWICE, ['openssl', 'gnutls']],
  [{ again: 'early' }, TWICE, ['openssl', 'gnutls']],
  [{ again: 'early-rejected' }, TWICE, ['openssl']],
  [{ padding: 64 }, {}, ['openssl', 'gnutls']],
  [{ fragment: 512 }, {}, ['openssl', 'gnutls']],
  [{ middlebox: 0 }, {}, ['openssl', 'gnutls']],
  [{ tickets: 0 }, {}, ['openssl']],
  [{ 'client-groups': 'X25519:P-384', 'server-groups': 'P-384' }, {}, ['openssl']],
  [
    { 'client-groups': 'GROUP-X25519:+GROUP-SECP384R1', 'server-groups': 'GROUP-SECP384R1' },
    {},
    ['gnutls'],
  ],
];
const PSK_ON_13 = [[{ psk: 1 }, {}, ['openssl', 'gnutls']]];

export function everyCourse(stack, suites) {
  const named = (ids) => suites.filter(({ id }) => ids.includes(id));
  const each = (versions, ids, courses) =>
    versions.flatMap((version) =>
      named(ids).flatMap((suite) =>
        courses
          .filter(([, , stacks]) =>
            [stack, `${stack} ${version.split(' ')[0]}`].some((one) => stacks.includes(one)),
          )
          .map(([options, counts]) => makeCase(stack, version, suite, options, counts)),
      ),
    );
  return [
    ...each([...TLS.slice(0, 3), ...DTLS], CLASSIC_SUITES, UP_TO_12),
    ...each(['tls 12', 'dtls 12'], NEW_SUITES, UP_TO_12),
    ...each(['tls 10', 'tls 12'], CLASSIC_SUITES, STREAMS_UP_TO_12),
    ...each(['tls 12'], NEW_SUITES, STREAMS_UP_TO_12),
    ...each(DTLS, CLASSIC_SUITES, DATAGRAMS),
    ...each(['tls 13'], TLS13_SUITES, UP_FROM_13),
    ...each(['tls 13'], TLS13_SUITES.slice(0, 1), PSK_ON_13),
  ];
}
