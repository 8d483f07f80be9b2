import { CodedError } from '@medrex/coded-error';
import { keysErrors } from './errors.ts';

const utf8 = new TextEncoder();

/**
 * The partition of a record key, as computed by the clients of Apache Kafka: positive murmur2 of its UTF-8 bytes,
 * modulo the count. (`BuiltInPartitioner.partitionForKey` of kafka-clients.)
 * @throws CodedError INVALID_SHARD unless the count is a positive integer
 */
export function partitionOf(text: string, partitions: number): number {
  if (!Number.isSafeInteger(partitions) || partitions < 1) {
    throw new CodedError(keysErrors.INVALID_SHARD, `${partitions} is no count of partitions`);
  }
  return (murmur2(utf8.encode(text)) & 0x7fffffff) % partitions;
}

const seed = 0x9747b28c;
const multiplier = 0x5bd1e995;

/** Austin Appleby's MurmurHash2, 32 bit, with the seed that Kafka chose (`Utils.murmur2`). Signed, as in Java. */
export function murmur2(bytes: Uint8Array): number {
  const whole = bytes.length & ~3;
  let hash = seed ^ bytes.length;
  for (let at = 0; at < whole; at += 4) {
    hash = Math.imul(hash, multiplier) ^ mixed(littleEndian(bytes, at));
  }
  if (bytes.length > whole) {
    let rest = 0;
    for (let at = bytes.length - 1; at >= whole; at--) rest = (rest << 8) | (bytes[at] ?? 0);
    hash = Math.imul(hash ^ rest, multiplier);
  }
  hash = Math.imul(hash ^ (hash >>> 13), multiplier);
  return hash ^ (hash >>> 15);
}

function mixed(word: number): number {
  const product = Math.imul(word, multiplier);
  return Math.imul(product ^ (product >>> 24), multiplier);
}

function littleEndian(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
}
