import { describe, expect, it } from '@jest/globals';
import { authorPolicyKey, operationRecordKey, type StateKey } from '@medrex/keys';
import { batchChaincode } from './batch-chaincode.ts';
import { type Contract, type Operation, type OperationResult, Reject } from './contract.ts';
import { operationItem } from './item.ts';
import { parseStateValue, stateValue } from './state-value.ts';
import {
  anOperation,
  assetKey,
  assetOperation,
  assetTransfer,
  type CommittedState,
  holdingKey,
  InMemoryStub,
  itemOf,
  labelKey,
  runBatch,
} from './testing/index.ts';

const chaincode = batchChaincode({ name: 'medrex', version: '1', contracts: [assetTransfer] });
const create = (over: Partial<Operation> = {}) =>
  assetOperation({ do: 'create', asset: 'a', owner: 'ann', value: 7 }, over);
const crash = (over: Partial<Operation> = {}) =>
  assetOperation({ do: 'crash', asset: 'a' }, { opId: 'crash', ...over });
const facts = (state: CommittedState, key: StateKey) => parseStateValue(state.get(key));

describe('executeBatch', () => {
  it('applies operations in order, each seeing the writes of those before it', async () => {
    const state: CommittedState = new Map();
    const stub = new InMemoryStub(state, 'tx1');
    const results = await runBatch(chaincode, stub, [
      itemOf(create({ opId: '1' })),
      itemOf(assetOperation({ do: 'transfer', asset: 'a', to: 'ben' }, { opId: '2' })),
      itemOf(assetOperation({ do: 'transfer', asset: 'a', to: 'cat' }, { opId: '3' })),
    ]);
    expect(results.map(({ status, detail }) => [status, detail])).toEqual([
      ['applied', { asset: 'a' }],
      ['applied', { from: 'ann', transfers: 1 }],
      ['applied', { from: 'ben', transfers: 2 }],
    ]);
    expect(facts(state, assetKey('a'))).toEqual({ owner: 'cat', transfers: 2, value: 7 });
    expect(state.has(holdingKey('ann'))).toBe(false);
  });

  it('writes one record per operation: how, when and where it ended, and its author', async () => {
    const state: CommittedState = new Map();
    await runBatch(chaincode, new InMemoryStub(state, 'tx1'), [
      itemOf(create({ opId: '1', sourceHash: 'h' })),
      itemOf(create({ opId: '2', sourceHash: 'h', time: '2023-12-31T23:59:59Z' })),
      itemOf(crash({ opId: '3', sourceHash: 'h' })),
    ]);
    const common = { a: 'attested by ingest', h: 'h', t: 'tx1' };
    expect(facts(state, operationRecordKey('1'))).toEqual({
      ...common,
      c: 'OK',
      d: '2024-05-01',
      r: { asset: 'a' },
      s: 'applied',
    });
    expect(facts(state, operationRecordKey('2'))).toEqual({
      ...common,
      c: 'ASSET_EXISTS',
      d: '2023-12-31',
      m: 'the asset is there',
      r: { asset: 'a' },
      s: 'rejected',
    });
    expect(facts(state, operationRecordKey('3'))).toEqual({
      ...common,
      c: 'CONTRACT_ERROR',
      d: '2024-05-01',
      m: 'contract asset-transfer threw TypeError',
      s: 'dead',
    });
  });

  it('rolls back a poison operation only', async () => {
    const state: CommittedState = new Map();
    const results = await runBatch(chaincode, new InMemoryStub(state), [
      itemOf(create({ opId: '1' })),
      itemOf(crash()),
      itemOf(assetOperation({ do: 'refuse', asset: 'a' }, { opId: '2' })),
      itemOf(assetOperation({ do: 'look', asset: 'a' }, { opId: '3' })),
    ]);
    expect(results.map(({ status, code }) => `${status} ${code}`)).toEqual([
      'applied OK',
      'dead CONTRACT_ERROR',
      'rejected REFUSED',
      'applied OK',
    ]);
    expect(results[3]!.detail).toEqual({ asset: { owner: 'ann', transfers: 0, value: 7 }, label: null });
  });

  it('answers a duplicate from the record, in a later transaction and in the same one', async () => {
    const state: CommittedState = new Map();
    const [first, twin] = await runBatch(chaincode, new InMemoryStub(state, 'tx1'), [
      itemOf(create()),
      itemOf(create()),
    ]);
    expect(twin).toEqual(first);
    const later = new InMemoryStub(state, 'tx2');
    expect(await runBatch(chaincode, later, [itemOf(create())])).toEqual([{ ...first, isRepeat: true }]);
    expect(first).toMatchObject({ status: 'applied', txId: 'tx1' });
    expect([...later.writes.keys()]).toEqual([]);
  });

  it('answers a repeat exactly like the first, whatever the contract returned', async () => {
    const state: CommittedState = new Map();
    const contract: Contract = {
      name: 'ad-hoc',
      templateVersions: [1],
      apply: async ({ facts: { isRefused } }) => {
        const detail = { z: -0, a: { y: [{ c: 1, b: 2 }], x: 'é' } };
        if (isRefused === true) throw new Reject('NO', 'no', detail);
        return detail;
      },
    };
    const adHoc = batchChaincode({ name: 'medrex', version: '1', contracts: [contract] });
    const items = [false, true].map((isRefused) =>
      itemOf(anOperation({ opId: String(isRefused), contract: 'ad-hoc', facts: { isRefused } })),
    );
    const first = await runBatch(adHoc, new InMemoryStub(state, 'tx1'), items);
    const again = await runBatch(adHoc, new InMemoryStub(state, 'tx2'), items);
    const words = (results: readonly OperationResult[]) => results.map(({ detail }) => JSON.stringify(detail));
    expect(words(again)).toEqual(words(first));
    expect(words(first)).toEqual(Array(2).fill('{"a":{"x":"é","y":[{"b":2,"c":1}]},"z":0}'));
  });

  it('answers repeats of rejected and dead operations as they ended, though the state has changed', async () => {
    const state: CommittedState = new Map();
    const take = assetOperation({ do: 'transfer', asset: 'a', to: 'ben' }, { opId: 'take' });
    const first = await runBatch(chaincode, new InMemoryStub(state, 'tx1'), [
      itemOf(take),
      itemOf(crash()),
      itemOf(create()),
    ]);
    const again = await runBatch(chaincode, new InMemoryStub(state, 'tx2'), [itemOf(take), itemOf(crash())]);
    expect(again).toEqual(first.slice(0, 2).map((result) => ({ ...result, isRepeat: true })));
    expect(facts(state, assetKey('a'))).toMatchObject({ owner: 'ann' });
  });

  it('refuses other bytes under a used name, and keeps the record', async () => {
    const state: CommittedState = new Map();
    await runBatch(chaincode, new InMemoryStub(state, 'tx1'), [itemOf(create())]);
    const before = state.get(operationRecordKey(create().opId));
    const [reused] = await runBatch(chaincode, new InMemoryStub(state, 'tx2'), [
      itemOf(create({ sourceHash: 'other' })),
    ]);
    expect(reused).toMatchObject({
      status: 'rejected',
      code: 'ID_REUSED',
      sourceHash: 'other',
      txId: 'tx2',
      undeclared: [],
    });
    expect(state.get(operationRecordKey(create().opId))).toBe(before);
  });

  it('ends an operation as dead when its record is unreadable', async () => {
    const state: CommittedState = new Map([[operationRecordKey(create().opId), Buffer.from('{"s":"maybe"}')]]);
    const [result] = await runBatch(chaincode, new InMemoryStub(state), [itemOf(create())]);
    expect(result).toMatchObject({ status: 'dead', code: 'RECORD_UNREADABLE' });
    expect(state.size).toBe(1);
  });

  it('prefetches declared reads, records, and the policy once; never a blind write', async () => {
    const state: CommittedState = new Map([[labelKey('a'), stateValue({ label: 'old' })]]);
    const stub = new InMemoryStub(state);
    await runBatch(chaincode, stub, [
      itemOf(assetOperation({ do: 'label', asset: 'a', label: 'new' }, { opId: '1' })),
      itemOf(assetOperation({ do: 'note', asset: 'a', id: '2' }, { opId: '2' })),
      itemOf(assetOperation({ do: 'count', counter: 'c', id: '3', amount: 1 }, { opId: '3' })),
      itemOf(assetOperation({ do: 'ensure', kind: 'k', content: 'x' }, { opId: '4' })),
    ]);
    expect(stub.reads).toEqual([
      operationRecordKey('1'),
      authorPolicyKey('asset-transfer'),
      ...['2', '3'].map(operationRecordKey),
      operationRecordKey('4'),
      assetOperation({ do: 'ensure', kind: 'k', content: 'x' }).keys[0]!.key,
    ]);
  });

  it('stores the bodies unchanged', async () => {
    const state: CommittedState = new Map();
    const bodies = [Buffer.from('c2VhbGVk')];
    await runBatch(chaincode, new InMemoryStub(state), [
      itemOf(assetOperation({ do: 'label', asset: 'a', label: 'x' }, { bodies })),
    ]);
    expect(facts(state, labelKey('a'))).toEqual({ body: 'c2VhbGVk', label: 'x' });
  });
});

describe('a ledger that fails', () => {
  class FailingStub extends InMemoryStub {
    override getState(key: StateKey): Promise<Uint8Array | undefined> {
      return key === holdingKey('ann') ? Promise.reject(new Error('peer gone')) : super.getState(key);
    }
  }

  it('fails the whole call when a prefetch fails, and nothing is written', async () => {
    const stub = new FailingStub(new Map());
    const response = await chaincode.invoke(stub, 'executeBatch', [itemOf(create())]);
    expect(response).toMatchObject({ status: 500, message: 'INFRASTRUCTURE: reading 4 keys: peer gone' });
    expect(stub.writes.size).toBe(0);
  });

  it('fails the whole call in the middle of an operation, even if the contract catches the error', async () => {
    const state: CommittedState = new Map();
    await runBatch(chaincode, new InMemoryStub(state), [itemOf(create({ opId: '1' }))]);
    const transfer = assetOperation({ do: 'transfer', asset: 'a', to: 'ben' }, { opId: '2' });
    const response = await chaincode.invoke(new FailingStub(state), 'executeBatch', [itemOf(transfer)]);
    expect(response).toMatchObject({ status: 500, message: expect.stringMatching(/^INFRASTRUCTURE/) });

    const catching: Contract = {
      name: 'asset-transfer',
      templateVersions: [1],
      apply: (_, state) => state.get(holdingKey('ann')).then(() => undefined, () => 'shrugs'), // prettier-ignore
    };
    const shrugging = batchChaincode({ name: 'm', version: '1', contracts: [catching] });
    const answered = await shrugging.invoke(new FailingStub(state), 'executeBatch', [
      itemOf({ ...transfer, keys: [] }),
    ]);
    expect(answered.status).toBe(500);
  });
});

describe('what cannot be run', () => {
  it('fails the whole call for a contract or template version that is not deployed', async () => {
    for (const over of [{ contract: 'other' }, { templateVersion: 2 }]) {
      const response = await chaincode.invoke(new InMemoryStub(new Map()), 'executeBatch', [
        itemOf(create({ opId: '1' })),
        itemOf(create(over)),
      ]);
      expect(response).toMatchObject({
        status: 500,
        message: expect.stringMatching(/^TEMPLATE_VERSION_MISSING/),
      });
    }
  });

  it('still answers a repeat of a retired template version from its record', async () => {
    const state: CommittedState = new Map();
    await runBatch(chaincode, new InMemoryStub(state, 'tx1'), [itemOf(create())]);
    const upgraded = batchChaincode({
      name: 'm',
      version: '2',
      contracts: [{ ...assetTransfer, templateVersions: [2] }],
    });
    const [again] = await runBatch(upgraded, new InMemoryStub(state, 'tx2'), [itemOf(create())]);
    expect(again).toMatchObject({ status: 'applied', txId: 'tx1', isRepeat: true });
  });

  it('refuses invalid item bytes and unknown functions', async () => {
    const stub = new InMemoryStub(new Map());
    const calls = [
      chaincode.invoke(stub, 'executeBatch', [Buffer.from([9])]),
      chaincode.invoke(stub, 'executeBatch', [operationItem(Buffer.from('x'))]),
      chaincode.invoke(stub, 'drop', [Buffer.from('x')]),
      chaincode.invoke(stub, 'get', []),
    ];
    const answers = await Promise.all(calls);
    expect(answers.map(({ status, message }) => [status, message.split(':')[0]])).toEqual([
      [400, 'INVALID_OPERATION_BYTES'],
      [400, 'INVALID_OPERATION_BYTES'],
      [400, 'UNKNOWN_FUNCTION'],
      [400, 'UNKNOWN_FUNCTION'],
    ]);
  });
});

describe('queries', () => {
  it('return the bytes of a key or record, and nothing if it is absent', async () => {
    const state: CommittedState = new Map();
    await runBatch(chaincode, new InMemoryStub(state, 'tx1'), [itemOf(create())]);
    const ask = async (fn: string, arg: string) =>
      Buffer.from((await chaincode.invoke(new InMemoryStub(state), fn, [Buffer.from(arg)])).payload).toString();
    expect(JSON.parse(await ask('get', assetKey('a')))).toMatchObject({ owner: 'ann' });
    expect(JSON.parse(await ask('readRecord', create().opId))).toMatchObject({ s: 'applied', t: 'tx1' });
    expect(await ask('get', assetKey('none'))).toBe('');
  });
});
