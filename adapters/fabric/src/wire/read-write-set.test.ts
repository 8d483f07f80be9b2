import { ledger } from '@hyperledger/fabric-protos';
import { describe, expect, it } from '@jest/globals';
import { isLifecycleKey, lifecycleKey } from '@medrex/ledger';
import { readWriteSetOf } from './read-write-set.ts';

const { kvrwset } = ledger.rwset;

function read(key: string, blockNum: number) {
  const version = new kvrwset.Version();
  version.setBlockNum(blockNum);
  const made = new kvrwset.KVRead();
  made.setKey(key);
  made.setVersion(version);
  return made;
}

function write(key: string, value: string) {
  const made = new kvrwset.KVWrite();
  made.setKey(key);
  made.setValue(Buffer.from(value));
  return made;
}

function space(namespace: string, set: InstanceType<typeof kvrwset.KVRWSet>) {
  const made = new ledger.rwset.NsReadWriteSet();
  made.setNamespace(namespace);
  made.setRwset(set.serializeBinary());
  return made;
}

function resultsOf(...spaces: ReturnType<typeof space>[]): Uint8Array {
  const results = new ledger.rwset.TxReadWriteSet();
  results.setNsRwsetList(spaces);
  return results.serializeBinary();
}

describe('a read/write set of several namespaces', () => {
  const lifecycle = new kvrwset.KVRWSet();
  lifecycle.setReadsList([read('namespaces/fields/kv/Sequence', 2), read('namespaces/fields/other/Sequence', 3)]);
  const own = new kvrwset.KVRWSet();
  own.setReadsList([read('a', 7)]);
  own.setWritesList([write('a', '1')]);
  const other = new kvrwset.KVRWSet();
  other.setWritesList([write('a', '2')]);

  it('has own keys directly, definitions by name, and the keys of another chaincode separately', () => {
    const set = readWriteSetOf(
      'kv',
      resultsOf(space('_lifecycle', lifecycle), space('kv', own), space('other', other)),
    );
    expect(set.reads).toEqual([
      { key: lifecycleKey('kv'), version: { blockNum: 2, txNum: 0 } },
      { key: lifecycleKey('other'), version: { blockNum: 3, txNum: 0 } },
      { key: 'a', version: { blockNum: 7, txNum: 0 } },
    ]);
    expect(set.writes.map(({ key, value }) => `${key} ${Buffer.from(value ?? []).toString()}`)).toEqual(['a 1']);
    expect(set.called).toMatchObject([{ chaincode: 'other', readWriteSet: { reads: [], writes: [{ key: 'a' }] } }]);
  });

  it('distinguishes an own key that looks like a definition from a definition', () => {
    const disguised = new kvrwset.KVRWSet();
    disguised.setWritesList([write(lifecycleKey('kv'), 'x')]);
    const { writes } = readWriteSetOf('kv', resultsOf(space('kv', disguised)));
    expect(writes.map(({ key }) => isLifecycleKey(key))).toEqual([false]);
  });

  it('has the metadata of keys', () => {
    const entry = new kvrwset.KVMetadataEntry();
    entry.setName('VALIDATION_PARAMETER');
    entry.setValue(Buffer.from('policy'));
    const metadata = new kvrwset.KVMetadataWrite();
    metadata.setKey('a');
    metadata.setEntriesList([entry]);
    const set = new kvrwset.KVRWSet();
    set.setMetadataWritesList([metadata]);
    expect(readWriteSetOf('kv', resultsOf(space('kv', set))).metadata).toMatchObject([
      { key: 'a', entries: [{ name: 'VALIDATION_PARAMETER' }] },
    ]);
  });

  it('has the hashes of a private collection in a set of their own', () => {
    const hashedRead = new kvrwset.KVReadHash();
    hashedRead.setKeyHash(Buffer.from([1, 2]));
    const hashedWrite = new kvrwset.KVWriteHash();
    hashedWrite.setKeyHash(Buffer.from([1, 3]));
    hashedWrite.setIsPurge(true);
    const hashed = new kvrwset.HashedRWSet();
    hashed.setHashedReadsList([hashedRead]);
    hashed.setHashedWritesList([hashedWrite]);
    const collection = new ledger.rwset.CollectionHashedReadWriteSet();
    collection.setCollectionName('secret');
    collection.setHashedRwset(hashed.serializeBinary());
    const withCollection = space('kv', own);
    withCollection.setCollectionHashedRwsetList([collection]);
    expect(readWriteSetOf('kv', resultsOf(withCollection)).called).toEqual([
      {
        chaincode: 'kv$$hsecret',
        readWriteSet: {
          reads: [{ key: '0102', version: undefined }],
          ranges: [],
          writes: [{ key: '0103', value: undefined }],
        },
      },
    ]);
  });
});
