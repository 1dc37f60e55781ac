/** Captures whose packets have one time, as converters leave them that know none. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyse } from '../support/analyse.ts';
import { at, fileOf, partsOf } from '../support/pcap-packets.ts';

const samples = path.join(import.meta.dirname, '../../samples');
const NOW = 1_790_000_000e6;

/** A sample with its own times, and with `micros` for all of its packets. */
const readOf = (name: string, micros?: number) => {
  const parts = partsOf(readFileSync(path.join(samples, name, 'capture.pcap')));
  const records = parts.records.map((one) => (micros === undefined ? one : at(one, micros)));
  return analyse(fileOf(parts, records));
};
const told = ({ findings }: ReturnType<typeof analyse>) => [
  ...new Set(findings.filter(({ severity }) => severity !== 'info').map(({ rule }) => rule)),
];
const noticed = ({ result }: ReturnType<typeof analyse>) =>
  result.notices[0]?.some(({ code }) => code === 'no-times');

describe('a capture without times', () => {
  it.each([
    ['go-panic-single', 'server-process-died', ['handshake-aborted', 'tcp-connect-refused']],
    ['go-panic-recovered', 'handshake-aborted-at-key-setup', ['handshake-aborted']],
    ['dtls-retransmission-storm', 'dtls-retransmission-storm', []],
    ['tls-certificates-in-wrong-order', 'cert-order-wrong', ['cert-order-wrong']],
    ['tls-finished-decrypt-error', 'finished-decrypt-error', ['finished-decrypt-error']],
  ])('%s is judged by what does not rest on them', (name, rule, left) => {
    const timed = readOf(name);
    expect(told(timed)).toContain(rule);
    expect(noticed(timed)).toBe(false);
    for (const micros of [0, NOW]) {
      const read = readOf(name, micros);
      expect(told(read).sort()).toEqual([...left].sort());
      expect(noticed(read)).toBe(true);
      for (const { blindSpots } of read.connections) expect(blindSpots).toContain('no-times');
    }
  });

  it('leaves rules that rest on time without a judgement of connections that they concern', () => {
    const rows = (micros?: number) =>
      readOf('go-panic-single', micros)
        .result.coverage.filter(({ rule }) => /^(server-process|handshake-timeout)/.test(rule))
        .map(({ notAssessable }) => notAssessable['no-times'] ?? 0);
    expect(rows()).toEqual([0, 0]);
    for (const count of rows(0)) expect(count).toBeGreaterThan(0);
  });

  it('holds nobody guilty of having closed, who may have waited', () => {
    const sides = (micros?: number) =>
      readOf('tls-handshake-timeout', micros).faults.map(({ likelier }) => likelier);
    expect(sides()).toContain('server');
    expect(sides(0)).not.toContain('client');
  });

  it('needs two packets to be one', () => {
    const parts = partsOf(readFileSync(path.join(samples, 'tls13-hrr/capture.pcap')));
    expect(noticed(analyse(fileOf(parts, parts.records.slice(0, 1))))).toBe(false);
    expect(noticed(analyse(fileOf(parts, parts.records.slice(0, 2))))).toBe(false);
  });
});
