import { unknownName } from './lookup.ts';

export const SSL_2_0 = 0x0002;
export const SSL_3_0 = 0x0300;
export const TLS_1_0 = 0x0301;
export const TLS_1_1 = 0x0302;
export const TLS_1_2 = 0x0303;
export const TLS_1_3 = 0x0304;
/** DTLS counts downwards, in ones' complement, so that no TLS version is mistaken for one. RFC 6347 §4.1. */
export const DTLS_1_0 = 0xfeff;
export const DTLS_1_2 = 0xfefd;
export const DTLS_1_3 = 0xfefc;
/**
 * DTLS 1.3 under the number of draft 43, as NSS 3.87 (Firefox) speaks it: its nonces have the epoch in them, all else
 * is that of RFC 9147.
 */
export const DTLS_1_3_DRAFT_43 = 0x7f2b;
/** DTLS 1.0 as OpenSSL spoke it before RFC 4347 was followed (0.9.8e and older; still in use as `DTLS1_BAD_VER`). */
export const DTLS_PRE_STANDARD = 0x0100;

/**
 * The name of a version: `SSL 2.0` … `TLS 1.3`, `DTLS 1.0` … `DTLS 1.3`; `unknown_0x…` for others. Drafts of TLS 1.3
 * are called by the version they became; `draftName` tells them apart.
 */
export function versionName(wire: number): string {
  switch (wire) {
    case SSL_2_0:
      return 'SSL 2.0';
    case SSL_3_0:
      return 'SSL 3.0';
    case TLS_1_0:
      return 'TLS 1.0';
    case TLS_1_1:
      return 'TLS 1.1';
    case TLS_1_2:
      return 'TLS 1.2';
    case TLS_1_3:
      return 'TLS 1.3';
    case DTLS_PRE_STANDARD:
    case DTLS_1_0:
      return 'DTLS 1.0';
    case DTLS_1_2:
      return 'DTLS 1.2';
    case DTLS_1_3:
    case DTLS_1_3_DRAFT_43:
      return 'DTLS 1.3';
    default:
      return tls13Draft(wire) > 0 ? 'TLS 1.3' : unknownName(wire, 4);
  }
}

/**
 * The TLS version (0x0300 … 0x0304) whose rules apply, so that versions of both protocols can be compared by size:
 * DTLS 1.0 follows TLS 1.1, DTLS 1.2 follows TLS 1.2, and so on. SSL 2.0 stays 2; 0 for a value that is no version.
 */
export function tlsEquivalent(wire: number): number {
  switch (wire) {
    case SSL_2_0:
    case SSL_3_0:
    case TLS_1_0:
    case TLS_1_1:
    case TLS_1_2:
    case TLS_1_3:
      return wire;
    case DTLS_PRE_STANDARD:
    case DTLS_1_0:
      return TLS_1_1;
    case DTLS_1_2:
      return TLS_1_2;
    case DTLS_1_3:
    case DTLS_1_3_DRAFT_43:
      return TLS_1_3;
    default:
      return tls13Draft(wire) > 0 ? TLS_1_3 : 0;
  }
}

/** The version whose rules a negotiated one follows, but for the nonces of that draft. */
export function settledVersion(wire: number): number {
  return wire === DTLS_1_3_DRAFT_43 ? DTLS_1_3 : wire;
}

/**
 * The draft of TLS 1.3 that the value stands for: 0x7fNN by the drafts' own convention, 0xfbNN for the variant that
 * Facebook deployed; 0 if it is none. There were drafts up to 28.
 */
export function tls13Draft(wire: number): number {
  const family = wire >> 8;
  const draft = wire & 0xff;
  return (family === 0x7f || family === 0xfb) && draft <= LAST_DRAFT ? draft : 0;
}

const LAST_DRAFT = 28;

/** `draft 23`, `Facebook’s draft 23`; empty for what is no draft. */
export function draftName(wire: number): string {
  if (wire === DTLS_1_3_DRAFT_43) return 'draft 43';
  const draft = tls13Draft(wire);
  if (draft === 0) return '';
  return wire >> 8 === 0xfb ? `Facebook’s draft ${draft}` : `draft ${draft}`;
}

/** The name of a version for people, who have to know that no two drafts understand each other: `TLS 1.3 (draft 23)`. */
export function versionText(wire: number): string {
  const draft = draftName(wire);
  return draft === '' ? versionName(wire) : `${versionName(wire)} (${draft})`;
}

/** TLS 1.3 or DTLS 1.3, drafts included. */
export function isTls13(version: number | undefined): boolean {
  return version !== undefined && tlsEquivalent(version) === TLS_1_3;
}
