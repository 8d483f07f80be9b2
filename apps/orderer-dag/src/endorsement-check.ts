import type { OperationResult } from '@medrex/execute-batch';
import { isRegistryKey, type AccessMode, type DeclaredKey } from '@medrex/keys';
import type { ReadWriteSet } from '@medrex/ledger';
import type { LiveOperation } from './live-operation.ts';

/** The undeclared keys that an operation touched. */
export interface Discovery {
  readonly seq: number;
  readonly keys: readonly DeclaredKey[];
}

/**
 * The verdict about the endorsed read-write set and results of a fusion.
 *
 * - `covered`: every operation has a result, and every touched key was declared or is among the discoveries
 * - `unfinished`: the response does not hold one result per operation, in order
 * - `uncovered`: keys or ranges were touched that no operation declared and no result lists
 */
export type EndorsementVerdict =
  | { readonly kind: 'covered'; readonly discoveries: readonly Discovery[] }
  | { readonly kind: 'unfinished'; readonly why: string }
  | { readonly kind: 'uncovered'; readonly keys: readonly string[] };

const mayRead = 1;
const mayWrite = 2;
const rights: Readonly<Record<AccessMode, number>> = {
  read: mayRead,
  write: mayWrite,
  readWrite: mayRead | mayWrite,
  ensure: mayRead | mayWrite,
  append: mayWrite,
  delta: mayWrite,
};

/**
 * Compares the endorsed keys with the keys that the operations hold. An envelope may be sent only if the verdict is `covered` and the
 * planner then holds the discoveries; otherwise two of our envelopes could conflict on a key outside the queues. Reads of
 * `_lifecycle` and of the registry of authors are exempt, as no operation writes them. O(keys of the fusion).
 */
export function checkEndorsement(
  operations: readonly LiveOperation[],
  results: readonly OperationResult[],
  touched: ReadWriteSet,
): EndorsementVerdict {
  const why = unfinished(operations, results);
  if (why !== undefined) return { kind: 'unfinished', why };
  const held = new Map<string, number>();
  const hold = ({ key, mode }: DeclaredKey): void => void held.set(key, (held.get(key) ?? 0) | rights[mode]);
  const discoveries: Discovery[] = [];
  operations.forEach((operation, at) => {
    operation.keys.forEach(hold);
    const { undeclared } = results[at] as OperationResult;
    if (undeclared.length === 0) return;
    undeclared.forEach(hold);
    discoveries.push({ seq: operation.seq, keys: undeclared });
  });
  const keys = uncovered(held, touched);
  return keys.length > 0 ? { kind: 'uncovered', keys } : { kind: 'covered', discoveries };
}

function unfinished(operations: readonly LiveOperation[], results: readonly OperationResult[]): string | undefined {
  if (results.length !== operations.length) return `${results.length} results for ${operations.length} operations`;
  const wrongAt = operations.findIndex((operation, at) => results[at]?.opId !== operation.opId);
  return wrongAt < 0 ? undefined : `result ${wrongAt} is not of operation ${wrongAt}`;
}

function uncovered(held: ReadonlyMap<string, number>, touched: ReadWriteSet): string[] {
  const missing: string[] = [];
  const need = (key: string, right: number): void => {
    if (((held.get(key) ?? 0) & right) === 0 && !key.startsWith('_')) missing.push(key);
  };
  for (const { key } of touched.reads) if (!isRegistryKey(key)) need(key, mayRead);
  for (const { key } of touched.writes) need(key, mayWrite);
  // A range cannot be held in the queues, as keys may be added to it.
  for (const { start, end } of touched.ranges) missing.push(`[${start}, ${end})`);
  return missing;
}
