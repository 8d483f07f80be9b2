import { GROUP_FIRST, GROUP_LAST, NODE_NEXT, NODE_PREVIOUS, type QueueRecords } from './queue-records.ts';

/** Readers are in seq order within their group. The place is searched from both ends at once. */
export function placeBySeq(queues: QueueRecords, group: number, entry: number): void {
  const seq = queues.seqOf(queues.operationOf(entry));
  const isLower = (member: number): boolean => queues.seqOf(queues.operationOf(member)) < seq;
  let before = 0;
  let ahead = queues.nodes.get(group, GROUP_FIRST);
  let behind = queues.nodes.get(group, GROUP_LAST);
  while (ahead !== 0 && isLower(ahead)) {
    if (isLower(behind)) {
      before = behind;
      break;
    }
    behind = queues.nodes.get(behind, NODE_PREVIOUS);
    before = ahead;
    ahead = queues.nodes.get(ahead, NODE_NEXT);
  }
  queues.placeReader(group, before, entry);
}
