import { ledger } from '@hyperledger/fabric-protos';
import type { StateKey } from '@medrex/keys';
import {
  lifecycleNamespace,
  type CalledSet,
  type KeyRead,
  type KeyWrite,
  type MetadataWrite,
  type RangeRead,
  type ReadWriteSet,
  type Version,
} from '@medrex/ledger';

const { kvrwset } = ledger.rwset;
type KvSet = InstanceType<typeof kvrwset.KVRWSet>;
type KvRead = InstanceType<typeof kvrwset.KVRead>;
type FabricRange = InstanceType<typeof kvrwset.RangeQueryInfo>;
type NamespaceMessage = InstanceType<typeof ledger.rwset.NsReadWriteSet>;

/**
 * All reads and writes of one transaction in the form of the port: those in its chaincode's own namespace directly, the
 * definitions of chaincodes under their `_lifecycle` keys beside them, and those in other namespaces and private
 * collections in a set each.
 */
export function readWriteSetOf(chaincode: string, results: Uint8Array): ReadWriteSet {
  let own: ReadWriteSet = { reads: [], ranges: [], writes: [] };
  const called: CalledSet[] = [];
  for (const space of ledger.rwset.TxReadWriteSet.deserializeBinary(results).getNsRwsetList()) {
    const namespace = space.getNamespace();
    const set = setOf(space);
    if (namespace === chaincode || namespace === lifecycleNamespace) own = joined(own, set);
    else called.push({ chaincode: namespace, readWriteSet: set });
    called.push(...collectionsOf(space));
  }
  return called.length === 0 ? own : { ...own, called };
}

function joined(one: ReadWriteSet, other: ReadWriteSet): ReadWriteSet {
  const metadata = [...(one.metadata ?? []), ...(other.metadata ?? [])];
  return {
    reads: [...one.reads, ...other.reads],
    ranges: [...one.ranges, ...other.ranges],
    writes: [...one.writes, ...other.writes],
    ...(metadata.length > 0 && { metadata }),
  };
}

function setOf(space: NamespaceMessage): ReadWriteSet {
  const set = kvrwset.KVRWSet.deserializeBinary(space.getRwset_asU8());
  const name = nameIn(space.getNamespace());
  const metadata = metadataOf(set, name);
  return {
    reads: set.getReadsList().map((read) => keyRead(read, name)),
    ranges: set.getRangeQueriesInfoList().map((range) => rangeRead(range, name)),
    writes: set.getWritesList().map((write): KeyWrite => {
      return { key: name(write.getKey()), value: write.getIsDelete() ? undefined : write.getValue_asU8() };
    }),
    ...(metadata.length > 0 && { metadata }),
  };
}

type Name = (key: string) => StateKey;

/**
 * Keys of the lifecycle have its name as prefix; a chaincode's own key with the same text is distinguished from them.
 */
function nameIn(namespace: string): Name {
  if (namespace === lifecycleNamespace) return (key) => `${lifecycleNamespace}/${key}` as StateKey;
  return (key) => (key.startsWith(`${lifecycleNamespace}/`) ? `_/${key}` : key) as StateKey;
}

const keyRead = (read: KvRead, name: Name): KeyRead => ({
  key: name(read.getKey()),
  version: versionOf(read.getVersion()),
});

function rangeRead(range: FabricRange, name: Name): RangeRead {
  const lines = range.getRawReads()?.getKvReadsList() ?? [];
  return {
    start: name(range.getStartKey()),
    end: name(range.getEndKey()),
    isExhausted: range.getItrExhausted(),
    reads: lines.map((read) => keyRead(read, name)),
    ...digestOf(range.getReadsMerkleHashes()),
  };
}

/** For a range with many lines only the root of a hash tree is recorded. */
function digestOf(tree: ReturnType<FabricRange['getReadsMerkleHashes']>): { digest?: string } {
  if (tree === undefined) return {};
  const hashes = tree.getMaxLevelHashesList_asU8().map((hash) => Buffer.from(hash).toString('hex'));
  return { digest: `${tree.getMaxLevel()}:${hashes.join(',')}` };
}

const metadataOf = (set: KvSet, name: Name): MetadataWrite[] =>
  set.getMetadataWritesList().map((write) => ({
    key: name(write.getKey()),
    entries: write.getEntriesList().map((entry) => ({ name: entry.getName(), value: entry.getValue_asU8() })),
  }));

/** For private data a block contains hashes of keys and values; they have versions and conflict like other keys. */
function collectionsOf(space: NamespaceMessage): CalledSet[] {
  return space.getCollectionHashedRwsetList().map((collection) => {
    const hashed = kvrwset.HashedRWSet.deserializeBinary(collection.getHashedRwset_asU8());
    const reads = hashed.getHashedReadsList().map((read): KeyRead => {
      return { key: keyOf(read.getKeyHash_asU8()), version: versionOf(read.getVersion()) };
    });
    const writes = hashed.getHashedWritesList().map((write): KeyWrite => {
      const isGone = write.getIsDelete() || write.getIsPurge();
      return { key: keyOf(write.getKeyHash_asU8()), value: isGone ? undefined : write.getValueHash_asU8() };
    });
    // The peer's own name for the namespace of a collection's hashes.
    const chaincode = `${space.getNamespace()}$$h${collection.getCollectionName()}`;
    return { chaincode, readWriteSet: { reads, ranges: [], writes } };
  });
}

const keyOf = (hash: Uint8Array): StateKey => Buffer.from(hash).toString('hex') as StateKey;

function versionOf(version: InstanceType<typeof kvrwset.Version> | undefined): Version | undefined {
  return version === undefined ? undefined : { blockNum: version.getBlockNum(), txNum: version.getTxNum() };
}
