/** A record that went to another connection is found, wherever it came from; and nothing is found where nothing went astray. */
import { beforeAll, describe, expect, test } from 'vitest';
import { analyse } from '../support/analyse.ts';
import type { Octets } from '../support/hello-builder.ts';
import { captureFile, type Frame, MS, TcpFlow } from '../support/network.ts';
import { type Conversations, converse, type Said } from '../support/node-tls.ts';

/** More can be asked for to see how long it takes. */
const CONNECTIONS = Number(process.env['CONNECTIONS'] ?? 60);

let talks: Conversations;
beforeAll(async () => {
  const versions = Array.from({ length: CONNECTIONS }, (_, i) => (i % 2 ? 'TLSv1.3' : 'TLSv1.2'));
  talks = await converse(versions as ('TLSv1.2' | 'TLSv1.3')[], 3);
}, 120_000);

/** Each conversation from a port of its own, some under way at the same time. */
function capture(said: readonly (readonly Said[])[]): Octets {
  const frames: Frame[] = said.flatMap((turns, index) => {
    const flow = new TcpFlow({
      hosts: {
        client: { address: `192.0.2.${1 + (index % 200)}`, port: 20_000 + index },
        server: { address: '198.51.100.20', port: 443 },
      },
      startNanos: index * 5 * MS,
      stepNanos: 2 * MS,
    });
    flow.open();
    for (const { from, octets } of turns) flow.send(from, octets);
    flow.fin('client');
    flow.fin('server');
    return flow.frames;
  });
  return captureFile(frames);
}

/** The place of the last answers of a conversation: a turn of the server that is one record of application data. */
function lastAnswer(turns: readonly Said[]): number {
  return turns.findLastIndex(
    ({ from, octets }) => from === 'server' && octets[0] === 23 && octets.length > 40,
  );
}

const read = (said: Conversations['said']) => {
  const started = performance.now();
  const run = analyse(capture(said), {
    secrets: { keyLogs: [talks.keyLog], rsaKeys: [], psks: [] },
  });
  return { run, milliseconds: Math.round(performance.now() - started) };
};

describe('a record that was written to the wrong connection', () => {
  test('nobody is accused where nothing went astray', () => {
    const { run, milliseconds } = read(talks.said);
    if (CONNECTIONS > 60)
      console.log(`${CONNECTIONS} connections, none spliced: ${milliseconds} ms`);
    expect(run.connections).toHaveLength(CONNECTIONS);
    for (const { decryption } of run.connections) {
      expect(decryption).toMatchObject({ failed: 0, skipped: 0, source: 'key-log' });
      expect(decryption?.finished.client?.verified).toBe(true);
    }
    expect(run.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
  });

  // The owner is of the same version in the first, of the other one in the second case.
  test.each([
    ['TLS 1.2', 0, CONNECTIONS - 2],
    ['TLS 1.2 in TLS 1.3', 1, CONNECTIONS - 2],
    ['TLS 1.3', 3, CONNECTIONS - 1],
    ['TLS 1.3 in TLS 1.2', 2, CONNECTIONS - 1],
  ])('%s', (_name, victim, owner) => {
    const said = talks.said.map((turns) => [...turns]);
    const theirs = said[owner] as Said[];
    const mine = said[victim] as Said[];
    const [astray] = theirs.splice(lastAnswer(theirs), 1);
    mine.splice(lastAnswer(mine), 0, astray as Said);

    const { run, milliseconds } = read(said);
    const found = run.findings.filter(
      ({ rule }) => rule === 'record-decrypts-under-other-connection',
    );
    expect(found).toHaveLength(1);
    const [{ connections, confidence, summary }] = found as [(typeof found)[number]];
    // Ids follow the order in which connections began.
    expect([connections, confidence]).toEqual([[owner + 1, victim + 1], 'proven']);
    expect(summary).toMatch(/: record \d+ of its server;/);
    if (CONNECTIONS > 60) console.log(`${CONNECTIONS} connections: ${milliseconds} ms, ${summary}`);
  });
});
