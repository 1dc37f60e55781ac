import { TLS_1_3, tlsEquivalent } from '../../model/code-points/versions.ts';
import type { Role, Stage } from '../../model/history.ts';

/** What an alert most often means, where its sender, the stage and the version are as given. */
interface AlertReading {
  readonly from?: Role;
  readonly stages?: readonly Stage[];
  /** Only from TLS 1.3 on (true), only before (false). */
  readonly tls13?: boolean;
  /** Only where the server asked for a certificate under a suite that leaves it without one itself. */
  readonly asksAnonymously?: true;
  /**
   * Whose fault it usually is, where one side's is clearly more frequent. The sender is the one who noticed, so that it is
   * hardly ever the sender's.
   */
  readonly fault?: 'sender' | 'peer';
  readonly causes: readonly string[];
  readonly remedies: readonly string[];
}

/** The circumstances that choose a reading. */
interface AlertContext {
  readonly from: Role;
  readonly stage: Stage;
  readonly version: number | undefined;
  readonly asksAnonymously?: boolean;
}

const EARLY: readonly Stage[] = ['server-hello'];
const AFTER_SERVER_FLIGHT: readonly Stage[] = ['server-flight', 'client-flight'];
const AFTER_CLIENT_FLIGHT: readonly Stage[] = ['client-finished', 'server-finished', 'done'];

const LOG = 'read the log of the side that sent the alert: it knows more than the number says';

/** A certificate alert is sent by whoever verified, about the other side's certificate. */
const certificate = (
  what: string,
  remedy: string,
  blame: Pick<AlertReading, 'fault'> = {},
): readonly AlertReading[] => [
  {
    ...blame,
    from: 'client',
    causes: [`the client refused the server’s certificate: ${what}`],
    remedies: [remedy, 'openssl s_client -showcerts shows what the server presents'],
  },
  {
    ...blame,
    from: 'server',
    causes: [`the server refused the client’s certificate: ${what}`],
    remedies: [
      remedy,
      'compare the client’s certificate with what the server is configured to trust',
    ],
  },
];

/** RFC 5246 §7.4.4: a client takes it for a fatal handshake_failure; some find a message out of place. */
const ASKED_BY_NOBODY: AlertReading = {
  from: 'client',
  asksAnonymously: true,
  fault: 'peer',
  causes: [
    'the server asked for a certificate (CertificateRequest) under an anonymous suite, which it must not: who shows none may ask for none',
  ],
  remedies: [
    'take the anonymous suites out of the server where clients have to show a certificate, or ask for none',
  ],
};

/**
 * The most frequent reading of each alert, the first that fits. The number alone misleads: unknown_ca from a client
 * speaks of the server's chain, from a server of the client's; handshake_failure before ServerHello is a matter of
 * offers, after the client's flight one of certificates and policy. RFC 5246 §7.2.2, RFC 8446 §6.2.
 */
const DICTIONARY: Readonly<Record<number, readonly AlertReading[]>> = {
  10: [
    ASKED_BY_NOBODY,
    {
      stages: EARLY,
      causes: [
        'the server did not expect these octets as the first ones: another protocol, a record of an earlier connection, or a second ClientHello',
      ],
      remedies: ['look at what the other side had sent just before the alert'],
    },
    {
      causes: [
        'a message arrived out of order, was left out or repeated; often a ChangeCipherSpec or Finished in the wrong place',
      ],
      remedies: ['compare the order of the messages with RFC 5246 §7.3'],
    },
  ],
  20: [
    {
      stages: AFTER_CLIENT_FLIGHT,
      causes: [
        'the two sides have different keys or use them differently: wrong PSK, different master secret, MAC construction',
        'the record was changed on the way, or belongs to another connection',
      ],
      remedies: [
        'open the record before the alert with a key log: that tells whether the record or the receiver is wrong',
      ],
    },
    {
      causes: ['a record did not authenticate, although hardly any keys can be in use yet'],
      remedies: ['look at the record before the alert: it may belong to another connection'],
    },
  ],
  21: [
    {
      causes: [
        'an old TLS stack tells padding errors from MAC errors, which TLS 1.1 and later forbid',
      ],
      remedies: ['upgrade the sender of the alert: telling the two apart lets an attacker decrypt'],
    },
  ],
  22: [
    {
      stages: EARLY,
      fault: 'peer',
      causes: [
        'plain text (HTTP, for one) was read as a record header and gave an impossible length',
      ],
      remedies: ['make sure that the client speaks TLS on this port'],
    },
    {
      causes: [
        'a record is longer than allowed, or than a negotiated fragment or record size limit',
      ],
      remedies: [
        'compare the length of the record before the alert with max_fragment_length and record_size_limit',
      ],
    },
  ],
  30: [
    {
      causes: [
        'compressed data (TLS compression, or a compressed certificate) could not be expanded',
      ],
      remedies: ['switch certificate compression off on one side as a test'],
    },
  ],
  40: [
    ASKED_BY_NOBODY,
    {
      from: 'server',
      stages: EARLY,
      causes: [
        'the server found nothing in common with the ClientHello: cipher suite, group, signature algorithm, or a suite that fits its type of certificate',
        'the server requires something that was not offered: a server name, extended master secret, secure renegotiation',
      ],
      remedies: [
        'compare the client’s offer with the configuration of the server, and with what the server chose on other connections',
      ],
    },
    {
      from: 'server',
      stages: AFTER_CLIENT_FLIGHT,
      causes: [
        'the server requires a client certificate and got none, or refused the one it got',
        'the server requires the extended master secret (FIPS modes do)',
      ],
      remedies: ['see whether the server sent a CertificateRequest and what the client answered'],
    },
    {
      from: 'client',
      causes: [
        'the client refused what the server chose or left out: secure renegotiation, extended master secret, group, signature algorithm or version',
      ],
      remedies: [
        'compare the ServerHello with the ClientHello: what was offered and not answered?',
      ],
    },
  ],
  42: certificate(
    'it could not be parsed, its signature is wrong, its purpose does not fit, or it is not the one that was pinned',
    'check the chain with openssl verify',
  ),
  43: certificate(
    'its key type, curve or extended key usage is not supported',
    'use a certificate of a type that both sides know',
  ),
  44: certificate('it was revoked', 'replace it; check the revocation list or OCSP answer', {
    fault: 'peer',
  }),
  45: certificate(
    'it has expired or is not valid yet',
    'renew it; check the clock of the side that verifies',
    { fault: 'peer' },
  ),
  46: certificate(
    'for an unspecified reason',
    'raise the log level of the side that verifies: the alert hides the reason',
  ),
  47: [
    {
      from: 'server',
      stages: EARLY,
      causes: [
        'a field of the ClientHello contradicts another or an earlier ClientHello: key share, PSK and its binder, cookie',
      ],
      remedies: [
        'if a PSK is offered, suspect the key or identity: some stacks answer a wrong binder so',
      ],
    },
    {
      from: 'client',
      causes: [
        'the client found the server’s answer inconsistent with its offer: an echo, a group, a downgrade mark, a resumed session with other parameters',
      ],
      remedies: [
        'make sure that the ServerHello belongs to this ClientHello (session id echo, key share group)',
      ],
    },
    {
      causes: ['a field is out of range or inconsistent with others'],
      remedies: [LOG],
    },
  ],
  48: certificate(
    'no trusted issuer was found; often the intermediate certificate is missing',
    'send the intermediate certificates, or add the issuer to the trust store of the side that verifies',
  ),
  49: [
    {
      causes: ['a valid certificate was presented, but access control refused its owner'],
      remedies: ['look at the access rules of the side that sent the alert'],
    },
  ],
  50: [
    {
      causes: [
        'a message could not be decoded: cut short, damaged, with a wrong length, or fragmented in a way the receiver does not support',
      ],
      remedies: ['look at the lengths of the message before the alert', LOG],
    },
  ],
  51: [
    {
      from: 'server',
      stages: EARLY,
      causes: [
        'the binder of the offered PSK does not verify: another key than the server has for this identity',
      ],
      remedies: ['compare the PSK on both sides, octet by octet'],
    },
    {
      stages: AFTER_SERVER_FLIGHT,
      causes: [
        'a signature of the handshake does not verify (ServerKeyExchange or CertificateVerify)',
      ],
      remedies: [
        'compare the certificate with the private key in use, and the signature algorithm',
      ],
    },
    {
      causes: [
        'the Finished or a signature does not verify: the two sides saw different handshakes',
      ],
      remedies: ['capture at both ends and compare the handshake messages octet by octet'],
    },
  ],
  70: [
    {
      causes: ['no version in common, or one that the policy of the sender forbids'],
      remedies: ['raise the older side to TLS 1.2 or 1.3 rather than lowering the other'],
    },
  ],
  71: [
    {
      causes: [
        'what was offered or chosen is too weak for the policy of the sender (key size, hash, suite)',
      ],
      remedies: ['offer stronger suites and keys'],
    },
  ],
  80: [
    {
      from: 'server',
      fault: 'sender',
      stages: AFTER_CLIENT_FLIGHT,
      causes: [
        'a failure inside the server while it derived keys, used its private key or checked the Finished',
      ],
      remedies: [
        LOG,
        'compare with other suites: if only one record MAC fails, suspect its set-up',
      ],
    },
    {
      from: 'client',
      causes: [
        'a failure inside the client; OpenSSL clients also say so about a signature algorithm that they no longer accept',
      ],
      remedies: [LOG],
    },
    {
      fault: 'sender',
      causes: [
        'a failure inside the server that has nothing to do with the client: configuration, missing key, HSM',
      ],
      remedies: [LOG],
    },
  ],
  86: [
    {
      causes: [
        'the client retried with a lower version (FALLBACK_SCSV) although the server supports a better one: its first attempt failed for another reason',
      ],
      remedies: ['find the connection that the client tried before, and why it failed'],
    },
  ],
  109: [
    {
      causes: [
        'an extension that the version requires is missing (groups, signature algorithms, server name, key share)',
      ],
      remedies: ['look at the ClientHello; a middlebox may have taken the extension out'],
    },
  ],
  110: [
    {
      causes: ['the server answered an extension that the client had not offered'],
      remedies: ['compare the extensions of both hellos; a middlebox may have changed one'],
    },
  ],
  112: [
    {
      causes: ['the server has no certificate or host for the server name of the ClientHello'],
      remedies: ['correct the name, or configure it on the server'],
    },
  ],
  113: [
    {
      fault: 'peer',
      causes: ['the stapled OCSP answer is invalid or out of date'],
      remedies: ['renew the server’s stapled answer, or switch stapling off as a test'],
    },
  ],
  115: [
    {
      causes: ['the server does not know the PSK identity'],
      remedies: ['compare the identity on both sides, including its case and a trailing NUL'],
    },
  ],
  116: [
    {
      fault: 'peer',
      causes: ['the server requires a client certificate and got none'],
      remedies: ['configure a client certificate that an issuer accepted by the server has signed'],
    },
  ],
  121: [
    {
      from: 'client',
      causes: [
        'the server did not accept the client’s encrypted ClientHello: the client’s ECH configuration is not, or no longer, one of the server’s keys, or another server answered for the public name',
      ],
      remedies: [
        'publish the configuration that the server has now in the HTTPS record of the name, and let no record outlive its key',
        'a client that gets retry_configs tries once more with these: look for its next connection',
      ],
    },
  ],
  120: [
    {
      causes: ['no application protocol in common (ALPN)'],
      remedies: ['align the ALPN lists of both sides (h2, http/1.1)'],
    },
  ],
};

const UNKNOWN: AlertReading = {
  causes: ['the sender met an error that this alert alone does not explain'],
  remedies: [LOG],
};

/** The reading that fits best; never empty. */
export function readingOf(
  description: number,
  { from, stage, version, asksAnonymously = false }: AlertContext,
): AlertReading {
  const isTls13 = version !== undefined && tlsEquivalent(version) >= TLS_1_3;
  const fitting = (DICTIONARY[description] ?? []).find(
    (reading) =>
      (reading.from === undefined || reading.from === from) &&
      (reading.stages === undefined || reading.stages.includes(stage)) &&
      (reading.asksAnonymously !== true || asksAnonymously) &&
      (reading.tls13 === undefined || reading.tls13 === isTls13),
  );
  return fitting ?? UNKNOWN;
}
