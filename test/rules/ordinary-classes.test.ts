import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Finding } from '../../src/model/finding.ts';
import type { ConnectionHistory } from '../../src/model/history.ts';
import { createAnalysis } from '../../src/pipeline/analysis.ts';
import { CATALOGUE } from '../../src/rules/catalogue.ts';
import { RuleRunner } from '../../src/rules/run-rules.ts';

const ALONE = { previous: undefined, next: undefined };

/**
 * Connections of one ordinary class are judged once. Over all samples, each told twice, that must give the findings and
 * the coverage that judging every connection gives.
 */
it('answers for an ordinary connection what asking every rule would answer', () => {
  const short = runner();
  const long = runner();
  let ordinary = 0;
  for (const sample of readdirSync('samples')) {
    const capture = read(`samples/${sample}/capture.pcap`);
    if (capture === undefined) continue;
    const analysis = createAnalysis({
      connection(history) {
        if ((history.ordinary ?? 0) !== 0) ordinary++;
        const unclassed: ConnectionHistory = Object.create(history, { ordinary: { value: 0 } });
        for (let twice = 0; twice < 2; twice++) {
          short.rules.connection(history, ALONE);
          long.rules.connection(unclassed, ALONE);
        }
      },
      finding: () => undefined,
    });
    const intake = analysis.beginCapture(sample, null);
    intake.push(capture);
    intake.end(capture.length);
    analysis.end();
  }
  // Enough of them to make the comparison mean something.
  expect(ordinary).toBeGreaterThan(20);
  expect(short.findings).toEqual(long.findings);
  expect(short.rules.coverage()).toEqual(long.rules.coverage());
});

function runner() {
  const findings: Finding[] = [];
  const rules = new RuleRunner({ rules: CATALOGUE, finding: (finding) => findings.push(finding) });
  return { rules, findings };
}

function read(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
