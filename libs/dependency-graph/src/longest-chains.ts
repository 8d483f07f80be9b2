import type { KeyQueues } from './key-queues.ts';
import {
  ENTRY_SIBLING,
  GROUP_FIRST,
  GROUP_LAST,
  NODE_NEXT,
  NODE_PREVIOUS,
  nodeShift,
  OPERATION_ENTRY,
  operationShift,
} from './queue-records.ts';
import { SideTable } from './side-table.ts';

/** Columns of an operation: its neighbours in the order of admission, and the two lengths. */
const EARLIER = 0;
const LATER = 1;
const DEPTH = 2;
const CRITICALITY = 3;
/** Columns of a reader group: the largest length among its members, and what the current pass has found of it. */
const LENGTH_DEPTH = 0;
const LENGTH_CRITICALITY = 1;
const PASS = 2;
const FOUND = 3;

/** Operations visited again for each one admitted. With one only, a pass would never catch up with a growing graph. */
const stepsPerAdmission = 2;

/**
 * The longest chain of live operations before each operation (depth) and after it (criticality).
 * Keeping both exact would cost the whole chain at each change of a long one. So each admission visits
 * `stepsPerAdmission` operations again, in rounds: forward through the order of admission, which is a topological
 * order, for the depths, then backward for the criticalities. A round takes as many admissions as operations are live,
 * and both numbers are exact as of at most two rounds ago: a depth is too large at most by what has completed since, a
 * criticality too small by what was admitted since. `settle` makes both exact at once, in O(live).
 */
export class LongestChains {
  readonly #queues: KeyQueues;
  readonly #onRise: (operation: number) => void;
  readonly #operations = new SideTable(4, operationShift);
  readonly #groups = new SideTable(4, nodeShift);
  #first = 0;
  #last = 0;
  #pass = 1;
  #isForward = true;
  #cursor = 0;
  #isInGroup = false;

  /** @param onRise called when the criticality of an operation has reached another power of two. */
  constructor(queues: KeyQueues, onRise: (operation: number) => void) {
    this.#queues = queues;
    this.#onRise = onRise;
  }

  depthOf(operation: number): number {
    return this.#operations.get(operation, DEPTH);
  }

  criticalityOf(operation: number): number {
    return this.#operations.get(operation, CRITICALITY);
  }

  /** Adds an operation that was admitted after all others. */
  admit(operation: number): void {
    this.#operations.cover(operation);
    this.#operations.set(operation, EARLIER, this.#last);
    this.#operations.set(operation, LATER, 0);
    this.#operations.set(operation, CRITICALITY, 0);
    if (this.#last === 0) this.#first = operation;
    else this.#operations.set(this.#last, LATER, operation);
    this.#last = operation;
    const depth = this.#lengthBeyond(operation, NODE_PREVIOUS, DEPTH, LENGTH_DEPTH);
    this.#operations.set(operation, DEPTH, depth);
    if (this.#isInGroup) this.#joinGroups(operation, depth);
    for (let step = 0; step < stepsPerAdmission; step += 1) this.#stepNext();
  }

  /** Called before an operation leaves the queues. */
  remove(operation: number): void {
    const earlier = this.#operations.get(operation, EARLIER);
    const later = this.#operations.get(operation, LATER);
    if (earlier === 0) this.#first = later;
    else this.#operations.set(earlier, LATER, later);
    if (later === 0) this.#last = earlier;
    else this.#operations.set(later, EARLIER, earlier);
    if (this.#cursor === operation) this.#cursor = this.#isForward ? later : earlier;
  }

  /** Called when the steps around an operation have changed: a group before it may be new. */
  reordered(operation: number): void {
    const { nodes, operations } = this.#queues;
    for (let entry = operations.get(operation, OPERATION_ENTRY); entry !== 0; entry = nodes.get(entry, ENTRY_SIBLING)) {
      const before = nodes.get(this.#queues.stepOf(entry), NODE_PREVIOUS);
      if (before !== 0 && !this.#queues.isWriter(before)) this.#measureGroup(before);
    }
  }

  /** Makes every depth and criticality exact. Returns the largest depth, -1 when nothing is live. */
  settle(): number {
    this.#restart(true);
    let deepest = -1;
    for (let operation = this.#first; operation !== 0; operation = this.#operations.get(operation, LATER)) {
      this.#stepForward(operation);
      deepest = Math.max(deepest, this.#operations.get(operation, DEPTH));
    }
    this.#restart(false);
    for (let operation = this.#last; operation !== 0; operation = this.#operations.get(operation, EARLIER)) {
      this.#stepBackward(operation);
    }
    this.#restart(true);
    return deepest;
  }

  #stepNext(): void {
    if (this.#cursor === 0) this.#restart(!this.#isForward);
    const operation = this.#cursor;
    if (operation === 0) return;
    if (this.#isForward) this.#stepForward(operation);
    else this.#stepBackward(operation);
    this.#cursor = this.#operations.get(operation, this.#isForward ? LATER : EARLIER);
  }

  #restart(isForward: boolean): void {
    this.#pass = (this.#pass + 1) | 0; // wraps around after 2^32 passes, longer than any group exists
    this.#isForward = isForward;
    this.#cursor = isForward ? this.#first : this.#last;
  }

  #stepForward(operation: number): void {
    const depth = this.#lengthBeyond(operation, NODE_PREVIOUS, DEPTH, LENGTH_DEPTH);
    this.#operations.set(operation, DEPTH, depth);
    if (this.#isInGroup) this.#notifyGroups(operation, depth, LENGTH_DEPTH, GROUP_LAST);
  }

  #stepBackward(operation: number): void {
    const criticality = this.#lengthBeyond(operation, NODE_NEXT, CRITICALITY, LENGTH_CRITICALITY);
    const known = this.#operations.get(operation, CRITICALITY);
    this.#operations.set(operation, CRITICALITY, criticality);
    if (Math.clz32(criticality) < Math.clz32(known)) this.#onRise(operation);
    if (this.#isInGroup) this.#notifyGroups(operation, criticality, LENGTH_CRITICALITY, GROUP_FIRST);
  }

  /**
   * One more than the longest length among the steps directly before or after the operation, 0 without any. Also
   * updates its reader group.
   */
  #lengthBeyond(operation: number, direction: number, column: number, groupColumn: number): number {
    const { nodes, operations } = this.#queues;
    let longest = 0;
    this.#isInGroup = false;
    for (let entry = operations.get(operation, OPERATION_ENTRY); entry !== 0; entry = nodes.get(entry, ENTRY_SIBLING)) {
      const own = this.#queues.stepOf(entry);
      if (own !== entry) this.#isInGroup = true;
      const step = nodes.get(own, direction);
      if (step === 0) continue;
      const length = this.#queues.isWriter(step)
        ? this.#operations.get(this.#queues.operationOf(step), column)
        : this.#groups.get(step, groupColumn);
      if (length >= longest) longest = length + 1;
    }
    return longest;
  }

  /** A pass visits each member of a group; at the last one the group's length is complete. */
  #notifyGroups(operation: number, length: number, groupColumn: number, lastField: number): void {
    const { nodes, operations } = this.#queues;
    for (let entry = operations.get(operation, OPERATION_ENTRY); entry !== 0; entry = nodes.get(entry, ENTRY_SIBLING)) {
      const group = this.#queues.stepOf(entry);
      if (group === entry) continue;
      const isFound = this.#groups.get(group, PASS) === this.#pass;
      const found = isFound ? Math.max(this.#groups.get(group, FOUND), length) : length;
      this.#groups.set(group, PASS, this.#pass);
      this.#groups.set(group, FOUND, found);
      if (nodes.get(group, lastField) === entry) this.#groups.set(group, groupColumn, found);
    }
  }

  #joinGroups(operation: number, depth: number): void {
    const { nodes, operations } = this.#queues;
    for (let entry = operations.get(operation, OPERATION_ENTRY); entry !== 0; entry = nodes.get(entry, ENTRY_SIBLING)) {
      const group = this.#queues.stepOf(entry);
      if (group === entry) continue;
      this.#groups.cover(group);
      if (nodes.get(group, GROUP_FIRST) === entry) this.#setGroup(group, depth, 0);
      else if (this.#groups.get(group, LENGTH_DEPTH) < depth) this.#groups.set(group, LENGTH_DEPTH, depth);
    }
  }

  #measureGroup(group: number): void {
    let depth = 0;
    let criticality = 0;
    for (let entry = this.#queues.firstMember(group); entry !== 0; entry = this.#queues.nextMember(entry)) {
      const operation = this.#queues.operationOf(entry);
      depth = Math.max(depth, this.#operations.get(operation, DEPTH));
      criticality = Math.max(criticality, this.#operations.get(operation, CRITICALITY));
    }
    this.#groups.cover(group);
    this.#setGroup(group, depth, criticality);
  }

  #setGroup(group: number, depth: number, criticality: number): void {
    this.#groups.set(group, LENGTH_DEPTH, depth);
    this.#groups.set(group, LENGTH_CRITICALITY, criticality);
    this.#groups.set(group, PASS, 0);
  }
}
