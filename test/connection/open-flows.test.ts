import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OpenFlows } from '../../src/connection/open-flows.ts';

test('holds each flow once, without a hole, whatever comes and goes', () => {
  const flow = fc.nat(2000);
  fc.assert(
    fc.property(fc.array(flow, { maxLength: 600, size: 'max' }), (turned) => {
      const open = new OpenFlows();
      const model = new Set<number>();
      for (const one of turned) {
        if (model.delete(one)) open.remove(one);
        else {
          model.add(one);
          open.add(one);
        }
        expect(open.size).toBe(model.size);
      }
      const flows = Array.from({ length: open.size }, (_, n) => open.at(n));
      expect(new Set(flows)).toEqual(model);
    }),
    { numRuns: 60 },
  );
});
