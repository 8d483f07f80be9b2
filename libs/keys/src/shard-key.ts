import { CodedError } from '@medrex/coded-error';
import type { StateKey } from './declared-key.ts';
import { keysErrors } from './errors.ts';
import { familyLetters, familyParts } from './family.ts';
import { partitionOf } from './partition.ts';
import { type KeyRange, type KeySpace, prefixRange, stateKey } from './state-key.ts';

/** One shard of something that many operations write: stock by storage place, a ledger account by cost centre. */
export interface Shard {
  readonly space: KeySpace;
  readonly entity: string;
  readonly id: string;
  /** Number of the shard, from 0. */
  readonly shard: number;
}

/**
 * Key of one shard. A rule that must hold (stock >= 0) holds within a shard; the sum over shards is for display.
 * @throws CodedError INVALID_SHARD
 */
export function shardKey({ space, entity, id, shard }: Shard): StateKey {
  if (!Number.isSafeInteger(shard) || shard < 0) {
    throw new CodedError(keysErrors.INVALID_SHARD, `shard ${shard} of ${entity} is no whole number from 0 on`);
  }
  return stateKey(space, entity, familyLetters.shard, id, String(shard));
}

/** The inverse of `shardKey`; undefined for keys of other families. */
export function parseShardKey(key: string): Shard | undefined {
  const found = familyParts(key, 'shard', 2);
  if (found === undefined) return undefined;
  const [id = '', text = ''] = found.parts;
  const shard = Number(text);
  if (!Number.isSafeInteger(shard) || String(shard) !== text || shard < 0) return undefined;
  return { space: found.space, entity: found.entity, id, shard };
}

/**
 * The shard of `id`, 0 to shards - 1: always the same one, and nearly evenly distributed over many ids.
 * @throws CodedError INVALID_SHARD
 */
export function shardOf(id: string, shards: number): number {
  return partitionOf(id, shards);
}

/** Range of all shards of one thing. */
export function shardRange(of: { readonly space: KeySpace; readonly entity: string; readonly id: string }): KeyRange {
  return prefixRange(of.space, of.entity, familyLetters.shard, of.id);
}
