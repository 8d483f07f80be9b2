import type { DeclaredKey } from '@medrex/keys';
import { accessOf, bothAccesses, ENSURES, WRITES } from './access.ts';
import { insertEntry, moveEntry, type Placing } from './insertion.ts';
import { KEY_HEAD } from './key-table.ts';
import { KeyQueues } from './key-queues.ts';
import {
  ENTRY_ACCESS,
  ENTRY_SIBLING,
  NODE_HOME,
  NODE_NEXT,
  NODE_PREVIOUS,
  OPERATION_ENTRY,
  OPERATION_FLIGHT,
  type QueueWatcher,
} from './queue-records.ts';
import { ReleaseWalk, type ReleaseSink } from './release-walk.ts';

/** A handle of a live operation, reused after its removal. Never 0. */
export type LiveOperation = number;

/**
 * The queues of all live operations. Operations are placed by seq, taken by flights, widened by keys discovered later,
 * and removed. Two invariants hold for every key and make a deadlock impossible: everything before a taken entry that
 * conflicts with it is taken by the same flight, and entries that are not taken are in seq order.
 */
export class LiveQueues {
  readonly #queues: KeyQueues;
  /** Keys that may have an entry after a taken one of a higher seq; checked again when a flight is given up. */
  readonly #disordered = new Set<number>();
  #highestSeq = -1;

  /** @param watcher called when readiness changes after an admission, possibly also for the operation being admitted */
  constructor(watcher: QueueWatcher) {
    this.#queues = new KeyQueues(watcher);
  }

  get live(): number {
    return this.#queues.operations.used;
  }

  /** Keys with a queue. */
  get keys(): number {
    return this.#queues.keys.live;
  }

  /** True when no record is left; tests check for leaks with it. */
  get isEmpty(): boolean {
    return this.#queues.isEmpty && this.#disordered.size === 0;
  }

  seqOf(operation: LiveOperation): number {
    return this.#queues.seqOf(operation);
  }

  /** No live operation precedes it on any of its keys. */
  isReady(operation: LiveOperation): boolean {
    return this.#queues.isReady(operation);
  }

  /**
   * Places an operation by seq on each of its keys. O(keys) if its seq is the highest since the queues were last empty,
   * else also O(entries after its place).
   */
  admit(seq: number, declared: readonly DeclaredKey[]): LiveOperation {
    if (seq > this.#highestSeq || this.live === 0) {
      this.#highestSeq = seq;
      return this.#queues.admit(seq, declared);
    }
    const operation = this.#queues.openOperation(seq);
    for (const key of declared) this.widen(operation, key, 'waiting');
    return operation;
  }

  /**
   * Removes a terminal operation. Operations that waited only for it become ready. If an ensure was not applied, the
   * next one becomes the writer.
   */
  remove(operation: LiveOperation, isApplied: boolean): void {
    this.#queues.remove(operation, isApplied);
    if (this.live === 0) this.#disordered.clear();
  }

  /** Marks it as taken by a flight, a number above 0. */
  take(operation: LiveOperation, flight: number): void {
    this.#queues.operations.set(operation, OPERATION_FLIGHT, flight);
  }

  /** The flight that took it, 0 for none. */
  flightOf(operation: LiveOperation): number {
    return this.#queues.operations.get(operation, OPERATION_FLIGHT);
  }

  /** Returns all operations of a flight to their places by seq, after what other flights have taken. */
  giveBack(operations: readonly LiveOperation[]): void {
    for (const operation of operations) this.take(operation, 0);
    if (this.#disordered.size === 0) return;
    const lastFirst = [...operations].sort((a, b) => this.seqOf(b) - this.seqOf(a));
    for (const operation of lastFirst) this.#putInOrder(operation);
  }

  /**
   * True when the operation is queued for this key with at least this access, or the access never queues. An ensure
   * that relies on an existing key is a reader, which does not cover creating the key.
   */
  covers(operation: LiveOperation, { key, mode }: DeclaredKey): boolean {
    const access = accessOf(mode);
    const known = this.#queues.keys.find(key);
    const entry = known === 0 ? 0 : this.#entryOn(operation, known);
    return access === 0 || (entry !== 0 && this.#isWithin(access, entry));
  }

  /**
   * Whether a taken operation may touch this key: no other flight holds it in conflict, no conflicting operation of a
   * lower seq is waiting, and no ensure relies on a key that it would write. Costs the entries of its own flight, and
   * for a write the readers at the head.
   */
  mayTouch(operation: LiveOperation, declared: DeclaredKey): boolean {
    const key = this.#queues.keys.find(declared.key);
    if (key === 0 || this.covers(operation, declared)) return true;
    const access = bothAccesses(this.#accessOn(operation, key), accessOf(declared.mode));
    const writes = (access & (WRITES | ENSURES)) !== 0;
    for (
      let step = this.#queues.keys.records.get(key, KEY_HEAD);
      step !== 0;
      step = this.#queues.nodes.get(step, NODE_NEXT)
    ) {
      if (!writes && !this.#queues.isWriter(step)) continue;
      for (let entry = this.#queues.firstMember(step); entry !== 0; entry = this.#queues.nextMember(entry)) {
        if (this.#conflictsWith(entry, operation, access)) return false;
      }
      // Entries that are not taken are in seq order, so the search can stop at a writer with a higher seq.
      if (this.#queues.isWriter(step) && this.flightOf(this.#queues.operationOf(step)) === 0) return true;
    }
    return true;
  }

  /**
   * Adds a key, or an access to one of its keys, to a live operation. Returns true if that is new. `taken` requires
   * `mayTouch`.
   */
  widen(operation: LiveOperation, { key: name, mode }: DeclaredKey, placing: Placing): boolean {
    const access = accessOf(mode);
    if (access === 0) return false;
    const key = this.#queues.keys.intern(name);
    if (placing === 'waiting') this.#disordered.add(key);
    const entry = this.#entryOn(operation, key);
    if (entry !== 0) {
      if (this.#isWithin(access, entry)) return false;
      moveEntry(this.#queues, entry, bothAccesses(this.#queues.nodes.get(entry, ENTRY_ACCESS), access), placing);
      return true;
    }
    insertEntry(this.#queues, key, this.#queues.openEntry(operation, access), placing);
    return true;
  }

  /** Calls `visit` for each direct predecessor of this operation, once per shared key. */
  visitPredecessors(operation: LiveOperation, visit: (operation: LiveOperation) => void): void {
    this.#visitSteps(operation, NODE_PREVIOUS, visit);
  }

  /** The same for those directly behind it. */
  visitSuccessors(operation: LiveOperation, visit: (operation: LiveOperation) => void): void {
    this.#visitSteps(operation, NODE_NEXT, visit);
  }

  /** A walk over the operations that would become ready if others were done; see `ReleaseWalk`. */
  releaseWalk(sink: ReleaseSink): ReleaseWalk {
    return new ReleaseWalk(this.#queues, sink);
  }

  /** Steps of the longest queue: the rounds that the busiest key still needs. Costs O(live steps). */
  longestQueue(): number {
    return this.#queues.longestQueue();
  }

  #visitSteps(operation: LiveOperation, direction: number, visit: (operation: LiveOperation) => void): void {
    const { nodes } = this.#queues;
    let entry = this.#queues.operations.get(operation, OPERATION_ENTRY);
    for (; entry !== 0; entry = nodes.get(entry, ENTRY_SIBLING)) {
      const step = nodes.get(this.#queues.stepOf(entry), direction);
      let member = step === 0 ? 0 : this.#queues.firstMember(step);
      for (; member !== 0; member = this.#queues.nextMember(member)) visit(this.#queues.operationOf(member));
    }
  }

  #entryOn(operation: LiveOperation, key: number): number {
    const { nodes } = this.#queues;
    let entry = this.#queues.operations.get(operation, OPERATION_ENTRY);
    while (entry !== 0 && nodes.get(this.#queues.stepOf(entry), NODE_HOME) !== key)
      entry = nodes.get(entry, ENTRY_SIBLING);
    return entry;
  }

  #accessOn(operation: LiveOperation, key: number): number {
    const entry = key === 0 ? 0 : this.#entryOn(operation, key);
    return entry === 0 ? 0 : this.#queues.nodes.get(entry, ENTRY_ACCESS);
  }

  #isWithin(access: number, entry: number): boolean {
    const held = this.#queues.nodes.get(entry, ENTRY_ACCESS);
    if (bothAccesses(held, access) !== held) return false;
    return access !== ENSURES || this.#queues.isWriter(entry);
  }

  #conflictsWith(entry: number, operation: LiveOperation, access: number): boolean {
    const other = this.#queues.operationOf(entry);
    const flight = this.flightOf(other);
    const distance = this.seqOf(other) - this.seqOf(operation);
    // After a write the ensure would be a writer again, between readers of which some are taken and some are not.
    if ((access & WRITES) !== 0 && distance > 0 && this.#isGuarded(entry)) return true;
    return flight !== this.flightOf(operation) && (flight !== 0 || distance < 0);
  }

  /** An ensure that relies on an existing key. */
  #isGuarded(entry: number): boolean {
    return !this.#queues.isWriter(entry) && (this.#queues.nodes.get(entry, ENTRY_ACCESS) & ENSURES) !== 0;
  }

  #putInOrder(operation: LiveOperation): void {
    const { nodes } = this.#queues;
    let entry = this.#queues.operations.get(operation, OPERATION_ENTRY);
    for (; entry !== 0; entry = nodes.get(entry, ENTRY_SIBLING)) {
      const step = this.#queues.stepOf(entry);
      if (!this.#disordered.has(nodes.get(step, NODE_HOME)) || !this.#isOvertaken(entry, nodes.get(step, NODE_NEXT)))
        continue;
      moveEntry(this.#queues, entry, nodes.get(entry, ENTRY_ACCESS), 'waiting');
    }
  }

  /** Whether the step behind holds an operation of a lower seq. */
  #isOvertaken(entry: number, behind: number): boolean {
    const seq = this.seqOf(this.#queues.operationOf(entry));
    let member = behind === 0 ? 0 : this.#queues.firstMember(behind);
    for (; member !== 0; member = this.#queues.nextMember(member)) {
      if (this.seqOf(this.#queues.operationOf(member)) < seq) return true;
    }
    return false;
  }
}
