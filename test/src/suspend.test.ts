import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { assetTransfer } from '@medrex/execute-batch/testing';
import { judge } from './harness/aftermath.ts';
import { AssetLoad, talliesIn, talliesSent } from './harness/asset-load.ts';
import { seeded, seeds } from './harness/seed.ts';
import { assetContracts, serviceNames, Stack } from './harness/stack.ts';

describe('services suspended and resumed under load', () => {
  let stack: Stack;
  afterEach(async () => stack.remove());

  it.each(seeds(200))(
    'continue where they stopped, after one to three seconds each (seed %i)',
    (seed) =>
      seeded(seed, async (chance) => {
        stack = await new Stack(assetContracts).start();
        const load = new AssetLoad(stack, { chance });
        for (const name of chance.shuffled(serviceNames)) {
          await load.more(chance.between(20, 150));
          stack.service(name).pause();
          await delay(chance.between(1_000, name === 'ingest' ? 1_500 : 3_000));
          stack.service(name).continue();
        }
        await load.finish();
        const found = await judge(stack, { senders: load.senders, contracts: [assetTransfer] });
        expect(talliesIn(found.state, load)).toEqual(talliesSent(load));
      }),
    120_000,
  );
});
