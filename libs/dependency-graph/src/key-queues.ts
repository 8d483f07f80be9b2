import type { DeclaredKey } from '@medrex/keys';
import { accessOf, bothAccesses, ENSURES, WRITES } from './access.ts';
import { isEnsured, promoteNextEnsure } from './ensures.ts';
import { KEY_HEAD, KEY_TAIL } from './key-table.ts';
import { closeStep } from './close-step.ts';
import {
  ENTRY_ACCESS,
  ENTRY_OPERATION,
  ENTRY_SIBLING,
  GROUP_LAST,
  GROUP_MEMBERS,
  NODE_HOME,
  NODE_NEXT,
  OPERATION_ENTRY,
  OPERATION_WAITING,
  QueueRecords,
} from './queue-records.ts';

/**
 * One FIFO queue per key, of reader groups and writers. The head step of each key may run; an operation is ready when
 * it is in the head step of all its keys. Admitting and removing cost O(keys), however long the queues are, and no list
 * of edges is kept. The idea is from the simple dependency manager of Hyperledger Fabric-X's committer. Ensures,
 * insertion in the middle (`insertion.ts`) and removal in any order are added here.
 */
export class KeyQueues extends QueueRecords {
  /**
   * Adds an operation at the end of the queue of each of its keys. The watcher is not notified; `isReady` tells whether
   * the operation waits.
   */
  admit(seq: number, declared: readonly DeclaredKey[]): number {
    const operation = this.openOperation(seq);
    // From the last key to the first, since entries are added at the front of the operation's list.
    for (let place = declared.length - 1; place >= 0; place -= 1) {
      const { key, mode } = declared[place] as DeclaredKey;
      const access = accessOf(mode);
      if (access !== 0) this.#join(operation, this.keys.intern(key), access);
    }
    return operation;
  }

  /**
   * Removes an operation. Operations that waited only for it become ready, in the order of its keys, readers of a group
   * in their order. If an ensure was not applied, the next ensure after it becomes the writer.
   */
  remove(operation: number, isApplied: boolean): void {
    let entry = this.operations.get(operation, OPERATION_ENTRY);
    while (entry !== 0) {
      const sibling = this.nodes.get(entry, ENTRY_SIBLING);
      this.#leave(entry, isApplied);
      this.nodes.give(entry);
      entry = sibling;
    }
    this.operations.give(operation);
  }

  /** Steps of the longest queue. Costs O(steps). */
  longestQueue(): number {
    let longest = 0;
    for (const [, key] of this.keys.liveKeys()) {
      let steps = 0;
      for (let step = this.keys.records.get(key, KEY_HEAD); step !== 0; step = this.nodes.get(step, NODE_NEXT))
        steps += 1;
      longest = Math.max(longest, steps);
    }
    return longest;
  }

  #join(operation: number, key: number, access: number): void {
    const tail = this.keys.records.get(key, KEY_TAIL);
    if (tail !== 0) {
      const last = this.isWriter(tail) ? tail : this.nodes.get(tail, GROUP_LAST);
      if (this.nodes.get(last, ENTRY_OPERATION) === operation) {
        this.#declareAgain(key, last, access);
        return;
      }
    }
    this.#append(key, tail, this.openEntry(operation, access));
  }

  #append(key: number, tail: number, entry: number): void {
    const access = this.nodes.get(entry, ENTRY_ACCESS);
    if ((access & WRITES) !== 0 || ((access & ENSURES) !== 0 && !isEnsured(this, tail))) {
      this.placeWriter(key, tail, entry);
    } else {
      this.appendReader(tail === 0 || this.isWriter(tail) ? this.openGroup(key, tail) : tail, entry);
    }
    if (!this.isHead(this.stepOf(entry))) this.#wait(entry, 1);
  }

  /** For a key declared twice the entry, which is still the last of its key, gets both accesses. */
  #declareAgain(key: number, entry: number, access: number): void {
    const step = this.stepOf(entry);
    if (!this.isHead(step)) this.#wait(entry, -1);
    this.unplace(entry);
    if (step !== entry && this.nodes.get(step, GROUP_MEMBERS) === 0) this.dropGroup(step);
    this.nodes.set(entry, ENTRY_ACCESS, bothAccesses(this.nodes.get(entry, ENTRY_ACCESS), access));
    this.#append(key, this.keys.records.get(key, KEY_TAIL), entry);
  }

  #wait(entry: number, change: number): void {
    const operation = this.nodes.get(entry, ENTRY_OPERATION);
    this.operations.set(operation, OPERATION_WAITING, this.operations.get(operation, OPERATION_WAITING) + change);
  }

  #leave(entry: number, isApplied: boolean): void {
    const step = this.stepOf(entry);
    const key = this.nodes.get(step, NODE_HOME);
    if (!isApplied && step === entry && (this.nodes.get(entry, ENTRY_ACCESS) & ENSURES) !== 0)
      promoteNextEnsure(this, step);
    closeStep(this, entry);
    if (this.keys.records.get(key, KEY_HEAD) === 0) this.keys.becameIdle();
  }
}
