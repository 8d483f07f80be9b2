import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import { assetsOnDevnet, assetsOnFabric, type AssetNetwork } from '../harness/asset-network.ts';
import { CallingStack, codesOf, valuesIn } from '../harness/calling-stack.ts';

const assets = Array.from({ length: 10 }, (_, at) => `asset${at}`);
const rounds = 30;
const kinds = ['plain', 'fused'] as const;

describeReal('FABRIC', "the samples' asset contract on real peers", (profile) =>
  onTenHotKeys(() => assetsOnFabric(profile, kinds)),
);
describe("the samples' asset contract on the development network", () => onTenHotKeys(() => assetsOnDevnet(kinds)));

/** Calls every asset in every round once in each mode, so that all are hot at the same time. */
function onTenHotKeys(open: () => Promise<AssetNetwork>): void {
  let plain: string;
  let fused: string;
  let calling: CallingStack;
  beforeAll(async () => {
    const network = await open();
    ({ plain, fused } = network.names);
    const templates = { [plain]: { TransferAsset: [{ key: '{0}', mode: 'readWrite' }] } };
    calling = await CallingStack.start({ network, templates });
  }, 120_000);
  afterAll(() => calling.close(), 60_000);

  const created = (id: string) => ['CreateAsset', [id, 'red', '5', 'ann', '0']] as const;
  const worth = (value: number) => Object.fromEntries(assets.map((id) => [id, value]));

  it('has no conflict in per-transaction mode, its keys named, templated and learned', async () => {
    for (const id of assets) {
      const [fn, args] = created(id);
      const opId = await calling.call({ chaincode: plain, function: fn, args });
      expect(await calling.ended(opId)).toMatchObject({ state: 'applied' });
    }
    const opIds: string[] = [];
    for (let round = 0; round < rounds; round += 1) {
      for (const id of assets) {
        const kind = (round + assets.indexOf(id)) % 3;
        const keys = kind === 0 ? { keys: [{ key: id, mode: 'readWrite' }] } : {};
        const [fn, arg] = kind === 2 ? ['TransferAsset', `owner${round}`] : ['AddValue', '1'];
        opIds.push(await calling.call({ chaincode: plain, function: fn, args: [id, arg], ...keys }));
      }
    }
    for (const opId of opIds) {
      expect(await calling.ended(opId)).toMatchObject({ state: 'applied', mode: 'per-transaction' });
    }
    const transactions = await calling.transactionsOf(plain);
    expect(codesOf(transactions)).toEqual({ VALID: assets.length * (rounds + 1) });
    expect(valuesIn(plain, transactions)).toEqual(worth((rounds * 2) / 3));
  }, 240_000);

  it('has no conflict with executeBatch, and needs few Fabric transactions', async () => {
    const sender = calling.stack.sender('urn:wards');
    const message = (id: string, [fn, args]: readonly [string, readonly string[]]) => ({
      id,
      body: { function: fn, args },
    });
    await sender.deliver(assets.map((id) => message(`new-${id}`, created(id))));
    for (let round = 0; round < rounds; round += 1) {
      await sender.deliver(assets.map((id) => message(`m-${round}-${id}`, ['AddValue', [id, '1']])));
    }
    for (const { opId } of sender.accepted) expect(await calling.ended(opId)).toMatchObject({ state: 'applied' });
    const transactions = await calling.transactionsOf(fused);
    expect(Object.keys(codesOf(transactions))).toEqual(['VALID']);
    expect(valuesIn(fused, transactions)).toEqual(worth(rounds));
    expect(transactions.length).toBeLessThan(sender.accepted.length);
  }, 240_000);
}
