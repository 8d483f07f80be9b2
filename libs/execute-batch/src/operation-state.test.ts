import { describe, expect, it } from '@jest/globals';
import { batchChaincode } from './batch-chaincode.ts';
import { operationRecordKey, type StateKey } from '@medrex/keys';
import { type Contract, Reject, type State } from './contract.ts';
import { stateValue } from './state-value.ts';
import {
  accountKey,
  assetKey,
  assetOperation,
  assetTransfer,
  type CommittedState,
  contractThat,
  holdingKey,
  InMemoryStub,
  itemOf,
  noteKey,
  runAlone,
  runBatch,
} from './testing/index.ts';

const chaincode = batchChaincode({ name: 'medrex', version: '1', contracts: [assetTransfer] });

describe('undeclared keys', () => {
  const key = assetKey('k');
  const there: CommittedState = new Map([[key, stateValue({ is: 'there' })]]);
  const acts = {
    read: (state: State) => state.get(key),
    write: async (state: State) => state.put(key, stateValue({})),
    remove: async (state: State) => state.delete(key),
    update: async (state: State) => {
      await state.get(key);
      state.put(key, stateValue({}));
    },
    readOwn: async (state: State) => {
      state.put(key, stateValue({}));
      await state.get(key);
    },
  };

  it.each([
    ['nothing', 'read', 'read'],
    ['nothing', 'write', 'write'],
    ['nothing', 'remove', 'write'],
    ['nothing', 'update', 'readWrite'],
    ['nothing', 'readOwn', 'write'],
    ['read', 'read', undefined],
    ['read', 'write', 'readWrite'],
    ['read', 'update', 'readWrite'],
    ['write', 'write', undefined],
    ['write', 'remove', undefined],
    ['write', 'read', 'readWrite'],
    ['write', 'update', 'readWrite'],
    ['write', 'readOwn', undefined],
    ['append', 'write', undefined],
    ['append', 'read', 'readWrite'],
    ['delta', 'update', 'readWrite'],
    ['readWrite', 'update', undefined],
    ['readWrite', 'remove', undefined],
    ['ensure', 'read', undefined],
    ['ensure', 'update', 'readWrite'],
    ['ensure', 'remove', 'readWrite'],
  ] as const)('declared %s, did %s: reports %s', async (mode, act, reported) => {
    const keys = mode === 'nothing' ? [] : [{ key, mode }];
    const { result } = await runAlone(contractThat(acts[act]), keys, new Map(there));
    expect(result.undeclared).toEqual(reported === undefined ? [] : [{ key, mode: reported }]);
  });

  it('lets an ensure create what is absent, more than once', async () => {
    const twice = contractThat((state) => {
      state.put(key, stateValue({}));
      state.put(key, stateValue({ a: 1 }));
    });
    const { result } = await runAlone(twice, [{ key, mode: 'ensure' }]);
    expect(result.undeclared).toEqual([]);
  });

  it('reports a key that was discovered in the state', async () => {
    const state: CommittedState = new Map();
    const results = await runBatch(chaincode, new InMemoryStub(state), [
      itemOf(assetOperation({ do: 'create', asset: 'a', owner: 'ann', value: 7 }, { opId: '1' })),
      itemOf(assetOperation({ do: 'transfer', asset: 'a', to: 'ben' }, { opId: '2' })),
    ]);
    expect(results.map(({ undeclared }) => undeclared)).toEqual([[], [{ key: holdingKey('ann'), mode: 'readWrite' }]]);
  });

  it('counts what a rejected or dead operation read and tried to write', async () => {
    const rejecting = contractThat(async (state) => {
      await state.get(key);
      state.put(accountKey('x'), stateValue({}));
      throw new Reject('NO', 'no');
    });
    const { result, stub } = await runAlone(rejecting);
    expect(result.undeclared).toEqual([
      { key, mode: 'read' },
      { key: accountKey('x'), mode: 'write' },
    ]);
    expect(stub.reads).toContain(key);
    expect(stub.writes.has(accountKey('x'))).toBe(false);
  });
});

describe('append-only records', () => {
  const note = noteKey('a', 'op1');
  const there: CommittedState = new Map([[note, stateValue({ at: 'first' })]]);

  it('are neither overwritten nor deleted by an operation that sees them', async () => {
    const changes: ((state: State) => void)[] = [
      (state) => state.put(note, stateValue({ at: 'second' })),
      (state) => state.delete(note),
    ];
    for (const change of changes) {
      const contract = contractThat(async (state) => {
        await state.get(note);
        change(state);
      });
      const { result, stub } = await runAlone(contract, [{ key: note, mode: 'readWrite' }], new Map(there));
      expect(result).toMatchObject({ status: 'rejected', code: 'IMMUTABLE' });
      expect(stub.writes.has(note)).toBe(false);
    }
  });

  it('are added after a read of the absent key', async () => {
    const contract = contractThat(async (state) => {
      if ((await state.get(note)) === undefined) state.put(note, stateValue({ at: 'first' }));
    });
    expect((await runAlone(contract, [{ key: note, mode: 'readWrite' }])).result).toMatchObject({ status: 'applied' });
  });
});

describe('a contract that misbehaves', () => {
  it('cannot write an operation record, an empty value or a key of no space', async () => {
    const attempts: ((state: State) => void)[] = [
      (state) => state.put(operationRecordKey('other'), stateValue({})),
      (state) => state.delete(operationRecordKey('other')),
      (state) => state.put(assetKey('a'), new Uint8Array()),
      (state) => state.put('_design' as StateKey, stateValue({})),
    ];
    for (const attempt of attempts) {
      const { result, stub } = await runAlone(contractThat(attempt));
      expect(result).toMatchObject({ status: 'dead', code: 'CONTRACT_ERROR' });
      expect(stub.writes.size).toBe(1);
    }
  });

  it('cannot write after its apply has ended', async () => {
    let release: () => void = () => undefined;
    let late: Promise<void> = Promise.resolve();
    const forgetful = contractThat((state) => {
      const later = new Promise<void>((resolve) => (release = resolve));
      late = later.then(() => state.put(assetKey('a'), stateValue({})));
    });
    const { stub } = await runAlone(forgetful);
    release();
    await expect(late).rejects.toMatchObject({ code: 'CONTRACT_MISUSE' });
    expect(stub.writes.has(assetKey('a'))).toBe(false);
  });

  it('cannot write the message of an unexpected error to the ledger', async () => {
    const { result } = await runAlone(contractThat(() => Promise.reject(new RangeError('Jane Doe, born 1970'))));
    expect(JSON.stringify(result)).not.toMatch(/Jane/);
    expect(result).toMatchObject({ status: 'dead', message: 'contract ad-hoc threw RangeError' });
  });

  it('ends the operation as dead for a result without a JSON form, returned or thrown', async () => {
    const unspeakable = { value: Number.NaN };
    const answers: Contract[] = [
      { ...contractThat(() => undefined), apply: async () => unspeakable },
      contractThat(() => Promise.reject(new Reject('NO', 'no', unspeakable))),
    ];
    for (const contract of answers) {
      expect((await runAlone(contract)).result).toMatchObject({ status: 'dead', code: 'CONTRACT_ERROR' });
    }
  });
});
