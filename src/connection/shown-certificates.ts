import { namesIn, readName } from '../crypto/distinguished-name.ts';
import {
  type CertificateContext,
  malformation,
  readCertificates,
} from '../crypto/read-certificate.ts';
import type {
  AuthoritiesFact,
  CertificateFact,
  MalformedCertificate,
} from '../model/certificate.ts';
import { CERTIFICATE, CERTIFICATE_REQUEST } from '../model/code-points/handshake-types.ts';
import type { PerRole, Role } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import { decodeCertificate } from '../tls/codec/certificate.ts';
import { decodeCertificateRequest } from '../tls/codec/certificate-request.ts';
import type { HandshakeMessages } from './unsealing/handshake-messages.ts';

/**
 * The certificates of a handshake up to TLS 1.2, where they are in the clear.
 *
 * @param time of the handshake, and how much the clock may be off
 */
export function shownCertificates(
  messages: HandshakeMessages | undefined,
  serverName: string | undefined,
  time: Pick<CertificateContext, 'now' | 'doubt'>,
): PerRole<readonly CertificateFact[]> {
  const shown = (from: Role) => {
    const body = messages?.last(from, CERTIFICATE)?.octets.subarray(4);
    if (body === undefined) return [];
    const { message, shortfalls } = decodeCertificate(body, false);
    const list = message.entries.slice(0, LIMITS.certificatesRead);
    const isCut = list.length < message.entries.length || shortfalls.length > 0;
    // The name is that of the server.
    const name = from === 'server' ? serverName : undefined;
    return readCertificates(
      list.map(({ data }) => data),
      { ...time, serverName: name, isCut },
    );
  };
  return { client: shown('client'), server: shown('server') };
}

/** The first thing in the lists of certificates of a handshake up to TLS 1.2 that cannot be parsed. */
export function malformedCertificates(
  messages: HandshakeMessages | undefined,
): PerRole<MalformedCertificate | undefined> {
  const malformed = (from: Role): MalformedCertificate | undefined => {
    const body = messages?.last(from, CERTIFICATE)?.octets.subarray(4);
    if (body === undefined) return undefined;
    const { message, shortfalls } = decodeCertificate(body, false);
    for (const [at, { data }] of message.entries.slice(0, LIMITS.certificatesRead).entries()) {
      const found = malformation(data);
      if (found !== undefined) return { place: at + 1, ...found };
    }
    const [cut] = shortfalls;
    return cut === undefined
      ? undefined
      : {
          place: 0,
          octets: body.length,
          fault: 'past-end',
          offset: cut.offset,
          stated: cut.needed,
          left: cut.available,
        };
  };
  return { client: malformed('client'), server: malformed('server') };
}

/** What the server's CertificateRequest names, and whether the client's certificates fit; undefined without both. */
export function askedAuthorities(
  messages: HandshakeMessages | undefined,
  version: number,
): AuthoritiesFact | undefined {
  const request = messages?.last('server', CERTIFICATE_REQUEST)?.octets.subarray(4);
  const sent = messages?.last('client', CERTIFICATE)?.octets.subarray(4);
  if (request === undefined || sent === undefined) return undefined;
  const { message, shortfalls } = decodeCertificateRequest(request, version);
  const { entries } = decodeCertificate(sent, false).message;
  const authorities = message.authorities.slice(0, LIMITS.authoritiesRead).map(readName);
  const names = authorities.flatMap((name) => name ?? []);
  const own = entries.slice(0, LIMITS.certificatesRead).map(({ data }) => namesIn(data));
  const known = own.flatMap((one) => (one === undefined ? [] : [one.issuer.key, one.subject.key]));
  const isWhole =
    shortfalls.length === 0 &&
    names.length === message.authorities.length &&
    own.length === entries.length &&
    !own.includes(undefined);
  return {
    names: names.map(({ text }) => text),
    fits: isWhole ? names.some(({ key }) => known.includes(key)) : undefined,
  };
}
