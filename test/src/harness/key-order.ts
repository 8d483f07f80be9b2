import type { SequencedOperation } from '@medrex/contracts';
import type { StateKey } from '@medrex/keys';
import type { OperationStep } from './committed-history.ts';

/** The latest places, by seq, of those that have taken effect on a key so far. */
interface KeyPast {
  reader: number;
  writer: number;
}

/**
 * Operations that took effect on a key that they declared before an earlier one of the promised order: a writer before a reader or
 * another writer, or a reader before a writer. Append and delta keys are nobody else's; an ensure reads what the first of them made.
 * One look at every declared key.
 */
export function* orderViolations(
  operations: readonly SequencedOperation[],
  steps: readonly OperationStep[],
): Generator<string> {
  const first = new Map<string, SequencedOperation>();
  for (const one of operations) {
    const message = `${one.operation.opId} ${one.operation.sourceHash}`;
    if (!first.has(message)) first.set(message, one);
  }
  const past = new Map<StateKey, KeyPast>();
  for (const { opId, sourceHash } of steps) {
    const placed = first.get(`${opId} ${sourceHash}`);
    if (placed === undefined) continue;
    for (const { key, mode } of placed.operation.keys) {
      const isWriter = mode === 'write' || mode === 'readWrite';
      const isReader = mode === 'read' || mode === 'ensure';
      if (!isWriter && !isReader) continue;
      const before = past.get(key) ?? { reader: -1, writer: -1 };
      const latest = isWriter ? Math.max(before.reader, before.writer) : before.writer;
      if (placed.seq < latest) yield `${opId} at ${placed.seq} took effect on ${key} after the one at ${latest}`;
      if (isWriter) before.writer = Math.max(before.writer, placed.seq);
      else before.reader = Math.max(before.reader, placed.seq);
      past.set(key, before);
    }
  }
}
