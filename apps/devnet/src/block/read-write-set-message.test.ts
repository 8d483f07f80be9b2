import { ledger } from '@hyperledger/fabric-protos';
import { describe, expect, it } from '@jest/globals';
import type { StateKey } from '@medrex/keys';
import { lifecycleKey, type ReadWriteSet } from '@medrex/ledger';
import { decodeReadWriteSet, encodeReadWriteSet } from './read-write-set-message.ts';

const key = (name: string): StateKey => name as StateKey;
const set: ReadWriteSet = {
  reads: [
    { key: lifecycleKey('basic'), version: { blockNum: 1, txNum: 0 } },
    { key: lifecycleKey('other'), version: { blockNum: 1, txNum: 1 } },
    { key: key('a'), version: undefined },
  ],
  ranges: [
    { start: 'b', end: 'c', isExhausted: true, reads: [{ key: key('b1'), version: { blockNum: 4, txNum: 2 } }] },
  ],
  writes: [
    { key: key('a'), value: Uint8Array.of(1) },
    { key: key('gone'), value: undefined },
  ],
  metadata: [{ key: key('a'), entries: [{ name: 'VALIDATION_PARAMETER', value: Uint8Array.of(2) }] }],
  called: [
    {
      chaincode: 'other',
      readWriteSet: { reads: [], ranges: [], writes: [{ key: key('x'), value: Uint8Array.of(3) }] },
    },
  ],
};

describe('an encoded read-write set', () => {
  it('is decoded unchanged', () => {
    expect(decodeReadWriteSet('basic', encodeReadWriteSet('basic', set))).toEqual(set);
  });

  it('has all chaincode definitions in the namespace _lifecycle, which is first, as in Fabric', () => {
    const message = ledger.rwset.TxReadWriteSet.deserializeBinary(encodeReadWriteSet('basic', set));
    expect(message.getNsRwsetList().map((part) => part.getNamespace())).toEqual(['_lifecycle', 'basic', 'other']);
    const [definitions] = message.getNsRwsetList();
    const reads = ledger.rwset.kvrwset.KVRWSet.deserializeBinary(definitions?.getRwset_asU8() ?? new Uint8Array(0));
    expect(reads.getReadsList().map((read) => read.getKey())).toEqual([
      'namespaces/fields/basic/Sequence',
      'namespaces/fields/other/Sequence',
    ]);
  });
});
