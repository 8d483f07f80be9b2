import { describe, expect, it } from '@jest/globals';
import type { StateKey } from '@medrex/keys';
import { MemoryState } from './in-memory/memory-state.ts';
import type { ReadWriteSet, Version } from './ledger.ts';
import { loadCommittedState } from './model/committed-state.ts';
import { validateBlock, type OrderedTransaction } from './validate-block.ts';

const key = (name: string): StateKey => name as StateKey;
const bytes = (value: number): Uint8Array => Uint8Array.of(value);
const entries = (value: number) => [{ name: 'VALIDATION_PARAMETER', value: bytes(value) }];
const aSet = (over: Partial<ReadWriteSet>): ReadWriteSet => ({ reads: [], ranges: [], writes: [], ...over });
const read = (name: string, version?: Version) => aSet({ reads: [{ key: key(name), version }] });
const write = (name: string, value: number | undefined) =>
  aSet({ writes: [{ key: key(name), value: value === undefined ? undefined : bytes(value) }] });
const metadata = (name: string, value: number) => aSet({ metadata: [{ key: key(name), entries: entries(value) }] });
const calling = (own: ReadWriteSet, readWriteSet: ReadWriteSet): ReadWriteSet => ({
  ...own,
  called: [{ chaincode: 'other', readWriteSet }],
});

/** A state and the blocks that come onto it. */
class Chain {
  readonly state = new MemoryState();
  #number = 0;

  async block(...sets: readonly ReadWriteSet[]): Promise<readonly string[]> {
    const transactions = sets.map((readWriteSet, at): OrderedTransaction => ({
      txId: `${this.#number}-${at}`,
      chaincode: 'own',
      readWriteSet,
    }));
    const knownTransactions = async () => new Set<string>();
    const committed = await loadCommittedState(transactions, this.state.view(), { knownTransactions });
    const { codes, updates } = validateBlock(this.#number++, transactions, committed);
    this.state.apply(updates);
    return codes;
  }
}

describe('a transaction with sets in several namespaces', () => {
  it('conflicts through what the called chaincode read', async () => {
    const chain = new Chain();
    await chain.block(calling(aSet({}), write('k', 1)));
    const stale = calling(write('mine', 1), read('k'));
    const fresh = calling(write('mine', 1), read('k', { blockNum: 0, txNum: 0 }));
    expect(await chain.block(stale, fresh)).toEqual(['MVCC_READ_CONFLICT', 'VALID']);
    expect(chain.state.value('other', 'k')?.version).toEqual({ blockNum: 0, txNum: 0 });
  });

  it('writes nothing anywhere when one of its sets conflicts', async () => {
    const chain = new Chain();
    await chain.block(write('k', 1));
    expect(await chain.block(calling(read('k'), write('far', 1)))).toEqual(['MVCC_READ_CONFLICT']);
    expect(chain.state.value('other', 'far')).toBeUndefined();
  });

  it('keeps equal keys of two namespaces apart', async () => {
    const chain = new Chain();
    expect(await chain.block(calling(aSet({}), write('k', 1)), read('k'))).toEqual(['VALID', 'VALID']);
  });
});

describe('metadata', () => {
  it('gives its key a new version and leaves the value, so a read of before conflicts', async () => {
    const chain = new Chain();
    await chain.block(write('k', 7));
    const codes = await chain.block(metadata('k', 1), read('k', { blockNum: 0, txNum: 0 }));
    expect(codes).toEqual(['VALID', 'MVCC_READ_CONFLICT']);
    const version = { blockNum: 1, txNum: 0 };
    expect(chain.state.value('own', 'k')).toEqual({ value: bytes(7), version, metadata: entries(1) });
  });

  it('stays when the value is written again, in the same block and in a later one', async () => {
    const chain = new Chain();
    await chain.block(write('k', 1), metadata('k', 1), write('k', 2));
    expect(chain.state.value('own', 'k')).toMatchObject({ value: bytes(2), metadata: entries(1) });
    await chain.block(write('k', 3));
    expect(chain.state.value('own', 'k')).toMatchObject({ value: bytes(3), metadata: entries(1) });
  });

  it('goes with its key, and does not come back with it', async () => {
    const chain = new Chain();
    await chain.block(write('k', 1), metadata('k', 1));
    await chain.block(write('k', undefined), write('k', 2));
    expect(chain.state.value('own', 'k')).toEqual({ value: bytes(2), version: { blockNum: 1, txNum: 1 } });
  });

  it('of a key that does not exist is nothing', async () => {
    const chain = new Chain();
    expect(await chain.block(metadata('k', 1), read('k'))).toEqual(['VALID', 'VALID']);
    expect(chain.state.value('own', 'k')).toBeUndefined();
  });
});
