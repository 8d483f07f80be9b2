import { afterEach, describe, expect, it } from '@jest/globals';
import { assetTransfer } from '@medrex/execute-batch/testing';
import { ended, judge, receiptsOf } from './harness/aftermath.ts';
import { AssetLoad, talliesIn, talliesSent } from './harness/asset-load.ts';
import { seeded, seeds } from './harness/seed.ts';
import { assetContracts, Stack } from './harness/stack.ts';
import { appendLies } from './harness/topic-writer.ts';

describe('advice of the analyzer', () => {
  let stack: Stack;
  afterEach(async () => stack.remove());

  it.each(seeds(300))(
    'may be wrong, missing, late or interrupted: everything becomes terminal, in the same order (seed %i)',
    (seed) =>
      seeded(seed, async (chance) => {
        stack = new Stack(assetContracts);
        await appendLies(stack, chance);
        await stack.start(['orderer-dag', 'ingest']);
        const load = new AssetLoad(stack, { chance });
        await load.more(chance.between(200, 400));
        await ended(stack, receiptsOf(load.senders));
        await appendLies(stack, chance);
        await stack.start(['dependency-analyzer']);
        await load.more(chance.between(100, 200));
        await stack.kill(['dependency-analyzer']);
        await load.more(chance.between(100, 200));
        await load.finish();
        const found = await judge(stack, { senders: load.senders, contracts: [assetTransfer] });
        expect(talliesIn(found.state, load)).toEqual(talliesSent(load));
      }),
    120_000,
  );
});
