import { CodedError } from '@medrex/coded-error';
import { counterBaseKey, parseCounterKey } from './counter-key.ts';
import type { DeclaredKey, StateKey } from './declared-key.ts';
import { keysErrors } from './errors.ts';

/** One key of a counter with its value, as listed by a range read of `counterRange`. */
export interface CounterEntry {
  readonly key: StateKey;
  readonly value: Uint8Array;
}

/** The value of a counter. */
export interface CounterReading {
  readonly value: number;
  /** Number of deltas not yet compacted, which is the cost of reading the counter. */
  readonly deltas: number;
}

/** Maximum of keys in one compaction, far below the caps of a fusion. */
export const compactionDeltasMax = 500;

/** An operation that folds some deltas into the base. */
export interface CompactionPlan {
  readonly counter: string;
  readonly base: StateKey;
  /** At most `compactionDeltasMax`, in key order. */
  readonly deltas: readonly StateKey[];
  /**
   * The keys above, all readWrite: a delta that an earlier compaction folded is found to be absent and not added twice.
   */
  readonly keys: readonly DeclaredKey[];
}

/**
 * The value of one delta, `{"delta":-3}`.
 * @throws CodedError INVALID_COUNTER_VALUE unless it is a safe integer
 */
export function encodeCounterDelta(delta: number): Uint8Array {
  return bytesOf({ delta: whole(delta) });
}

/**
 * The base plus the sum of all listed deltas. For display: a rule that must always hold needs a shard that is read and
 * written.
 * @throws CodedError INVALID_COUNTER_VALUE for an entry that is not of a counter, or an inexact sum
 */
export function readCounter(listed: Iterable<CounterEntry>): CounterReading {
  let value = 0;
  let deltas = 0;
  for (const { key, value: bytes } of listed) {
    const kind = parseCounterKey(key)?.kind;
    if (kind === undefined) throw new CodedError(keysErrors.INVALID_COUNTER_VALUE, `${key} belongs to no counter`);
    if (kind === 'delta') deltas++;
    value = whole(value + amountIn(bytes, kind));
  }
  return { value, deltas };
}

/** The next compaction of a counter, from a listing; undefined if there is no delta to fold. */
export function planCompaction(
  counter: string,
  listed: Iterable<{ readonly key: StateKey }>,
  deltasMax: number = compactionDeltasMax,
): CompactionPlan | undefined {
  const deltas: StateKey[] = [];
  for (const { key } of listed) {
    const parsed = parseCounterKey(key);
    if (parsed?.kind === 'delta' && parsed.counter === counter) deltas.push(key);
  }
  if (deltas.length === 0) return undefined;
  deltas.sort().splice(Math.min(deltasMax, compactionDeltasMax));
  const base = counterBaseKey(counter);
  return { counter, base, deltas, keys: [base, ...deltas].map((key) => ({ key, mode: 'readWrite' })) };
}

/**
 * The base after a compaction, from the values that the operation read; absent deltas add nothing. The caller then
 * writes the base and deletes the present deltas.
 * @throws CodedError INVALID_COUNTER_VALUE
 */
export function compactedBase(base: Uint8Array | undefined, deltas: readonly (Uint8Array | undefined)[]): Uint8Array {
  let value = base === undefined ? 0 : amountIn(base, 'base');
  for (const delta of deltas) if (delta !== undefined) value = whole(value + amountIn(delta, 'delta'));
  return bytesOf({ value });
}

function amountIn(bytes: Uint8Array, kind: 'base' | 'delta'): number {
  const stored = parse(bytes);
  const amount = kind === 'base' ? stored?.value : stored?.delta;
  if (typeof amount !== 'number')
    throw new CodedError(keysErrors.INVALID_COUNTER_VALUE, `a stored ${kind} is no ${kind}`);
  return whole(amount);
}

function parse(bytes: Uint8Array): { readonly value?: unknown; readonly delta?: unknown } | undefined {
  try {
    const stored: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof stored === 'object' && stored !== null ? stored : undefined;
  } catch {
    return undefined;
  }
}

const bytesOf = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function whole(amount: number): number {
  if (Number.isSafeInteger(amount)) return amount === 0 ? 0 : amount;
  throw new CodedError(keysErrors.INVALID_COUNTER_VALUE, `${amount} is no whole number of exact size`);
}
