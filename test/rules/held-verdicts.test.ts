import { expect, it } from 'vitest';
import type { FindingVerdict } from '../../src/model/rule.ts';
import { HeldVerdicts } from '../../src/rules/held-verdicts.ts';

const verdict = (id: number): FindingVerdict => ({
  kind: 'finding',
  message: 'm',
  confidence: 'likely',
  severity: 'error',
  data: { name: '“é” 🙂', count: id, gap: 0.25 },
  evidence: [{ packet: id, nanos: 1e17 + id, connection: id, from: 'client', note: 'n' }],
  connections: [id],
  explanations: [{ likelihood: 'low', text: 't', for: ['a'], against: [] }],
  table: [['k', 'v']],
});

it('hands over verdicts as they came, in their order, and lets them go', () => {
  const held = new HeldVerdicts();
  const given = [1, 2, 3].map(verdict);
  for (const one of given) held.push(one);
  expect(held.count).toBe(3);
  const found: FindingVerdict[] = [];
  held.drain((one) => found.push(one));
  expect(found).toEqual(given);
  expect(held.count).toBe(0);
});
