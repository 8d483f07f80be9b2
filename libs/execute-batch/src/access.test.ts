import { describe, expect, it } from '@jest/globals';
import { authorPolicyKey, operationRecordKey } from '@medrex/keys';
import { batchChaincode } from './batch-chaincode.ts';
import type { Operation } from './contract.ts';
import { stateValue } from './state-value.ts';
import {
  assetKey,
  assetOperation,
  assetTransfer,
  type CommittedState,
  InMemoryStub,
  itemOf,
  runBatch,
} from './testing/index.ts';

const create = (over: Partial<Operation> = {}) =>
  assetOperation({ do: 'create', asset: 'a', owner: 'ann', value: 7 }, over);

describe('access', () => {
  const scoped = batchChaincode({
    name: 'medrex',
    version: '1',
    contracts: [assetTransfer],
    mayTouch: (creator, space) => creator === 'BillingMSP' || space !== 'financial',
  });

  it('refuses a caller the spaces it may not touch, and does not even read there', async () => {
    const state: CommittedState = new Map([[assetKey('a'), stateValue({ owner: 'ann', transfers: 0 })]]);
    const stub = new InMemoryStub(state, 'tx', 'WardMSP');
    const hidden: Operation = { ...assetOperation({ do: 'look', asset: 'a' }, { opId: '2' }), keys: [] };
    const results = await runBatch(scoped, stub, [itemOf(create({ opId: '1' })), itemOf(hidden)]);
    expect(results.map(({ code, undeclared }) => [code, undeclared])).toEqual([
      ['ACCESS_DENIED', []],
      ['ACCESS_DENIED', []],
    ]);
    const [one, two] = ['1', '2'].map(operationRecordKey);
    expect(stub.reads).toEqual([one, authorPolicyKey('asset-transfer'), two]);
    const query = await scoped.invoke(stub, 'get', [Buffer.from(assetKey('a'))]);
    expect(query).toMatchObject({ status: 403, payload: new Uint8Array() });
  });

  it('lets a caller do what its scope allows', async () => {
    const [result] = await runBatch(scoped, new InMemoryStub(new Map(), 'tx', 'BillingMSP'), [itemOf(create())]);
    expect(result).toMatchObject({ status: 'applied' });
  });
});
