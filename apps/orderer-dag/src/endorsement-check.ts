import type { OperationResult } from '@medrex/execute-batch';
import { isRegistryKey, type AccessMode, type DeclaredKey } from '@medrex/keys';
import type { ReadWriteSet } from '@medrex/ledger';
import type { LiveOperation } from './live-operation.ts';

/** What an operation touched beyond its declaration. */
export interface Discovery {
  readonly seq: number;
  readonly keys: readonly DeclaredKey[];
}

/**
 * What the endorsed read/write set and results say about a fusion.
 *
 * - `covered`: every operation reached an end, and every touched key was declared or is among the discoveries
 * - `unfinished`: the response does not hold one end per operation, in order
 * - `uncovered`: keys or ranges were touched that no operation declared and no result admits
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
 * Compares what was endorsed with what the operations hold. Nothing may be sent unless the verdict is `covered` and the
 * planner then holds the discoveries: a key outside the queues is a key that two of our envelopes could meet on.
 * `_lifecycle` reads (no state key begins with `_`) and reads of the registry of authors are the channel's, not ours: no operation of
 * the log writes those keys. O(keys of the fusion).
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
  const stranger = operations.findIndex((operation, at) => results[at]?.opId !== operation.opId);
  return stranger < 0 ? undefined : `result ${stranger} is not of operation ${stranger}`;
}

function uncovered(held: ReadonlyMap<string, number>, touched: ReadWriteSet): string[] {
  const missing: string[] = [];
  const need = (key: string, right: number): void => {
    if (((held.get(key) ?? 0) & right) === 0 && !key.startsWith('_')) missing.push(key);
  };
  for (const { key } of touched.reads) if (!isRegistryKey(key)) need(key, mayRead);
  for (const { key } of touched.writes) need(key, mayWrite);
  // No queue can hold a range: what may appear in it later has no key yet.
  for (const { start, end } of touched.ranges) missing.push(`[${start}, ${end})`);
  return missing;
}
