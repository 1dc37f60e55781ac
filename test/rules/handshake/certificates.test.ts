/** The rules about certificates, which look at the same handshakes. */
import type { CertificateFact, MalformedCertificate } from '../../../src/model/certificate.ts';
import { certChainIncomplete } from '../../../src/rules/handshake/cert-chain-incomplete.ts';
import { certExpired } from '../../../src/rules/handshake/cert-expired.ts';
import { certMalformed } from '../../../src/rules/handshake/cert-malformed.ts';
import { certNameMismatch } from '../../../src/rules/handshake/cert-name-mismatch.ts';
import { certNotYetValid } from '../../../src/rules/handshake/cert-not-yet-valid.ts';
import { certOrderWrong } from '../../../src/rules/handshake/cert-order-wrong.ts';
import { certWeakKey } from '../../../src/rules/handshake/cert-weak-key.ts';
import { clientCertCaHintMismatch } from '../../../src/rules/handshake/client-cert-ca-hint-mismatch.ts';
import { DAY, fakeCertificate } from '../../support/fake-certificate.ts';
import { fakeServerHello } from '../../support/fake-hello.ts';
import {
  type FakeHistory,
  fakeAlert,
  fakeHistory,
  fakeMessage,
} from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const intermediate = fakeCertificate({
  subject: 'CN=intermediate',
  issuer: 'CN=root',
  issuedBy: -1,
});
const NEVER_BLIND = 'what it looks at was captured, or there is no such alert';

/** A client that ends the handshake with this alert after this chain of the server. */
const handshake = (alert: number, own: Partial<CertificateFact> = {}, more = [intermediate]) =>
  ({
    outcome: 'failed',
    stage: 'client-flight',
    serverName: 'server.example',
    messages: [
      fakeMessage(1, 'client', 4),
      fakeMessage(2, 'server', 6),
      fakeMessage(11, 'server', 7),
    ],
    alerts: [fakeAlert(alert, 'client', 9)],
    certificates: { client: [], server: [fakeCertificate(own), ...more] },
  }) as const;

const refused = (...how: Parameters<typeof handshake>) => fakeHistory(handshake(...how));

const finding = (message: string, confidence: 'proven' | 'likely' | 'possible') =>
  [{ message, severity: 'error', confidence, packets: [7, 9] }] as const;

const expired = { sinceNotAfter: 3 * DAY };
const early = { untilNotBefore: 90 };

testConnectionRule(
  certExpired,
  [
    { name: 'proves it', history: refused(45, expired), want: finding('expired', 'proven') },
    {
      name: 'takes another alert for it',
      history: refused(46, expired),
      want: finding('expired', 'likely'),
    },
    {
      name: 'looks at the whole chain',
      history: refused(45, {}, [{ ...intermediate, ...expired }]),
      want: finding('expired', 'proven'),
    },
    { name: 'passes one in its time', history: refused(45), want: 'pass' },
    {
      name: 'leaves alerts alone that are not about certificates',
      history: refused(40, expired),
      want: 'not-applicable',
    },
    {
      name: 'leaves handshakes alone whose certificates were not captured',
      history: fakeHistory({ ...handshake(45), certificates: undefined }),
      want: 'not-applicable',
    },
    { name: 'leaves healthy handshakes alone', history: fakeHistory(), want: 'not-applicable' },
  ],
  { 'not-assessable': NEVER_BLIND },
);

testConnectionRule(
  certNotYetValid,
  [
    { name: 'proves it', history: refused(45, early), want: finding('early', 'proven') },
    {
      name: 'takes another alert for it',
      history: refused(42, early),
      want: finding('early', 'likely'),
    },
    { name: 'passes one in its time', history: refused(42), want: 'pass' },
    { name: 'leaves healthy handshakes alone', history: fakeHistory(), want: 'not-applicable' },
  ],
  { 'not-assessable': NEVER_BLIND },
);

testConnectionRule(
  certChainIncomplete,
  [
    {
      name: 'suspects it where one certificate was sent',
      history: refused(48, { issuedBy: -1 }, []),
      want: finding('missing', 'likely'),
    },
    {
      name: 'is less sure where others were',
      history: refused(48, { issuedBy: -1 }),
      want: finding('missing', 'possible'),
    },
    { name: 'passes a chain', history: refused(48), want: 'pass' },
    {
      name: 'passes one that is its own issuer',
      history: refused(48, { issuedBy: -1, isSelfIssued: true }, []),
      want: 'pass',
    },
    {
      name: 'leaves alone what was not read to its end',
      history: refused(48, { issuedBy: undefined }, []),
      want: 'not-applicable',
    },
    {
      name: 'leaves other alerts alone',
      history: refused(45, { issuedBy: -1 }, []),
      want: 'not-applicable',
    },
  ],
  { 'not-assessable': NEVER_BLIND },
);

testConnectionRule(
  certNameMismatch,
  [
    {
      name: 'suspects a certificate for other names',
      history: refused(42, { matchesName: false, names: ['other.example'] }),
      want: finding('other', 'likely'),
    },
    {
      name: 'suspects one without any name',
      history: refused(46, { matchesName: false, names: [] }),
      want: finding('other', 'likely'),
    },
    { name: 'passes one that fits', history: refused(42), want: 'pass' },
    {
      name: 'passes where no name was asked for',
      history: refused(42, { matchesName: undefined }),
      want: 'pass',
    },
    {
      name: 'leaves a server alone that refuses a client',
      history: fakeHistory({
        ...handshake(42),
        stage: 'client-finished',
        messages: [fakeMessage(11, 'client', 7)],
        alerts: [fakeAlert(42, 'server', 9)],
        certificates: { client: [fakeCertificate({ matchesName: false })], server: [] },
      }),
      want: 'not-applicable',
    },
  ],
  { 'not-assessable': NEVER_BLIND },
);

testConnectionRule(
  certWeakKey,
  [
    {
      name: 'suspects a short key where security is what is missing',
      history: refused(71, { keyBits: 1024 }),
      want: finding('short', 'likely'),
    },
    {
      name: 'thinks of it with other alerts',
      history: refused(42, { keyBits: 1024 }),
      want: finding('short', 'possible'),
    },
    { name: 'passes a long one', history: refused(42), want: 'pass' },
    {
      name: 'passes an elliptic curve',
      history: refused(42, { keyType: 'ec', keyBits: undefined }),
      want: 'pass',
    },
    {
      name: 'leaves other alerts alone',
      history: refused(48, { keyBits: 1024 }),
      want: 'not-applicable',
    },
  ],
  { 'not-assessable': NEVER_BLIND },
);

/** A client that ends the handshake with this alert after a certificate with this fault. */
const malformed = (alert: number, fault: Partial<MalformedCertificate>, more: FakeHistory = {}) =>
  fakeHistory({
    ...handshake(alert),
    certificates: { client: [], server: [] },
    serverHello: fakeServerHello(),
    malformedCertificates: {
      client: undefined,
      server: {
        place: 1,
        octets: 512,
        fault: 'past-end',
        offset: 4,
        stated: 700,
        left: 500,
        ...fault,
      },
    },
    ...more,
  });

testConnectionRule(
  certMalformed,
  [
    ...[42, 43, 46, 50].map((alert) => ({
      name: `tells where it is no certificate after alert ${alert}`,
      history: malformed(alert, {}),
      want: finding('broken', 'likely'),
    })),
    ...(['cut', 'behind', 'no-sequence'] as const).map((fault) => ({
      name: `tells of one with the fault ${fault}`,
      history: malformed(42, { fault }),
      want: finding('broken', 'likely'),
    })),
    {
      name: 'tells of a list that is cut',
      history: malformed(50, { place: 0 }),
      want: finding('broken', 'likely'),
    },
    {
      name: 'is not sure where nothing but the program of this capture stumbles',
      history: malformed(42, { fault: 'unparsed' }),
      want: finding('unparsed', 'possible'),
    },
    { name: 'passes one in order', history: refused(42), want: 'pass' },
    {
      name: 'passes raw public keys',
      history: malformed(
        42,
        {},
        { serverHello: fakeServerHello({ extensions: [{ type: 20, data: Uint8Array.of(2) }] }) },
      ),
      want: 'pass',
    },
    {
      name: 'passes what may be something else than certificates',
      history: malformed(42, {}, { serverHello: undefined }),
      want: 'pass',
    },
    {
      name: 'leaves alerts alone that are about something else',
      history: malformed(40, {}),
      want: 'not-applicable',
    },
    {
      name: 'leaves the side alone that sent the certificate',
      history: malformed(42, {}, { alerts: [fakeAlert(42, 'server', 9)] }),
      want: 'not-applicable',
    },
    {
      name: 'leaves a handshake alone that went on',
      history: malformed(42, {}, { outcome: 'established' }),
      want: 'not-applicable',
    },
  ],
  { 'not-assessable': NEVER_BLIND },
);

type Issuer = number | 'self' | 'doubled' | 'none';

/** Certificates by the place of their issuer, their own issuers (once, or once more), and others whose issuer is not there. */
const chainOf = (issuers: readonly Issuer[]) =>
  issuers.map((issuer, n) =>
    fakeCertificate({
      subject: `CN=${n}`,
      issuedBy: issuer === 'doubled' ? 0 : typeof issuer === 'number' ? issuer : -1,
      isSelfIssued: issuer === 'self' || issuer === 'doubled',
    }),
  );
const ordered = (alert: number, ...issuers: readonly Issuer[]) =>
  fakeHistory({ ...handshake(alert), certificates: { client: [], server: chainOf(issuers) } });

testConnectionRule(
  certOrderWrong,
  [
    {
      name: 'suspects an intermediate certificate behind the root',
      history: ordered(48, 2, 'self', 1),
      want: finding('order', 'likely'),
    },
    {
      name: 'suspects a stranger in the middle',
      history: ordered(42, 1, 3, 'none', 'self'),
      want: finding('order', 'likely'),
    },
    {
      name: 'suspects a list that begins with the root',
      history: ordered(46, 'self', 0, 1),
      want: finding('own-not-first', 'likely'),
    },
    { name: 'passes a list in order', history: ordered(48, 1, 2, 'self'), want: 'pass' },
    { name: 'passes one without its root', history: ordered(48, 1, 'none'), want: 'pass' },
    { name: 'passes one certificate', history: ordered(48, 'none'), want: 'pass' },
    {
      name: 'passes a stranger behind a whole chain',
      history: ordered(48, 1, 'self', 'none'),
      want: 'pass',
    },
    {
      name: 'passes a certificate that was sent twice',
      history: ordered(48, 'self', 'doubled'),
      want: 'pass',
    },
    {
      name: 'passes two that seem to have issued each other',
      history: ordered(48, 1, 2, 1),
      want: 'pass',
    },
    {
      name: 'leaves other alerts alone',
      history: ordered(45, 2, 'self', 1),
      want: 'not-applicable',
    },
  ],
  { 'not-assessable': NEVER_BLIND },
);

/** A server that asks for certificates of these issuers, and refuses that of the client. */
const hinted = (fits: boolean | undefined, more: FakeHistory = {}) =>
  fakeHistory({
    outcome: 'failed',
    stage: 'client-finished',
    messages: [
      fakeMessage(1, 'client', 4),
      fakeMessage(13, 'server', 6),
      fakeMessage(11, 'client', 7),
    ],
    alerts: [fakeAlert(48, 'server', 9)],
    certificates: { client: chainOf(['none']), server: [] },
    clientAuthorities: { names: ['CN=a', 'CN=b', 'CN=c', 'CN=d', 'CN=e'], fits },
    ...more,
  });
const mismatch = [
  { message: 'mismatch', severity: 'error', confidence: 'likely', packets: [6, 7, 9] },
] as const;

testConnectionRule(
  clientCertCaHintMismatch,
  [
    { name: 'suspects a stranger', history: hinted(false), want: mismatch },
    {
      name: 'suspects one that goes up to its own authority',
      history: hinted(false, { certificates: { client: chainOf([1, 'self']), server: [] } }),
      want: mismatch,
    },
    { name: 'passes a certificate of one of them', history: hinted(true), want: 'pass' },
    { name: 'passes what cannot be read', history: hinted(undefined), want: 'pass' },
    {
      name: 'passes where every issuer will do',
      history: hinted(false, { clientAuthorities: { names: [], fits: false } }),
      want: 'pass',
    },
    {
      name: 'leaves alerts of the client alone',
      history: hinted(false, { alerts: [fakeAlert(48, 'client', 9)] }),
      want: 'not-applicable',
    },
    {
      name: 'leaves other alerts alone',
      history: hinted(false, { alerts: [fakeAlert(51, 'server', 9)] }),
      want: 'not-applicable',
    },
    {
      name: 'leaves handshakes alone in which nothing was asked',
      history: hinted(false, { clientAuthorities: undefined }),
      want: 'not-applicable',
    },
  ],
  { 'not-assessable': NEVER_BLIND },
);
