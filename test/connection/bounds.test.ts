/** Recorded conversations, with bounds that they reach: what is not kept is told as not known, and nobody is accused. */
import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { analyse } from '../support/analyse.ts';
import { reaches } from '../support/reaches.ts';
import { conversationsOf, unseal } from '../support/streams.ts';

/** What is told of a sample, with its key log unless `blind`. */
function told(sample: string, blind = false) {
  const read = (file: string) => Uint8Array.from(readFileSync(`samples/${sample}/${file}`));
  const keyed = !blind && existsSync(`samples/${sample}/keys.log`);
  const secrets = { keyLogs: keyed ? [read('keys.log')] : [], rsaKeys: [], psks: [] };
  const { connections, findings, result } = analyse(read('capture.pcap'), keyed ? { secrets } : {});
  const grave = findings.filter(({ severity }) => severity !== 'info');
  return {
    connections,
    decryption: connections[0]?.decryption,
    rules: [...new Set(grave.map(({ rule }) => rule))].sort(),
    titles: grave.map(({ title }) => title),
    notices: result.notices.flat().map(({ code }) => code),
    coverage: (rule: string) => result.coverage.find((row) => row.rule === rule),
  };
}

const REFUSED = 'tls-client-certificate-refused';
reaches('certificatesRead', 1, 'of a long list of certificates no issuer is missed', () => {
  expect(told(REFUSED).rules).toEqual(['client-cert-ca-hint-mismatch', 'handshake-alert']);
});

reaches('authoritiesRead', 0, 'of a long list of authorities nothing is said', () => {
  expect(told(REFUSED).rules).not.toContain('client-cert-ca-hint-mismatch');
});

function unjudgedSignature(): void {
  const { coverage, rules } = told('proxy-strips-encrypt-then-mac', true);
  const row = coverage('key-exchange-signature-invalid');
  expect(row).toMatchObject({ assessed: 0, notAssessable: { 'lost-bytes': 4 } });
  expect(rules).not.toContain('key-exchange-signature-invalid');
}
const UNSIGNED = 'a handshake that is not kept is not judged by its signature';
reaches('clearHandshakeOctets', 100, UNSIGNED, unjudgedSignature);
reaches('clearHandshakeOctetsPerHalf', 100, UNSIGNED, unjudgedSignature);

function unjudgedFinished(): void {
  const { decryption, rules } = told('dtls-cid-healthy');
  expect(decryption).toMatchObject({ failed: 0, skipped: 0 });
  expect(decryption?.finished.client).toMatchObject({
    verified: false,
    isTranscriptWhole: false,
  });
  expect(rules).toEqual([]);
}
const UNHASHED = 'a Finished over messages that are not kept is not judged';
reaches('transcriptOctets', 100, UNHASHED, unjudgedFinished);
reaches('transcriptOctetsInAll', 100, UNHASHED, unjudgedFinished);

reaches('sealedOctets', 1, 'a record that TCP split is skipped where it is not kept', () => {
  const { connections, rules } = told('proxy-resegments');
  const skipped = connections.map(({ decryption }) => decryption?.skipped);
  expect(skipped).toEqual([3, 3, 2, 2, 6, 2]);
  expect(connections.map(({ decryption }) => decryption?.failed)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(rules).toEqual([]);
});

reaches('helloRequests', 0, 'a HelloRequest that is not kept is not found in a hash', () => {
  const { rules, connections } = told('tls-finished-with-hello-request');
  expect(rules).toEqual(['finished-mismatch']);
  const checks = connections.map(({ decryption }) => decryption?.finished.client);
  expect(checks.map((check) => check?.explanation)).toEqual(checks.map(() => undefined));
});

reaches('transcriptMessagesVaried', 1, 'of long handshakes the first messages are left out', () => {
  const { rules, connections } = told('tls-finished-without-ticket');
  expect(rules).toEqual(['finished-mismatch']);
  const check = connections[0]?.decryption?.finished.server;
  expect(check).toMatchObject({ verified: false, explanation: undefined });
});

const SPLICED = 'proxy-splices-record';
function unknownOwner(): void {
  expect(told(SPLICED).rules).toEqual(['record-mac-mismatch', 'tls-foreign-record-suspected']);
}
const UNSOUGHT = 'the owner of a record that is not looked for stays unknown';
reaches('ownerCandidates', 0, UNSOUGHT, unknownOwner);
reaches('ownersTried', 0, UNSOUGHT, unknownOwner);
reaches('strayRecords', 0, UNSOUGHT, unknownOwner);
reaches('strayOctets', 10, UNSOUGHT, unknownOwner);

reaches('keyGenerations', 1, 'records behind too many changes of keys do not open', (bound) => {
  expect(bound).toBe(1);
  const { decryption, rules } = told('tls13-keyupdate');
  expect(decryption?.failed).toBe(0);
  expect(decryption?.skipped).toBeGreaterThan(0);
  expect(rules).toEqual([]);
});

function ownHandshakeOnly(): void {
  expect(told('tls-signature-randoms').titles).toContain('A signature of the handshake is invalid');
  expect(told('tls-signature-randoms').titles).not.toContain(
    'The signature of the server belongs to another handshake',
  );
}
const UNCOMPARED = 'a signature is not held against handshakes that are not kept';
reaches('recentHandshakes', 0, UNCOMPARED, ownHandshakeOnly);
reaches('signatureCandidates', 0, UNCOMPARED, ownHandshakeOnly);

reaches('resumableSessions', 0, 'a session that is not kept opens no resumption', () => {
  const { connections, rules } = told('go-panic-on-resumption');
  const obstacles = connections.map(({ decryption }) => decryption?.obstacle);
  expect(obstacles).toContain('no-matching-secret');
  expect(rules).not.toContain('record-mac-mismatch');
});

/** The first conversation of a sample, without some of the data records of the side that has more of them. */
function losing(sample: string, places: readonly number[]) {
  const read = (file: string) => Uint8Array.from(readFileSync(`samples/${sample}/${file}`));
  const [turns = []] = conversationsOf(read('capture.pcap'));
  const pieces = turns.flatMap(({ side, octets }) =>
    recordsOf(octets).map((one) => ({ side, octets: one })),
  );
  const [a, b] = ([0, 1] as const).map((side) =>
    pieces.filter((piece) => piece.octets[0] === 23 && piece.side === side),
  ) as [typeof pieces, typeof pieces];
  const data = a.length > b.length ? a : b;
  return unseal(
    pieces.map((piece) => ({ ...piece, isLost: places.some((n) => data.at(n) === piece) })),
    read('keys.log'),
  );
}

function recordsOf(octets: Uint8Array): Uint8Array[] {
  const records: Uint8Array[] = [];
  for (let at = 0; at < octets.length; ) {
    const end = at + 5 + (((octets[at + 3] as number) << 8) | (octets[at + 4] as number));
    records.push(octets.slice(at, end));
    at = end;
  }
  return records;
}

reaches('gapSearches', 1, 'behind too many gaps records are skipped', () => {
  expect(losing('tls13-hrr', [-5])).toMatchObject({ failed: 0, skipped: 0 });
  const twice = losing('tls13-hrr', [-5, -3]);
  expect(twice).toMatchObject({ failed: 0, skipped: 2, obstacle: 'lost-bytes' });
});

reaches(
  'sequenceAfterKeyChange',
  0,
  'too far behind a lost change of keys records are skipped',
  () => {
    const pairs = Array.from({ length: 12 }, (_, n) => losing('tls13-keyupdate', [n, n + 1]));
    expect(pairs.map((facts) => facts?.failed)).toEqual(pairs.map(() => 0));
    expect(pairs.filter((facts) => (facts?.skipped ?? 0) > 4)).toHaveLength(2);
  },
);
