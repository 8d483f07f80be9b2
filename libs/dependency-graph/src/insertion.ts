import { ENSURES, WRITES } from './access.ts';
import { closeStep } from './close-step.ts';
import { placeBySeq } from './place-by-seq.ts';
import { promoteNextEnsure } from './ensures.ts';
import { KEY_HEAD, KEY_TAIL } from './key-table.ts';
import {
  ENTRY_ACCESS,
  GROUP_MEMBERS,
  NODE_HOME,
  NODE_NEXT,
  NODE_PREVIOUS,
  OPERATION_FLIGHT,
  type QueueRecords,
} from './queue-records.ts';

/**
 * How an entry is placed among the others of its key.
 * - `waiting`: by seq, but after everything that a flight has taken
 * - `taken`: by seq alone; only on a key on which no other flight and no earlier operation conflicts with it
 */
export type Placing = 'waiting' | 'taken';

/** Inserts an entry into the key's queue. A late ensure counts as a writer: more expensive than a reader, but never wrong. */
export function insertEntry(queues: QueueRecords, key: number, entry: number, placing: Placing): void {
  const access = queues.nodes.get(entry, ENTRY_ACCESS);
  const before = lastWriterBefore(queues, key, entry, placing);
  if ((access & (WRITES | ENSURES)) === 0) placeBySeq(queues, readersBehind(queues, key, before), entry);
  else insertWriter(queues, key, before, entry, placing);
  if (!queues.isHead(queues.stepOf(entry))) queues.block(entry);
  // A write may be a delete, so later ensures can no longer rely on the key.
  if ((access & WRITES) !== 0) promoteNextEnsure(queues, entry);
  queues.watcher.onReordered(queues.operationOf(entry));
}

/**
 * Removes an entry and inserts it again, possibly with another access: a reader that also writes moves after the
 * readers before it.
 */
export function moveEntry(queues: QueueRecords, entry: number, access: number, placing: Placing): void {
  const step = queues.stepOf(entry);
  const key = queues.nodes.get(step, NODE_HOME);
  const wasHead = queues.isHead(step);
  closeStep(queues, entry);
  if (!wasHead) queues.release(entry);
  queues.nodes.set(entry, ENTRY_ACCESS, access);
  insertEntry(queues, key, entry, placing);
}

/** Whether an existing entry stays before the one that is being placed. */
function staysBefore(queues: QueueRecords, other: number, entry: number, placing: Placing): boolean {
  const operation = queues.operationOf(other);
  if (queues.seqOf(operation) < queues.seqOf(queues.operationOf(entry))) return true;
  return placing === 'waiting' && queues.operations.get(operation, OPERATION_FLIGHT) !== 0;
}

/**
 * The last writer of the key that stays before the entry, 0 for none. Those that stay before it are a prefix of the
 * queue. The search goes from both ends at once: widened operations mostly belong near the head, late ones near the
 * tail.
 */
function lastWriterBefore(queues: QueueRecords, key: number, entry: number, placing: Placing): number {
  let found = 0;
  let ahead = queues.keys.records.get(key, KEY_HEAD);
  let behind = queues.keys.records.get(key, KEY_TAIL);
  while (ahead !== 0 && behind !== 0) {
    if (queues.isWriter(behind) && staysBefore(queues, behind, entry, placing)) return behind;
    behind = queues.nodes.get(behind, NODE_PREVIOUS);
    if (queues.isWriter(ahead)) {
      if (!staysBefore(queues, ahead, entry, placing)) return found;
      found = ahead;
    }
    ahead = queues.nodes.get(ahead, NODE_NEXT);
  }
  return found;
}

function stepBehind(queues: QueueRecords, key: number, step: number): number {
  return step === 0 ? queues.keys.records.get(key, KEY_HEAD) : queues.nodes.get(step, NODE_NEXT);
}

function readersBehind(queues: QueueRecords, key: number, before: number): number {
  const next = stepBehind(queues, key, before);
  if (next !== 0 && !queues.isWriter(next)) return next;
  if (before === 0) blockMembers(queues, next);
  return queues.openGroup(key, before);
}

/** A writer can only be inserted between the readers after the last writer before it. */
function insertWriter(queues: QueueRecords, key: number, before: number, entry: number, placing: Placing): void {
  const next = stepBehind(queues, key, before);
  const later = next === 0 || queues.isWriter(next) ? [] : membersBehind(queues, next, entry, placing);
  const isBetween = next !== 0 && !queues.isWriter(next) && later.length < queues.nodes.get(next, GROUP_MEMBERS);
  if (isBetween) {
    splitOff(queues, key, next, later);
    queues.placeWriter(key, next, entry);
  } else {
    if (before === 0) blockMembers(queues, next);
    queues.placeWriter(key, before, entry);
  }
}

function membersBehind(queues: QueueRecords, group: number, entry: number, placing: Placing): readonly number[] {
  const later: number[] = [];
  for (let member = queues.firstMember(group); member !== 0; member = queues.nextMember(member)) {
    if (!staysBefore(queues, member, entry, placing)) later.push(member);
  }
  return later;
}

/** Moves the later readers of a group into a new group after it, where they wait. */
function splitOff(queues: QueueRecords, key: number, group: number, later: readonly number[]): void {
  if (later.length === 0) return;
  const wasHead = queues.isHead(group);
  const behind = queues.openGroup(key, group);
  for (const entry of later) {
    queues.unplace(entry);
    queues.appendReader(behind, entry);
    if (wasHead) queues.block(entry);
  }
}

/** The step that was at the head of its key no longer is. */
function blockMembers(queues: QueueRecords, step: number): void {
  if (step === 0) return;
  for (let entry = queues.firstMember(step); entry !== 0; entry = queues.nextMember(entry)) queues.block(entry);
}
