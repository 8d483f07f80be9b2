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
 * One first-in first-out queue per key, of reader groups and writers: the head step of each key may run, and an
 * operation is ready when it stands in the head step of all its keys. Admitting and removing cost O(keys), however long
 * the queues are; no list of edges is kept. The idea is the simple dependency manager of Hyperledger Fabric-X's
 * committer; added here are ensures, places in the middle (`insertion.ts`) and removal in any order.
 */
export class KeyQueues extends QueueRecords {
  /** Puts an operation behind everything on its keys. The watcher hears of it only later; `isReady` says whether it waits. */
  admit(seq: number, declared: readonly DeclaredKey[]): number {
    const operation = this.openOperation(seq);
    // From the last key to the first, since the list of entries grows at its beginning.
    for (let place = declared.length - 1; place >= 0; place -= 1) {
      const { key, mode } = declared[place] as DeclaredKey;
      const access = accessOf(mode);
      if (access !== 0) this.#join(operation, this.keys.intern(key), access);
    }
    return operation;
  }

  /**
   * Takes an operation out; what waited only for it becomes ready, key by key in the order of its keys, readers of a
   * group in their order. When an ensure was not applied, the next ensure behind it becomes the writer.
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

  /** Steps of the longest queue. Costs all steps there are. */
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

  /** A key that stands twice in one declaration: the entry, still the last of its key, gets both accesses. */
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
