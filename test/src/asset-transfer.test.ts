import { afterEach, describe, expect, it } from '@jest/globals';
import { assetTransfer } from '@medrex/execute-batch/testing';
import { judge } from './harness/aftermath.ts';
import { AssetLoad, talliesIn, talliesSent } from './harness/asset-load.ts';
import { ForeignWriter } from './harness/foreign-writer.ts';
import { seeded, seeds } from './harness/seed.ts';
import { assetContracts, Stack } from './harness/stack.ts';

describe('a non-clinical contract, through the same services', () => {
  let stack: Stack;
  afterEach(async () => stack.remove());

  it.each(seeds(700))(
    'keeps all guarantees with keys discovered from state and a foreign writer on the same keys (seed %i)',
    (seed) =>
      seeded(seed, async (chance) => {
        stack = await new Stack(assetContracts).start();
        const load = new AssetLoad(stack, { chance, discovers: true });
        const accounts = chance.part(0);
        const account = () => accounts.pick(['ann', 'ben', 'cat']);
        const foreign = new ForeignWriter(stack, () => ({ do: 'deposit', account: account(), amount: 1 }), 40);
        await load.more(chance.between(200, 400));
        await stack.kill(['orderer-dag']);
        await stack.start(['orderer-dag']);
        await load.more(chance.between(200, 400));
        await load.finish();
        await foreign.finish();
        const found = await judge(stack, { senders: load.senders, contracts: [assetTransfer], isSerial: false });
        expect(talliesIn(found.state, load)).toEqual(talliesSent(load));
        expect(foreign.valid).toBeGreaterThan(0);
        expect(found.outcomes.some(({ undeclared = [] }) => undeclared.length > 0)).toBe(true);
        expect(found.outcomes.filter(({ status, code }) => status === 'dead' && code !== 'CONTRACT_ERROR')).toEqual([]);
      }),
    120_000,
  );
});
