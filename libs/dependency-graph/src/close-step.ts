import { placeBySeq } from './place-by-seq.ts';
import {
  GROUP_ENSURES,
  GROUP_FIRST,
  GROUP_LAST,
  GROUP_MEMBERS,
  NODE_HOME,
  NODE_NEXT,
  NODE_PREVIOUS,
  type QueueRecords,
} from './queue-records.ts';

/** Removes an entry from its queue. If its step ends with it, later steps move up. The entry itself is kept. */
export function closeStep(queues: QueueRecords, entry: number): void {
  const { nodes } = queues;
  const step = queues.stepOf(entry);
  const next = nodes.get(step, NODE_NEXT);
  const previous = nodes.get(step, NODE_PREVIOUS);
  queues.unplace(entry);
  if (step !== entry) {
    if (nodes.get(step, GROUP_MEMBERS) !== 0) return;
    queues.dropGroup(step);
  }
  if (next === 0) return;
  if (previous === 0) queues.releaseMembers(next);
  else if (!queues.isWriter(previous) && !queues.isWriter(next)) mergeGroups(queues, previous, next);
}

/**
 * The writer between two groups was removed: merges the groups. If the first one is at the head of its key, the readers
 * of the second are released.
 */
function mergeGroups(queues: QueueRecords, front: number, back: number): void {
  const { nodes } = queues;
  if (queues.isHead(front)) queues.releaseMembers(back);
  const lastOfFront = nodes.get(front, GROUP_LAST);
  const firstOfBack = nodes.get(back, GROUP_FIRST);
  if (queues.seqOf(queues.operationOf(lastOfFront)) < queues.seqOf(queues.operationOf(firstOfBack)))
    splice(queues, front, back);
  else interleave(queues, front, back);
}

/** If both are in order already, only the members of the smaller group are relabelled. */
function splice(queues: QueueRecords, front: number, back: number): void {
  const { nodes } = queues;
  const isFrontKept = nodes.get(front, GROUP_MEMBERS) >= nodes.get(back, GROUP_MEMBERS);
  const kept = isFrontKept ? front : back;
  const dropped = isFrontKept ? back : front;
  for (let entry = nodes.get(dropped, GROUP_FIRST); entry !== 0; entry = nodes.get(entry, NODE_NEXT)) {
    nodes.set(entry, NODE_HOME, kept);
  }
  const lastOfFront = nodes.get(front, GROUP_LAST);
  const firstOfBack = nodes.get(back, GROUP_FIRST);
  nodes.set(lastOfFront, NODE_NEXT, firstOfBack);
  nodes.set(firstOfBack, NODE_PREVIOUS, lastOfFront);
  nodes.set(kept, GROUP_MEMBERS, nodes.get(front, GROUP_MEMBERS) + nodes.get(back, GROUP_MEMBERS));
  nodes.set(kept, GROUP_ENSURES, nodes.get(front, GROUP_ENSURES) + nodes.get(back, GROUP_ENSURES));
  nodes.set(kept, GROUP_FIRST, nodes.get(front, GROUP_FIRST));
  nodes.set(kept, GROUP_LAST, nodes.get(back, GROUP_LAST));
  queues.dropGroup(dropped);
}

/** A flight's reader was before a writer of a lower seq. This is rare, so members are moved one by one. */
function interleave(queues: QueueRecords, front: number, back: number): void {
  for (let entry = queues.firstMember(back); entry !== 0;) {
    const next = queues.nextMember(entry);
    queues.unplace(entry);
    placeBySeq(queues, front, entry);
    entry = next;
  }
  queues.dropGroup(back);
}
