import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { explainRecord } from '../../src/crypto/explain-record.ts';
import { KeyLog } from '../../src/crypto/key-log.ts';
import { conversationsOf } from './conversations.ts';
import { type Followed, Follower } from './followed.ts';

interface Case {
  readonly file: string;
  readonly keys: string | null;
  readonly stack: string;
  readonly version: string;
  readonly suite: string;
  readonly options: Readonly<Record<string, string | number>>;
  readonly port: number;
  readonly connections: number;
  readonly handshakes: number;
}

/** Another folder that record.mjs filled may be named, to open all that can be recorded. */
const { SUITES: named } = process.env;
const SUITES = named ?? fileURLToPath(new URL('../../samples/suites', import.meta.url));

const cases = readFileSync(`${SUITES}/index.jsonl`, 'utf8')
  .trim()
  .split('\n')
  .map((line): Case => JSON.parse(line));

function followAll(path: string, keyFile: string | null): (Followed & { port: number })[] {
  const { conversations, keys } = conversationsOf(path);
  const log = new KeyLog();
  for (const octets of keys) log.add(octets);
  if (keyFile !== null && existsSync(keyFile)) log.add(readFileSync(keyFile));
  return conversations.map((one) => ({ ...new Follower(one, log).follow(), port: one.serverPort }));
}

describe.each([...new Set(cases.map(({ file }) => file))])('%s', (file) => {
  const own = cases.filter((one) => one.file === file);
  const keys = own[0]?.keys;
  const followed = followAll(`${SUITES}/${file}`, keys ? `${SUITES}/${keys}` : null);

  it.each(own)('$stack $version $suite $options', ({ port, connections, handshakes }) => {
    const these = followed.filter((one) => one.port === port);
    expect(these).toHaveLength(connections);
    expect(
      these.flatMap(({ failures }) => failures.map(({ packet, opening }) => ({ packet, opening }))),
    ).toEqual([]);
    const known = these.every(({ unsupported }) => unsupported === 0);
    for (const { data } of known ? these : []) {
      expect(data.client).toMatch(/^x+$/);
      expect(data.server).toMatch(/^x+$/);
    }
    const verified = these.flatMap(({ finished }) => finished);
    expect(verified.filter((side) => side.endsWith('!'))).toEqual([]);
    if (known) expect(verified).toHaveLength(2 * handshakes);
  });
});

interface Explained {
  readonly packet: number;
  readonly hypotheses: readonly string[];
  readonly parameters?: object;
}

/** Samples whose client or server makes one mistake: the packet that it shows in, and what explains it. */
const MISTAKES: Readonly<Record<string, Explained>> = {
  'tls-mac-seq-ahead': {
    packet: 8,
    hypotheses: ['sequence-offset'],
    parameters: { sequence: 1, offset: 1 },
  },
  'tls-mac-seq-restart': {
    packet: 17,
    hypotheses: ['sequence-offset'],
    parameters: { sequence: 0, offset: -3 },
  },
  'tls-forked-writer': {
    packet: 15,
    hypotheses: ['sequence-offset'],
    parameters: { sequence: 2, offset: -1 },
  },
  'tls-mac-wrong-hash': {
    packet: 8,
    hypotheses: ['other-mac-hash'],
    parameters: { hash: 'sha256' },
  },
  'tls-mac-wrong-version': {
    packet: 8,
    hypotheses: ['other-version'],
    parameters: { version: 0x0301 },
  },
  'tls-mac-wrong-type': { packet: 8, hypotheses: ['other-type'], parameters: { type: 23 } },
  'tls-mac-zero-key': { packet: 9, hypotheses: ['mac-key-empty'] },
  'tls-key-block-swapped': { packet: 8, hypotheses: ['key-block-cut-otherwise'] },
  'tls-aead-wrong-length': { packet: 8, hypotheses: ['other-length'] },
  'tls-aead-wrong-nonce': { packet: 8, hypotheses: ['other-nonce'] },
  'tls-etm-unused': { packet: 8, hypotheses: ['encrypt-then-mac-swapped'] },
  'tls-etm-wrong-length': { packet: 8, hypotheses: ['other-length'] },
};

const sampleFile = (name: string, file: string): string =>
  fileURLToPath(new URL(`../../samples/${name}/${file}`, import.meta.url));
const followSample = (name: string) =>
  followAll(sampleFile(name, 'capture.pcap'), sampleFile(name, 'keys.log'));

describe('a real program with one mistake in its records', () => {
  it.each(Object.entries(MISTAKES))('%s', (name, { packet, hypotheses, parameters }) => {
    const failure = followSample(name)[0]?.failures[0];
    expect(failure?.packet).toBe(packet);
    const match = failure && explainRecord(failure)?.match;
    expect(match?.hypotheses).toEqual(hypotheses);
    if (parameters) expect(match?.parameters).toMatchObject(parameters);
  });
});

describe('a real program with one mistake in its Finished', () => {
  it.each([
    ['tls-finished-wrong-label', ['client!']],
    ['tls-finished-wrong-hash', ['client!']],
    ['tls-finished-without-status', ['client!']],
    ['tls-finished-without-ticket', ['client', 'server!']],
    ['tls-finished-with-hello-request', ['client', 'server', 'client!']],
    ['tls13-finished-transcript', ['server', 'client!']],
  ])('%s', (name, finished) => {
    expect(followSample(name)[0]).toMatchObject({ finished, failures: [] });
  });
});

it('the same programs without a mistake', () => {
  const all = followSample('tls-mistakes-none');
  expect(all).toHaveLength(7);
  for (const { failures, finished } of all) {
    expect(failures).toEqual([]);
    expect([...finished].sort()).toEqual(['client', 'server']);
  }
});
