import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { assetTransfer } from '@medrex/execute-batch/testing';
import { judge } from './harness/aftermath.ts';
import { AssetLoad, talliesIn, talliesSent } from './harness/asset-load.ts';
import { seeded, seeds, type Chance } from './harness/seed.ts';
import { assetContracts, serviceNames, Stack, type ServiceName } from './harness/stack.ts';

describe('services killed under load', () => {
  let stack: Stack;
  afterEach(async () => stack.remove());

  it.each(seeds(100))(
    'lose nothing and apply nothing twice, killed one by one and all at once (seed %i)',
    (seed) =>
      seeded(seed, async (chance) => {
        stack = await new Stack(assetContracts).start();
        const load = new AssetLoad(stack, { chance });
        for (const names of schedule(chance)) {
          await load.more(chance.between(20, 150));
          await delay(chance.between(0, 40));
          await killAndStart(stack, names, chance);
        }
        await load.finish();
        const found = await judge(stack, { senders: load.senders, contracts: [assetTransfer] });
        expect(talliesIn(found.state, load)).toEqual(talliesSent(load));
      }),
    120_000,
  );
});

/** The order of kills: each service twice, and all of them together once. */
function schedule(chance: Chance): readonly (readonly ServiceName[])[] {
  return chance.shuffled([...serviceNames.map((name) => [name]), ...serviceNames.map((name) => [name]), serviceNames]);
}

/** Kills and restarts services, sometimes killing them again during the start. */
async function killAndStart(stack: Stack, names: readonly ServiceName[], chance: Chance): Promise<void> {
  await stack.kill(names);
  if (chance.between(1, 3) === 1) {
    names.forEach((name) => stack.service(name).launch());
    await delay(chance.between(0, 600));
    await stack.kill(names);
  }
  await stack.start(names);
}
