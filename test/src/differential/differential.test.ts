import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { carryOut } from './carry-out.ts';
import { goldenFiles, readGolden } from './golden.ts';
import { histories, historyLimits } from './history.ts';
import { modelOfFabric } from './model-of-fabric.ts';

describe('the ledger model', () => {
  it.each(goldenFiles())('does what real peers did: %s', async (file) => {
    const { limits, recorded } = readGolden(file);
    expect(limits).toEqual(historyLimits);
    expect(recorded.length).toBeGreaterThan(0);
    for (const { history, carried } of recorded) {
      expect(await carryOut(await modelOfFabric(), history)).toEqual(carried);
    }
  });

  it('tells one history in the same words each time', async () => {
    const property = fc.asyncProperty(histories, async (history) => {
      const [once, again] = [
        await carryOut(await modelOfFabric(), history),
        await carryOut(await modelOfFabric(), history),
      ];
      expect(again).toEqual(once);
      const told = once.blocks.flat().length;
      expect(told).toBe(once.refusals.filter((refusal) => refusal === null).length);
    });
    await fc.assert(property, { numRuns: 50 });
  });
});
