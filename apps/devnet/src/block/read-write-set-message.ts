import { ledger as messages } from '@hyperledger/fabric-protos';
import type { StateKey } from '@medrex/keys';
import {
  isLifecycleKey,
  lifecycleNamespace,
  setsOf,
  type CalledSet,
  type KeyRead,
  type MetadataWrite,
  type RangeRead,
  type ReadWriteSet,
  type Version,
} from '@medrex/ledger';

const { kvrwset } = messages.rwset;
/** Prefix of the keys of chaincode definitions in the ledger model; Fabric has a separate namespace instead. */
const prefix = `${lifecycleNamespace}/`;

interface Parts {
  readonly reads: Map<string, KeyRead>;
  readonly set: Pick<ReadWriteSet, 'ranges' | 'writes' | 'metadata'>;
}

/** Encodes the read-write set of a transaction as `rwset.TxReadWriteSet`, with namespaces and keys sorted as in Fabric. */
export function encodeReadWriteSet(chaincode: string, readWriteSet: ReadWriteSet): Uint8Array {
  const namespaces = new Map<string, Parts>();
  const partsOf = (namespace: string): Parts => {
    const parts = namespaces.get(namespace) ?? { reads: new Map<string, KeyRead>(), set: { ranges: [], writes: [] } };
    namespaces.set(namespace, parts);
    return parts;
  };
  for (const { chaincode: namespace, readWriteSet: set } of setsOf({ chaincode, readWriteSet })) {
    namespaces.set(namespace, { reads: partsOf(namespace).reads, set });
    for (const read of set.reads)
      partsOf(isLifecycleKey(read.key) ? lifecycleNamespace : namespace).reads.set(read.key, read);
  }
  const message = new messages.rwset.TxReadWriteSet();
  message.setDataModel(messages.rwset.TxReadWriteSet.DataModel.KV);
  message.setNsRwsetList([...namespaces].sort(byName).map(([namespace, parts]) => namespaceMessage(namespace, parts)));
  return message.serializeBinary();
}

/** Decodes a read-write set. Reads of chaincode definitions are among those of the chaincode, as in the ledger model. */
export function decodeReadWriteSet(chaincode: string, bytes: Uint8Array): ReadWriteSet {
  const message = messages.rwset.TxReadWriteSet.deserializeBinary(bytes);
  let own: ReadWriteSet = { reads: [], ranges: [], writes: [] };
  let definitions: readonly KeyRead[] = [];
  const called: CalledSet[] = [];
  for (const part of message.getNsRwsetList()) {
    const namespace = part.getNamespace();
    const set = setFrom(kvrwset.KVRWSet.deserializeBinary(part.getRwset_asU8()), keysOf(namespace));
    if (namespace === chaincode) own = set;
    else if (namespace === lifecycleNamespace && set.writes.length === 0) definitions = set.reads;
    else called.push({ chaincode: namespace, readWriteSet: set });
  }
  own = { ...own, reads: [...definitions, ...own.reads] };
  return called.length === 0 ? own : { ...own, called };
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);

function namespaceMessage(namespace: string, { reads, set }: Parts): messages.rwset.NsReadWriteSet {
  const content = new kvrwset.KVRWSet();
  content.setReadsList([...reads].sort(byName).map(([, read]) => readMessage(read)));
  content.setRangeQueriesInfoList(set.ranges.map(rangeMessage));
  content.setWritesList(
    set.writes.map(({ key, value }) => {
      const write = new kvrwset.KVWrite();
      write.setKey(fabricKey(key));
      write.setIsDelete(value === undefined);
      if (value !== undefined) write.setValue(value);
      return write;
    }),
  );
  content.setMetadataWritesList((set.metadata ?? []).map(metadataMessage));
  const message = new messages.rwset.NsReadWriteSet();
  message.setNamespace(namespace);
  message.setRwset(content.serializeBinary());
  return message;
}

function readMessage({ key, version }: KeyRead): messages.rwset.kvrwset.KVRead {
  const read = new kvrwset.KVRead();
  read.setKey(fabricKey(key));
  if (version !== undefined) {
    const message = new kvrwset.Version();
    message.setBlockNum(version.blockNum);
    message.setTxNum(version.txNum);
    read.setVersion(message);
  }
  return read;
}

function rangeMessage({ start, end, isExhausted, reads }: RangeRead): messages.rwset.kvrwset.RangeQueryInfo {
  const message = new kvrwset.RangeQueryInfo();
  message.setStartKey(start);
  message.setEndKey(end);
  message.setItrExhausted(isExhausted);
  const lines = new kvrwset.QueryReads();
  lines.setKvReadsList(reads.map(readMessage));
  message.setRawReads(lines);
  return message;
}

function metadataMessage({ key, entries }: MetadataWrite): messages.rwset.kvrwset.KVMetadataWrite {
  const message = new kvrwset.KVMetadataWrite();
  message.setKey(key);
  message.setEntriesList(
    entries.map(({ name, value }) => {
      const entry = new kvrwset.KVMetadataEntry();
      entry.setName(name);
      entry.setValue(value);
      return entry;
    }),
  );
  return message;
}

type KeyOf = (key: string) => StateKey;

function setFrom(message: messages.rwset.kvrwset.KVRWSet, keyOf: KeyOf): ReadWriteSet {
  const metadata = message.getMetadataWritesList().map((write) => ({
    key: write.getKey() as StateKey,
    entries: write.getEntriesList().map((entry) => ({ name: entry.getName(), value: entry.getValue_asU8() })),
  }));
  const set = {
    reads: message.getReadsList().map((read) => readFrom(read, keyOf)),
    ranges: message.getRangeQueriesInfoList().map((range) => rangeFrom(range, keyOf)),
    writes: message.getWritesList().map((write) => ({
      key: keyOf(write.getKey()),
      value: write.getIsDelete() ? undefined : write.getValue_asU8(),
    })),
  };
  return metadata.length === 0 ? set : { ...set, metadata };
}

function readFrom(read: messages.rwset.kvrwset.KVRead, keyOf: KeyOf): KeyRead {
  const version = read.getVersion();
  return { key: keyOf(read.getKey()), version: version === undefined ? undefined : versionFrom(version) };
}

const versionFrom = (version: messages.rwset.kvrwset.Version): Version => ({
  blockNum: version.getBlockNum(),
  txNum: version.getTxNum(),
});

function rangeFrom(range: messages.rwset.kvrwset.RangeQueryInfo, keyOf: KeyOf): RangeRead {
  if (range.hasReadsMerkleHashes()) throw new Error('the model of Fabric takes the lines of a range, not their hashes');
  return {
    start: range.getStartKey(),
    end: range.getEndKey(),
    isExhausted: range.getItrExhausted(),
    reads:
      range
        .getRawReads()
        ?.getKvReadsList()
        .map((read) => readFrom(read, keyOf)) ?? [],
  };
}

const fabricKey = (key: string): string => (isLifecycleKey(key) ? key.slice(prefix.length) : key);
const definitionKey = /^namespaces\/fields\/[^/]+\/Sequence$/;

function keysOf(namespace: string): KeyOf {
  if (namespace !== lifecycleNamespace) return (key) => key as StateKey;
  return (key) => (definitionKey.test(key) ? `${prefix}${key}` : key) as StateKey;
}
