import { describe, expect, it } from 'vitest';
import { alertDescriptionName, alertLevelName } from '../../../src/model/code-points/alerts.ts';
import { contentTypeName } from '../../../src/model/code-points/content-types.ts';
import { extensionName } from '../../../src/model/code-points/extensions.ts';
import { isGrease } from '../../../src/model/code-points/grease.ts';
import { groupName } from '../../../src/model/code-points/groups.ts';
import { handshakeTypeName } from '../../../src/model/code-points/handshake-types.ts';
import { signatureSchemeName } from '../../../src/model/code-points/signature-schemes.ts';
import {
  tls13Draft,
  tlsEquivalent,
  versionName,
  versionText,
} from '../../../src/model/code-points/versions.ts';
import { ENCRYPTED_MESSAGE, HELLO_RETRY_REQUEST } from '../../../src/model/history.ts';

describe('names', () => {
  it.each([
    [contentTypeName(21), 'alert'],
    [contentTypeName(25), 'tls12_cid'],
    [contentTypeName(0x80), 'unknown_0x80'],
    [handshakeTypeName(1), 'client_hello'],
    [handshakeTypeName(24), 'key_update'],
    [handshakeTypeName(254), 'message_hash'],
    [handshakeTypeName(99), 'unknown_0x63'],
    [handshakeTypeName(HELLO_RETRY_REQUEST), 'hello_retry_request'],
    [handshakeTypeName(6), 'hello_retry_request'],
    [handshakeTypeName(ENCRYPTED_MESSAGE), 'encrypted'],
    [alertLevelName(2), 'fatal'],
    [alertLevelName(0), 'unknown_0x00'],
    [alertDescriptionName(0), 'close_notify'],
    [alertDescriptionName(20), 'bad_record_mac'],
    [alertDescriptionName(117), 'general_error'],
    [alertDescriptionName(121), 'ech_required'],
    [alertDescriptionName(200), 'unknown_0xc8'],
    [groupName(29), 'x25519'],
    [groupName(0x11ec), 'X25519MLKEM768'],
    [groupName(0x6399), 'X25519Kyber768Draft00'],
    [groupName(0x2a2a), 'grease_0x2a2a'],
    [signatureSchemeName(0x0804), 'rsa_pss_rsae_sha256'],
    [signatureSchemeName(0x0202), 'dsa_sha1'],
    [signatureSchemeName(0xfea0), 'unknown_0xfea0'],
    [extensionName(0), 'server_name'],
    [extensionName(65281), 'renegotiation_info'],
    [extensionName(0x8b47), 'unknown_0x8b47'],
  ])('%s', (got, wanted) => {
    expect(got).toBe(wanted);
  });
});

describe('versions', () => {
  it.each([
    [0x0002, 'SSL 2.0', 0x0002],
    [0x0300, 'SSL 3.0', 0x0300],
    [0x0301, 'TLS 1.0', 0x0301],
    [0x0302, 'TLS 1.1', 0x0302],
    [0x0303, 'TLS 1.2', 0x0303],
    [0x0304, 'TLS 1.3', 0x0304],
    [0x7f0e, 'TLS 1.3', 0x0304],
    [0x7f1c, 'TLS 1.3', 0x0304],
    [0xfb1a, 'TLS 1.3', 0x0304],
    [0x0100, 'DTLS 1.0', 0x0302],
    [0xfeff, 'DTLS 1.0', 0x0302],
    [0xfefd, 'DTLS 1.2', 0x0303],
    [0xfefc, 'DTLS 1.3', 0x0304],
    [0x7f2b, 'DTLS 1.3', 0x0304],
    [0x0305, 'unknown_0x0305', 0],
    [0x7fff, 'unknown_0x7fff', 0],
    [0xfafa, 'grease_0xfafa', 0],
  ])('0x%s is %s', (wire, name, equivalent) => {
    expect([versionName(wire), tlsEquivalent(wire)]).toEqual([name, equivalent]);
  });

  it('tell the drafts of TLS 1.3 apart', () => {
    expect([0x7f12, 0x7f1c, 0xfb17, 0x0304, 0x7f1d].map(tls13Draft)).toEqual([18, 28, 23, 0, 0]);
    expect([0x7f12, 0xfb17, 0x7f2b, 0x0304].map(versionText)).toEqual([
      'TLS 1.3 (draft 18)',
      'TLS 1.3 (Facebook’s draft 23)',
      'DTLS 1.3 (draft 43)',
      'TLS 1.3',
    ]);
  });
});

describe('GREASE', () => {
  it('is the sixteen values of RFC 8701 §2 and no other', () => {
    const values = Array.from({ length: 0x10000 }, (_, code) => code).filter(isGrease);
    expect(values).toEqual(Array.from({ length: 16 }, (_, i) => 0x0a0a + i * 0x1010));
  });
});
