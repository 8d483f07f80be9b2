import { ledger } from '@hyperledger/fabric-protos';
import type { KeyRead, KeyWrite, RangeRead, ReadWriteSet, Version } from '@medrex/ledger';
import { qualifiedKey } from './qualified-key.ts';

const { kvrwset } = ledger.rwset;
type KvSet = InstanceType<typeof kvrwset.KVRWSet>;
type KvRead = InstanceType<typeof kvrwset.KVRead>;
type FabricRange = InstanceType<typeof kvrwset.RangeQueryInfo>;

/** Everything that one transaction read and wrote, as the port says it: keys of other namespaces are qualified. */
export function readWriteSetOf(chaincode: string, results: Uint8Array): ReadWriteSet {
  const reads: KeyRead[] = [];
  const ranges: RangeRead[] = [];
  const writes: KeyWrite[] = [];
  for (const space of ledger.rwset.TxReadWriteSet.deserializeBinary(results).getNsRwsetList()) {
    const namespace = space.getNamespace();
    const set = kvrwset.KVRWSet.deserializeBinary(space.getRwset_asU8());
    const name = (key: string): KeyRead['key'] => qualifiedKey(chaincode, namespace, key);
    reads.push(...set.getReadsList().map((read) => keyRead(read, name)));
    ranges.push(...set.getRangeQueriesInfoList().map((range) => rangeRead(range, name)));
    writes.push(...writesOf(set, name));
    for (const collection of space.getCollectionHashedRwsetList()) {
      const hashed = kvrwset.HashedRWSet.deserializeBinary(collection.getHashedRwset_asU8());
      const place = `${namespace}$h${collection.getCollectionName()}`;
      const secret = (hash: Uint8Array): KeyRead['key'] =>
        qualifiedKey(chaincode, place, Buffer.from(hash).toString('hex'));
      for (const read of hashed.getHashedReadsList()) {
        reads.push({ key: secret(read.getKeyHash_asU8()), version: versionOf(read.getVersion()) });
      }
      for (const write of hashed.getHashedWritesList()) {
        const value = write.getIsDelete() || write.getIsPurge() ? undefined : write.getValueHash_asU8();
        writes.push({ key: secret(write.getKeyHash_asU8()), value });
      }
    }
  }
  return { reads, ranges, writes };
}

type Name = (key: string) => KeyRead['key'];

const keyRead = (read: KvRead, name: Name): KeyRead => ({
  key: name(read.getKey()),
  version: versionOf(read.getVersion()),
});

function rangeRead(range: FabricRange, name: Name): RangeRead {
  return {
    start: name(range.getStartKey()),
    end: name(range.getEndKey()),
    isExhausted: range.getItrExhausted(),
    reads:
      range
        .getRawReads()
        ?.getKvReadsList()
        .map((read) => keyRead(read, name)) ?? [],
    ...digestOf(range.getReadsMerkleHashes()),
  };
}

/** Of a range of many lines only the top of a hash tree is kept. */
function digestOf(tree: ReturnType<FabricRange['getReadsMerkleHashes']>): { digest?: string } {
  if (tree === undefined) return {};
  const hashes = tree.getMaxLevelHashesList_asU8().map((hash) => Buffer.from(hash).toString('hex'));
  return { digest: `${tree.getMaxLevel()}:${hashes.join(',')}` };
}

/** A change of a key's metadata (its own endorsement policy) is a write of the key: it gets another version. */
function writesOf(set: KvSet, name: Name): KeyWrite[] {
  const writes = set.getWritesList().map((write): KeyWrite => {
    return { key: name(write.getKey()), value: write.getIsDelete() ? undefined : write.getValue_asU8() };
  });
  const written = new Set(writes.map(({ key }) => key));
  for (const metadata of set.getMetadataWritesList()) {
    const key = name(metadata.getKey());
    if (!written.has(key)) writes.push({ key, value: metadataValue });
  }
  return writes;
}

const metadataValue: Uint8Array = Buffer.from('(metadata)');

function versionOf(version: InstanceType<typeof kvrwset.Version> | undefined): Version | undefined {
  return version === undefined ? undefined : { blockNum: version.getBlockNum(), txNum: version.getTxNum() };
}
