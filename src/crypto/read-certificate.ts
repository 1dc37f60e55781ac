import { X509Certificate } from 'node:crypto';
import { toHex } from '../bytes/hex.ts';
import type { CertificateFact, MalformedCertificate } from '../model/certificate.ts';
import { SECOND } from '../model/time.ts';
import { derFault } from './der-fault.ts';
import { digest } from './hash.ts';

/** First octet of a `SEQUENCE` in DER. Without it, the parser would also take PEM text. */
const SEQUENCE = 0x30;

/** What the certificates of one Certificate message are held against. */
export interface CertificateContext {
  /** Seconds since 1970. */
  readonly now: number;
  /** Seconds by which the clock was set back: it may be off by so much, and a date within that is not said to be missed. */
  readonly doubt?: number;
  readonly serverName: string | undefined;
  /** The list went on. */
  readonly isCut?: boolean;
}

/** Reads a list of certificates in DER; it ends before the first one that cannot be read. */
export function readCertificates(
  list: readonly Uint8Array[],
  context: CertificateContext,
): CertificateFact[] {
  const parsed: X509Certificate[] = [];
  for (const der of list) {
    const certificate = der[0] === SEQUENCE ? parse(der) : undefined;
    if (certificate === undefined) break;
    parsed.push(certificate);
  }
  const isCut = context.isCut === true || parsed.length < list.length;
  return parsed.map((certificate, at) => factOf(certificate, at, parsed, { ...context, isCut }));
}

/** What is wrong with the octets of a certificate; undefined where they can be read. */
export function malformation(der: Uint8Array): Omit<MalformedCertificate, 'place'> | undefined {
  const octets = der.length;
  const fault = derFault(der);
  if (fault !== undefined) {
    const { kind, offset, stated, left } = fault;
    return { octets, fault: kind, offset, stated, left };
  }
  if (der[0] === SEQUENCE && parse(der) !== undefined) return undefined;
  return { octets, fault: 'unparsed', offset: 0, stated: 0, left: octets };
}

function parse(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}

function factOf(
  certificate: X509Certificate,
  at: number,
  all: readonly X509Certificate[],
  { now, doubt = 0, serverName, isCut }: CertificateContext,
): CertificateFact {
  const { subject, issuer, raw } = certificate;
  const [from, to] = [secondsOf(certificate.validFrom), secondsOf(certificate.validTo)];
  const missed = (seconds: number): number =>
    (seconds > doubt ? seconds : Math.min(seconds, 0)) * SECOND;
  const key = keyOf(certificate);
  const issuedBy = all.findIndex((other, n) => n !== at && certificate.checkIssued(other));
  return {
    subject: onOneLine(subject),
    issuer: onOneLine(issuer),
    fingerprint: toHex(digest('sha256', raw)),
    names: namesOf(certificate),
    notBefore: dateOf(from),
    notAfter: dateOf(to),
    sinceNotAfter: missed(now - to),
    untilNotBefore: missed(from - now),
    isSelfIssued: subject === issuer,
    issuedBy: issuedBy < 0 && isCut ? undefined : issuedBy,
    keyType: key?.asymmetricKeyType,
    keyBits: key?.asymmetricKeyDetails?.modulusLength,
    matchesName:
      serverName === undefined ? undefined : certificate.checkHost(serverName) !== undefined,
  };
}

function keyOf(certificate: X509Certificate) {
  try {
    return certificate.publicKey;
  } catch {
    return undefined;
  }
}

/** `DNS:a.example, IP Address:192.0.2.1`; without any, the common name (RFC 6125 §6.4.4). */
function namesOf({ subjectAltName, subject }: X509Certificate): string[] {
  const names = (subjectAltName ?? '')
    .split(', ')
    .flatMap((name) => /^(?:DNS|IP Address):(.*)$/.exec(name)?.[1] ?? []);
  const common = /^CN=(.*)$/m.exec(subject ?? '')?.[1];
  return names.length > 0 || common === undefined ? names : [common];
}

const onOneLine = (name: string | undefined): string => (name ?? '').split('\n').join(', ');

/** A date that cannot be read is one that is never reached. */
function secondsOf(date: string): number {
  const millis = Date.parse(date);
  return Number.isNaN(millis) ? Number.NaN : millis / 1000;
}

const dateOf = (seconds: number): string =>
  Number.isNaN(seconds) ? 'unknown' : `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
