import { describe, expect, it } from '@jest/globals';
import { operationRecordKey, probeKey, type StateKey } from '@medrex/keys';
import { batchChaincode } from './batch-chaincode.ts';
import type { Operation } from './contract.ts';
import { closeItem, probeItem, pruneItem } from './item.ts';
import { parseStateValue, stateValue } from './state-value.ts';
import {
  assetKey,
  assetOperation,
  assetTransfer,
  type CommittedState,
  InMemoryStub,
  itemOf,
  runBatch,
} from './testing/index.ts';

const chaincode = batchChaincode({ name: 'medrex', version: '1', contracts: [assetTransfer] });
const create = (over: Partial<Operation> = {}) =>
  assetOperation({ do: 'create', asset: 'a', owner: 'ann', value: 7 }, over);
const crash = (over: Partial<Operation> = {}) =>
  assetOperation({ do: 'crash', asset: 'a' }, { opId: 'crash', ...over });
const facts = (state: CommittedState, key: StateKey) => parseStateValue(state.get(key));

describe('close', () => {
  const close = { opId: 'x', sourceHash: 'h', reason: 'EXPIRED', day: '2024-05-01' };
  const late = create({ opId: 'x', sourceHash: 'h' });

  it('ends an operation for good: what comes under its name later gets the close', async () => {
    const state: CommittedState = new Map();
    const [closed] = await runBatch(chaincode, new InMemoryStub(state, 'tx1'), [closeItem(close)]);
    expect(closed).toEqual({
      opId: 'x',
      sourceHash: 'h',
      status: 'dead',
      code: 'EXPIRED',
      txId: 'tx1',
      undeclared: [],
    });
    const [answer] = await runBatch(chaincode, new InMemoryStub(state, 'tx2'), [itemOf(late)]);
    expect(answer).toEqual({ ...closed, isRepeat: true });
    expect(state.size).toBe(1);
  });

  it('changes nothing about an operation that already ended, and answers how', async () => {
    const state: CommittedState = new Map();
    const [applied] = await runBatch(chaincode, new InMemoryStub(state, 'tx1'), [itemOf(late)]);
    const [answer] = await runBatch(chaincode, new InMemoryStub(state, 'tx2'), [closeItem(close)]);
    expect(answer).toEqual({ ...applied, isRepeat: true });
    const [other] = await runBatch(chaincode, new InMemoryStub(state, 'tx3'), [
      closeItem({ ...close, sourceHash: 'other' }),
    ]);
    expect(other).toMatchObject({ status: 'rejected', code: 'ID_REUSED' });
  });
});

describe('prune and probe', () => {
  it('a prune deletes exactly the records it names, once', async () => {
    const state: CommittedState = new Map();
    await runBatch(chaincode, new InMemoryStub(state), [
      itemOf(create({ opId: '1' })),
      itemOf(crash({ opId: '2' })),
      itemOf(crash({ opId: '3' })),
    ]);
    const prune = pruneItem({
      opId: 'p',
      keys: [operationRecordKey('1'), operationRecordKey('2'), operationRecordKey('gone')],
    });
    const [first] = await runBatch(chaincode, new InMemoryStub(state), [prune]);
    const [again] = await runBatch(chaincode, new InMemoryStub(state), [prune]);
    expect([first!.detail, again!.detail]).toEqual([{ pruned: 2 }, { pruned: 0 }]);
    expect([...state.keys()].filter((key) => key.startsWith('sys~op~'))).toEqual([operationRecordKey('3')]);
  });

  it('a prune names nothing but records, and at most 500', async () => {
    const state: CommittedState = new Map([[assetKey('a'), stateValue({})]]);
    const many = Array.from({ length: 501 }, (_, index) => operationRecordKey(String(index)));
    for (const keys of [[assetKey('a')], many, ['sys~op~a~b' as StateKey]]) {
      const stub = new InMemoryStub(state);
      const [result] = await runBatch(chaincode, stub, [pruneItem({ opId: 'p', keys })]);
      expect(result).toMatchObject({ opId: 'p', status: 'rejected', code: 'PRUNE_REFUSED' });
      expect([stub.reads.length, stub.writes.size]).toEqual([0, 0]);
    }
  });

  it('a probe reads and writes its key, and no other', async () => {
    const state: CommittedState = new Map();
    const probe = probeItem({ key: probeKey('ehr') });
    await runBatch(chaincode, new InMemoryStub(state), [probe]);
    const stub = new InMemoryStub(state);
    const [result] = await runBatch(chaincode, stub, [probe]);
    expect(result).toMatchObject({ status: 'applied', undeclared: [] });
    expect([stub.reads, [...stub.writes.keys()]]).toEqual([[probeKey('ehr')], [probeKey('ehr')]]);
    expect(facts(state, probeKey('ehr'))).toEqual({ count: 2 });
    const [refused] = await runBatch(chaincode, new InMemoryStub(state), [probeItem({ key: assetKey('a') })]);
    expect(refused).toMatchObject({ status: 'rejected', code: 'PROBE_REFUSED' });
  });
});
