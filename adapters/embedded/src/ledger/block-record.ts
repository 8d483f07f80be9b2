import { CodedError } from '@medrex/coded-error';
import type { Block, CommittedTransaction, KeyRead, KeyWrite, RangeRead, Version } from '@medrex/ledger';
import { embeddedLedgerErrors } from './errors.ts';
import { readVersion, versionBytes, writeVersion } from './stored-value.ts';

/**
 * Encodes a block: format (1), length of the head (4), the head as JSON; all keys as one UTF-8 text after its length
 * (4); the length of each key in UTF-16 units (4 each); the versions of all reads (10 each); the size of each written
 * value (4 each, 0 for a delete); the values, each after its version; the payloads. The keys are one text because a
 * call per key costs more than its bytes. The values have versions because the state database stores exactly these
 * bytes.
 */
const format = 1;

/** The part of each transaction in the head: everything small. */
interface TransactionHead extends Pick<CommittedTransaction, 'txId' | 'code' | 'creator' | 'chaincode' | 'fn'> {
  readonly reads: number;
  readonly writes: number;
  readonly ranges: readonly (readonly [start: string, end: string, isExhausted: boolean, reads: number])[];
  readonly payload: number;
}

interface BlockHead extends Pick<Block, 'channel' | 'number'> {
  readonly transactions: readonly TransactionHead[];
}

/** A block and its encoding, with the bytes for the state database of each write, in order; undefined for a delete. */
export interface BlockRecord {
  readonly block: Block;
  readonly bytes: Buffer;
  readonly stored: readonly (Buffer | undefined)[];
}

export function encodeBlock(block: Block): BlockRecord {
  const head = Buffer.from(JSON.stringify(headOf(block)));
  const keys = block.transactions.flatMap(keysOf);
  const text = keys.join('');
  const textBytes = Buffer.byteLength(text);
  const sizes = sizesOf(block);
  const bytes = Buffer.allocUnsafe(
    1 + 4 + head.length + 4 + textBytes + 4 * keys.length + versionBytes * sizes.reads + 4 * sizes.writes + sizes.bytes,
  );
  let at = bytes.writeUInt8(format, 0);
  at = bytes.writeUInt32BE(head.length, at);
  at += head.copy(bytes, at);
  at = bytes.writeUInt32BE(textBytes, at);
  at += bytes.write(text, at);
  for (const key of keys) at = bytes.writeUInt32BE(key.length, at);
  for (const { readWriteSet } of block.transactions) {
    for (const { version } of readWriteSet.reads) at = writeVersion(bytes, version, at);
    for (const { reads } of readWriteSet.ranges) for (const { version } of reads) at = writeVersion(bytes, version, at);
  }
  for (const { readWriteSet } of block.transactions) {
    for (const { value } of readWriteSet.writes) at = bytes.writeUInt32BE(storedSize(value), at);
  }
  const stored = writeValues(bytes, block, at);
  return { block, bytes, stored };
}

/** @throws CodedError if the bytes have another format */
export function decodeBlock(bytes: Buffer): BlockRecord {
  if (bytes[0] !== format) {
    throw new CodedError(
      embeddedLedgerErrors.unreadable,
      `a block of format ${bytes[0] ?? 'none'}, expected ${format}`,
    );
  }
  const reader = new RecordReader(bytes);
  const { channel, number, transactions } = reader.head();
  const reads = transactions.reduce(
    (sum, tx) => sum + tx.reads + tx.ranges.reduce((lines, range) => lines + range[3], 0),
    0,
  );
  const writes = transactions.reduce((sum, tx) => sum + tx.writes, 0);
  const keys = reader.keys(reads + writes);
  const versions = reader.versions(reads);
  const stored = reader.values(writes);
  const body: BlockBody = { keys, versions, stored, key: 0, version: 0, write: 0 };
  const sets = transactions.map((head) => readWriteSetOf(head, body));
  return {
    block: {
      channel,
      number,
      transactions: transactions.map((head, txNum) => transactionOf(head, txNum, sets, reader)),
    },
    bytes,
    stored,
  };
}

function headOf({ channel, number, transactions }: Block): BlockHead {
  return {
    channel,
    number,
    transactions: transactions.map(({ txId, code, creator, chaincode, fn, readWriteSet, payload }) => ({
      txId,
      code,
      creator,
      chaincode,
      fn,
      reads: readWriteSet.reads.length,
      writes: readWriteSet.writes.length,
      ranges: readWriteSet.ranges.map(({ start, end, isExhausted, reads }) => [start, end, isExhausted, reads.length]),
      payload: payload.byteLength,
    })),
  };
}

/** The keys of a transaction in the order of the record: reads, lines of ranges, writes. */
function keysOf({ readWriteSet }: CommittedTransaction): string[] {
  const keys: string[] = [];
  for (const { key } of readWriteSet.reads) keys.push(key);
  for (const { reads } of readWriteSet.ranges) for (const { key } of reads) keys.push(key);
  for (const { key } of readWriteSet.writes) keys.push(key);
  return keys;
}

function sizesOf(block: Block): { readonly reads: number; readonly writes: number; readonly bytes: number } {
  let [reads, writes, bytes] = [0, 0, 0];
  for (const { readWriteSet, payload } of block.transactions) {
    reads += readWriteSet.ranges.reduce((sum, range) => sum + range.reads.length, readWriteSet.reads.length);
    writes += readWriteSet.writes.length;
    bytes += readWriteSet.writes.reduce((sum, { value }) => sum + storedSize(value), payload.byteLength);
  }
  return { reads, writes, bytes };
}

const storedSize = (value: Uint8Array | undefined): number =>
  value === undefined ? 0 : versionBytes + value.byteLength;

function writeValues(bytes: Buffer, { number, transactions }: Block, from: number): (Buffer | undefined)[] {
  const stored: (Buffer | undefined)[] = [];
  let at = from;
  for (const { txNum, readWriteSet } of transactions) {
    const version: Version = { blockNum: number, txNum };
    for (const { value } of readWriteSet.writes) {
      if (value === undefined) {
        stored.push(undefined);
        continue;
      }
      const end = writeVersion(bytes, version, at) + value.byteLength;
      bytes.set(value, at + versionBytes);
      stored.push(bytes.subarray(at, end));
      at = end;
    }
  }
  for (const { payload } of transactions) {
    bytes.set(payload, at);
    at += payload.byteLength;
  }
  return stored;
}

/** Reads the sections of a record one after the other. */
class RecordReader {
  readonly #bytes: Buffer;
  #at = 1;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  head(): BlockHead {
    return JSON.parse(this.take(this.#size()).toString()) as BlockHead;
  }

  keys(count: number): readonly string[] {
    const text = this.take(this.#size()).toString();
    let end = 0;
    return Array.from({ length: count }, () => text.slice(end, (end += this.#size())));
  }

  versions(count: number): readonly (Version | undefined)[] {
    return Array.from({ length: count }, () => readVersion(this.take(versionBytes), 0));
  }

  values(count: number): readonly (Buffer | undefined)[] {
    const sizes = Array.from({ length: count }, () => this.#size());
    return sizes.map((size) => (size === 0 ? undefined : this.take(size)));
  }

  take(size: number): Buffer {
    const part = this.#bytes.subarray(this.#at, this.#at + size);
    this.#at += size;
    return part;
  }

  #size(): number {
    const size = this.#bytes.readUInt32BE(this.#at);
    this.#at += 4;
    return size;
  }
}

interface BlockBody {
  readonly keys: readonly string[];
  readonly versions: readonly (Version | undefined)[];
  readonly stored: readonly (Buffer | undefined)[];
  /** Number of bytes already read from the sections. */
  key: number;
  version: number;
  write: number;
}

function readWriteSetOf(head: TransactionHead, body: BlockBody): CommittedTransaction['readWriteSet'] {
  const take = (count: number): KeyRead[] =>
    Array.from({ length: count }, () => ({
      key: body.keys[body.key++] as KeyRead['key'],
      version: body.versions[body.version++],
    }));
  const reads = take(head.reads);
  const ranges = head.ranges.map(([start, end, isExhausted, lines]): RangeRead => ({
    start,
    end,
    isExhausted,
    reads: take(lines),
  }));
  const writes = Array.from({ length: head.writes }, (): KeyWrite => {
    const value = body.stored[body.write++]?.subarray(versionBytes);
    return { key: body.keys[body.key++] as KeyWrite['key'], value };
  });
  return { reads, ranges, writes };
}

function transactionOf(
  { txId, code, creator, chaincode, fn, payload }: TransactionHead,
  txNum: number,
  sets: readonly CommittedTransaction['readWriteSet'][],
  reader: RecordReader,
): CommittedTransaction {
  const readWriteSet = sets[txNum] ?? { reads: [], ranges: [], writes: [] };
  return { txId, txNum, code, creator, chaincode, fn, readWriteSet, payload: reader.take(payload) };
}
