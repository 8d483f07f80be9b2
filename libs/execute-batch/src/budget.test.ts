import { describe, expect, it } from '@jest/globals';
import { contractThat, assetKey, runAlone } from './testing/index.ts';
import type { Contract } from './contract.ts';
import { stateValue } from './state-value.ts';

const reads = (calls: number): Contract =>
  contractThat(async (state) => {
    for (let call = 0; call < calls; call++) await state.get(assetKey('a'));
  });
const overspent = { status: 'rejected', code: 'BUDGET_EXCEEDED' };

describe('the budget', () => {
  it('rejects an operation that calls the state, writes, loops or answers too much, and rolls it back', async () => {
    const greedy: Contract[] = [
      reads(1_000),
      contractThat((state) => state.put(assetKey('a'), Buffer.alloc(1_000_000, 'x'))),
      contractThat((state, budget) => {
        state.put(assetKey('a'), stateValue({}));
        budget.spend(1e6);
      }),
      { ...reads(0), apply: async () => ({ long: 'x'.repeat(1_000_000) }) },
    ];
    for (const contract of greedy) {
      const { result, stub } = await runAlone(contract);
      expect(result).toMatchObject(overspent);
      expect(stub.writes.size).toBe(1);
    }
  });

  it('applies also to a contract that catches the rejection', async () => {
    const shameless = contractThat((_state, budget) => {
      try {
        budget.spend(1e9);
      } catch {
        // Continues as if nothing had happened.
      }
    });
    expect((await runAlone(shameless)).result).toMatchObject(overspent);
  });

  it('cannot be refilled', async () => {
    for (const units of [-1, Number.NaN]) {
      expect((await runAlone(contractThat((_state, budget) => budget.spend(units)))).result).toMatchObject({
        status: 'dead',
      });
    }
  });

  it('grows with the operation', async () => {
    const keys = Array.from({ length: 100 }, (_, index) => ({ key: assetKey(`a${index}`), mode: 'read' as const }));
    expect((await runAlone(reads(1_000), keys)).result).toMatchObject({ status: 'applied' });
  });
});
