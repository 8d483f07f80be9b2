import { describe, expect, it } from '@jest/globals';
import {
  counterBaseKey,
  counterDeltaKey,
  operationRecordKey,
  planCompaction,
  probeKey,
  type StateKey,
} from '@medrex/keys';
import { batchChaincode } from './batch-chaincode.ts';
import type { Operation } from './contract.ts';
import { decodeCounterSummary } from './counter-summary.ts';
import { compactionOf, pruneOf } from './housekeeping.ts';
import { closeItem, probeItem } from './item.ts';
import { parseStateValue, stateValue } from './state-value.ts';
import {
  anOperation,
  assetKey,
  assetOperation,
  assetTransfer,
  type CommittedState,
  contractThat,
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

  it('ends an operation for good: a later message under its name gets the close', async () => {
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

  it('does not change an operation that already ended, and returns its result', async () => {
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

describe('a prune', () => {
  const may = '2024-05-01T10:00:00Z';
  const aPrune = (opIds: readonly string[], before: string, over: Partial<Operation> = {}) =>
    itemOf(anOperation({ opId: 'p', ...pruneOf(opIds, before), ...over }));
  const records = (state: CommittedState) => [...state.keys()].filter((key) => key.startsWith('sys~op~')).sort();

  it('deletes the named records that are old enough, and lists those that are not', async () => {
    const state: CommittedState = new Map();
    await runBatch(chaincode, new InMemoryStub(state), [
      itemOf(create({ opId: '1', time: may })),
      itemOf(crash({ opId: '2', time: may })),
      itemOf(crash({ opId: '3', time: '2024-05-02T00:00:00Z' })),
      itemOf(crash({ opId: '4', time: may })),
      closeItem({ opId: '5', sourceHash: 'h', reason: 'EXPIRED', day: '2024-04-30' }),
    ]);
    state.set(operationRecordKey('foreign'), Buffer.from('{}'));
    const item = aPrune(['1', '2', '3', '5', 'gone', 'foreign'], '2024-05-02');
    const [first] = await runBatch(chaincode, new InMemoryStub(state, 'tx1'), [item]);
    expect(first).toMatchObject({ status: 'applied', detail: { pruned: 3, kept: ['3', 'foreign'] }, undeclared: [] });
    expect(records(state)).toEqual(['3', '4', 'foreign', 'p'].map(operationRecordKey));
    const [again] = await runBatch(chaincode, new InMemoryStub(state, 'tx2'), [item]);
    expect(again).toEqual({ ...first, isRepeat: true });
  });

  it('names nothing but records, at most 500, and a day', async () => {
    const many = Array.from({ length: 501 }, (_, index) => String(index));
    const refused = [
      aPrune(['1'], '2024-05-02', { keys: [{ key: assetKey('a'), mode: 'readWrite' }] }),
      aPrune(['1'], '2024-05-02', { keys: [{ key: 'sys~op~a~b' as StateKey, mode: 'readWrite' }] }),
      aPrune(['1'], 'ever'),
      aPrune(many, '2024-05-02'),
    ];
    for (const item of refused) {
      const state: CommittedState = new Map([[assetKey('a'), stateValue({})]]);
      await runBatch(chaincode, new InMemoryStub(state), [itemOf(create({ opId: '1', time: may, keys: [] }))]);
      const [result] = await runBatch(chaincode, new InMemoryStub(state), [item]);
      expect(result).toMatchObject({ opId: 'p', status: 'rejected', code: 'PRUNE_REFUSED' });
      expect(records(state)).toEqual(['1', 'p'].map(operationRecordKey));
    }
  });

  it('is the only operation that can delete records', async () => {
    const thief = contractThat(async (state) => state.delete(operationRecordKey('1')));
    const state: CommittedState = new Map();
    await runBatch(chaincode, new InMemoryStub(state), [itemOf(create({ opId: '1' }))]);
    const own = batchChaincode({ name: 'medrex', version: '1', contracts: [thief] });
    const [result] = await runBatch(own, new InMemoryStub(state), [
      itemOf(anOperation({ opId: 'x', contract: thief.name })),
    ]);
    expect(result).toMatchObject({ status: 'dead', code: 'CONTRACT_ERROR' });
    expect(records(state)).toEqual(['1', 'x'].map(operationRecordKey));
  });
});

describe('a compaction', () => {
  const count = (id: string, amount: number) =>
    itemOf(assetOperation({ do: 'count', counter: 'beds', id, amount }, { opId: id }));
  const summary = async (state: CommittedState) => {
    const { status, payload } = await chaincode.invoke(new InMemoryStub(state), 'readCounter', [Buffer.from('beds')]);
    expect(status).toBe(200);
    return decodeCounterSummary(payload);
  };
  const compaction = (opId: string, listed: readonly StateKey[]) => {
    const plan = planCompaction(
      'beds',
      listed.map((key) => ({ key })),
    );
    return itemOf(anOperation({ opId, ...compactionOf(plan!) }));
  };

  it('keeps the value of the counter, whatever part of it is folded, even twice', async () => {
    const state: CommittedState = new Map();
    const deltas = Array.from({ length: 1_200 }, (_, index) => count(`d${index}`, (index % 7) - 2));
    await runBatch(chaincode, new InMemoryStub(state), deltas);
    const { value, deltas: standing, first } = await summary(state);
    expect([standing, first.length]).toEqual([1_200, 500]);
    const overlapping = [compaction('c1', first), compaction('c2', first.slice(250))];
    const results = await runBatch(chaincode, new InMemoryStub(state), overlapping);
    expect(results.map(({ detail }) => detail)).toEqual([{ folded: 500 }, { folded: 0 }]);
    expect(await summary(state)).toMatchObject({ value, deltas: 700 });
    const [duplicate] = await runBatch(chaincode, new InMemoryStub(state, 'later'), [count('d0', -2)]);
    expect(duplicate).toMatchObject({ status: 'applied', isRepeat: true });
    await runBatch(chaincode, new InMemoryStub(state), [compaction('c3', (await summary(state)).first)]);
    expect(await summary(state)).toMatchObject({ value, deltas: 200 });
  });

  it('accepts one base and deltas of its counter only, and fails for an invalid value', async () => {
    const state: CommittedState = new Map();
    await runBatch(chaincode, new InMemoryStub(state), [count('d1', 4)]);
    const foreign = counterDeltaKey('beds', 'foreign');
    state.set(foreign, Buffer.from('{}'));
    const [broken, strange] = await runBatch(chaincode, new InMemoryStub(state), [
      compaction('c1', [counterDeltaKey('beds', 'd1'), foreign]),
      itemOf(
        anOperation({
          opId: 'c2',
          contract: 'housekeeping',
          facts: { do: 'compact', counter: 'beds' },
          keys: [counterBaseKey('beds'), counterDeltaKey('other', 'd1')].map((key) => ({ key, mode: 'readWrite' })),
        }),
      ),
    ]);
    expect([broken, strange]).toMatchObject([{ code: 'COUNTER_UNREADABLE' }, { code: 'COMPACTION_REFUSED' }]);
    expect(state.has(counterBaseKey('beds'))).toBe(false);
    const { status, message } = await chaincode.invoke(new InMemoryStub(state), 'readCounter', [Buffer.from('beds')]);
    expect([status, message]).toEqual([500, expect.stringContaining('INVALID_COUNTER_VALUE')]);
  });
});

describe('a probe', () => {
  it('reads and writes its key, and no other', async () => {
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
