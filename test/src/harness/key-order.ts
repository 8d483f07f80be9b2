import type { SequencedOperation } from '@medrex/contracts';
import type { StateKey } from '@medrex/keys';
import type { OperationStep } from './committed-history.ts';

/** The highest seqs of readers and writers that have taken effect on a key so far. */
interface KeyPast {
  reader: number;
  writer: number;
}

/**
 * Operations that took effect on a declared key before an earlier one of the promised order, where at least one of the two writes.
 * Append and delta keys are exempt, as no other operation has them; an ensure counts as a read. O(declared keys).
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
