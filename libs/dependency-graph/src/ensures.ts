import { ENSURES } from './access.ts';
import {
  ENTRY_ACCESS,
  GROUP_ENSURES,
  GROUP_FIRST,
  GROUP_MEMBERS,
  NODE_HOME,
  NODE_NEXT,
  NODE_PREVIOUS,
  type QueueRecords,
} from './queue-records.ts';

/**
 * Whether an ensure that joins after `tail` will find the key: apart from plain reads, the last access before it is an
 * ensure. Then it is a reader. After a write, which may be a delete, it is a writer again.
 */
export function isEnsured(queues: QueueRecords, tail: number): boolean {
  if (tail === 0) return false;
  if (hasEnsure(queues, tail)) return true;
  const before = queues.isWriter(tail) ? 0 : queues.nodes.get(tail, NODE_PREVIOUS);
  return before !== 0 && hasEnsure(queues, before);
}

function hasEnsure(queues: QueueRecords, step: number): boolean {
  if (queues.isWriter(step)) return (queues.nodes.get(step, ENTRY_ACCESS) & ENSURES) !== 0;
  return queues.nodes.get(step, GROUP_ENSURES) !== 0;
}

/**
 * Makes the first ensure among the readers after `step` a writer: earlier readers stay before it, later ones wait for
 * it. Costs the earlier readers, each of which is passed once.
 */
export function promoteNextEnsure(queues: QueueRecords, step: number): void {
  const { nodes } = queues;
  const readers = nodes.get(step, NODE_NEXT);
  if (readers === 0 || queues.isWriter(readers) || !hasEnsure(queues, readers)) return;
  const key = nodes.get(step, NODE_HOME);
  let previous = step;
  let entry = nodes.get(readers, GROUP_FIRST);
  while ((nodes.get(entry, ENTRY_ACCESS) & ENSURES) === 0) {
    if (previous === step) previous = queues.openGroup(key, step);
    const next = nodes.get(entry, NODE_NEXT);
    queues.unplace(entry);
    queues.appendReader(previous, entry);
    entry = next;
  }
  queues.unplace(entry);
  queues.placeWriter(key, previous, entry);
  if (nodes.get(readers, GROUP_MEMBERS) === 0) queues.dropGroup(readers);
  queues.watcher.onReordered(queues.operationOf(entry));
}
