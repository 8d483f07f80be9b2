import { afterEach, describe, expect, it } from '@jest/globals';
import { assetTransfer } from '@medrex/execute-batch/testing';
import { judge } from './harness/aftermath.ts';
import { AssetLoad } from './harness/asset-load.ts';
import { Chance } from './harness/seed.ts';
import { assetContracts, Stack } from './harness/stack.ts';

describe('a ledger that is in use', () => {
  let stack: Stack;
  afterEach(async () => stack.remove());

  it('refuses a second orderer-dag, which ends with the reason, while the first continues', async () => {
    stack = await new Stack(assetContracts).start(['orderer-dag', 'ingest']);
    const load = new AssetLoad(stack, { chance: new Chance(400) });
    await load.more(50);
    const second = stack.another('orderer-dag');
    second.launch();
    expect(await second.ended()).toEqual({ code: 1, signal: null });
    expect(second.output).toMatch(/LEDGER_LOCKED: .*another process/);
    await load.more(50);
    await load.finish();
    await judge(stack, { senders: load.senders, contracts: [assetTransfer] });
  }, 60_000);
});
